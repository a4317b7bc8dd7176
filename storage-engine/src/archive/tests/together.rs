//! PUTs that are given to the archive at once.

use std::sync::Barrier;

use super::{Fixture, caller, get, key, killed, names, put, ready_put};
use crate::ErrorKind;
use crate::archive::Archive;
use crate::archive::put::{ReadyPut, WriteConditions};
use crate::archive::put_together::Outcome;
use crate::name::BucketName;

fn ready(archive: &Archive, bucket: &BucketName, name: &str, content: &[u8]) -> ReadyPut {
    ready_put(archive, bucket, name, None, content, WriteConditions::default()).unwrap()
}

/// What became of each, by its place: the kind of its error, or that it is to be put alone.
#[derive(Debug, PartialEq, Eq)]
enum Became {
    Stored,
    Refused(ErrorKind),
    Alone,
}

/// Gives PUTs to the archive; those that are to be put alone are, in the end.
fn put_together(archive: &Archive, puts: Vec<ReadyPut>) -> Vec<Became> {
    let mut became: Vec<Became> = puts.iter().map(|_| Became::Alone).collect();
    let mut alone = Vec::new();
    archive.put_together(puts.into_iter().enumerate().collect(), &mut |at, outcome| match outcome {
        Outcome::Answered(Ok(_)) => became[at] = Became::Stored,
        Outcome::Answered(Err(error)) => became[at] = Became::Refused(error.kind()),
        Outcome::Alone(put) => alone.push(put),
    });
    for put in alone {
        // Its bucket may be gone.
        archive.put_ready(*put).ok();
    }
    became
}

#[test]
fn each_stands_for_itself() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    let (bucket, gone) = (fixture.bucket.clone(), BucketName::parse("gone").unwrap());
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    archive.create_bucket(&caller(), &gone, "owner").unwrap();
    put(&archive, &bucket, "there", None, b"was first").unwrap();
    let if_free = WriteConditions { etag_is_not: Some("*".to_owned()), ..WriteConditions::default() };
    let puts = vec![
        ready(&archive, &bucket, "one", b"one"),
        ready_put(&archive, &bucket, "there", None, b"too late", if_free).unwrap(),
        ready(&archive, &gone, "in a bucket that goes", b"nowhere"),
        ready_put(&archive, &bucket, "final", Some("STANDARD_IA"), b"final", Default::default()).unwrap(),
        ready(&archive, &bucket, "one", b"one again"),
    ];
    archive.delete_bucket(&caller(), &gone).unwrap();
    let became = put_together(&archive, puts);
    assert_eq!(became[1], Became::Refused(ErrorKind::PreconditionFailed));
    assert_eq!((&became[2], &became[4]), (&Became::Alone, &Became::Alone));
    assert_eq!(get(&archive, &bucket, "there").unwrap(), b"was first");
    assert_eq!(get(&archive, &bucket, "one").unwrap(), b"one again");
    assert_eq!(get(&archive, &bucket, "final").unwrap(), b"final");
    assert_eq!(names(&archive, &bucket, "", None), ["final", "one", "there"]);
    assert_eq!(archive.bucket(&gone).unwrap_err().kind(), ErrorKind::NoSuchBucket);
    let after = killed(&fixture);
    let archive = after.open();
    assert_eq!(get(&archive, &bucket, "one").unwrap(), b"one again");
}

/// What a final document refuses, it refuses among others too.
#[test]
fn a_final_document_stays() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    let bucket = fixture.bucket.clone();
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    put(&archive, &bucket, "final", Some("STANDARD_IA"), b"final").unwrap();
    let puts =
        vec![ready(&archive, &bucket, "final", b"another"), ready(&archive, &bucket, "beside", b"beside")];
    assert_eq!(put_together(&archive, puts)[0], Became::Refused(ErrorKind::ModeForbids));
    assert_eq!(get(&archive, &bucket, "final").unwrap(), b"final");
    assert_eq!(get(&archive, &bucket, "beside").unwrap(), b"beside");
}

/// A closing archive takes none of them.
#[test]
fn a_closed_archive_takes_none() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "owner").unwrap();
    let puts = vec![ready(&archive, &fixture.bucket, "late", b"late")];
    archive.close().unwrap();
    assert_eq!(put_together(&archive, puts), [Became::Alone]);
    drop(archive);
    assert!(fixture.open().object(&fixture.bucket, &key("late"), None).is_err());
}

/// Threads that put the same keys at once, some together and some by themselves, beside one that deletes and one
/// that makes and drops buckets: all of them end, and every key holds what one of them wrote.
#[test]
fn many_threads_get_through() {
    const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
    let fixture = Fixture::new();
    let archive = fixture.open();
    let bucket = fixture.bucket.clone();
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0_u8..8 {
            let (archive, bucket, barrier) = (&archive, &bucket, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for round in 0_u8..20 {
                    match thread {
                        0..=4 => {
                            let content = |key: &str| vec![key.as_bytes()[0]; 100 + usize::from(round)];
                            let puts = KEYS.map(|name| ready(archive, bucket, name, &content(name)));
                            put_together(archive, puts.into());
                        }
                        5 => drop(put(archive, bucket, "a", None, &[b'a'; 70_000]).unwrap()),
                        6 => drop(archive.delete(&caller(), bucket, &key("b"), None, &Default::default())),
                        _ => {
                            let name = BucketName::parse("comes-and-goes").unwrap();
                            archive.create_bucket(&caller(), &name, "owner").unwrap();
                            archive.delete_bucket(&caller(), &name).unwrap();
                        }
                    }
                }
            });
        }
    });
    for name in KEYS {
        let Ok(content) = get(&archive, &bucket, name) else { continue };
        assert!(content.len() >= 100 && content.iter().all(|byte| *byte == name.as_bytes()[0]), "{name}");
    }
}
