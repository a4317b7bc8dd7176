//! Elements that go on to a stricter mode.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Fixture, caller, get, key, killed, put};
use crate::archive::annotate::Annotation;
use crate::archive::status::NewElement;
use crate::archive::{Archive, DeleteConditions};
use crate::mode::{Mode, StorageClass};
use crate::name::{BucketName, ElementName};
use crate::{ErrorKind, Result};

fn name(text: &str) -> ElementName {
    ElementName::parse(text).unwrap()
}

fn with_final() -> (Fixture, Archive, BucketName) {
    let fixture = Fixture::new();
    let archive = fixture.open();
    let bucket = fixture.bucket.clone();
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    put(&archive, &bucket, "final", Some("STANDARD_IA"), b"final").unwrap();
    (fixture, archive, bucket)
}

fn annotate(archive: &Archive, bucket: &BucketName, name: &str) -> Result<()> {
    let seen = archive.object(bucket, &key(name), None)?;
    let mut attributes = seen.attributes.clone();
    attributes.tags.insert("client".to_owned(), "acme".to_owned());
    let annotation = Annotation { version: None, revision: seen.revision, attributes, renews_time: false };
    archive.annotate(&caller(), bucket, &key(name), annotation).map(drop)
}

/// In ro nothing comes, goes or changes, whoever asks; what is there reads, and reports the class of ro, also
/// after a kill.
#[test]
fn ro_is_only_read() {
    let (fixture, archive, bucket) = with_final();
    get(&archive, &bucket, "final").unwrap();
    annotate(&archive, &bucket, "final").unwrap();
    let status = archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    assert_eq!(status.mode, Some(Mode::Ro));
    let after = killed(&fixture);
    for archive in [&archive, &after.open()] {
        assert_eq!(get(archive, &bucket, "final").unwrap(), b"final");
        let object = archive.object(&bucket, &key("final"), None).unwrap();
        assert_eq!((object.mode, object.class), (Mode::Ro, StorageClass::GlacierIr));
        let refused = put(archive, &bucket, "new", Some("STANDARD_IA"), b"new").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidStorageClass);
        let refusals = [
            put(archive, &bucket, "final", None, b"other").map(drop),
            annotate(archive, &bucket, "final"),
            archive.delete(&caller(), &bucket, &key("final"), None, &DeleteConditions::default()).map(drop),
        ];
        for refusal in refusals {
            let refusal = refusal.unwrap_err();
            assert_eq!((refusal.kind(), refusal.mode()), (ErrorKind::ModeForbids, Some(Mode::Ro)));
        }
    }
}

/// Modes become stricter by one step, and the one that is there may be asked for again.
#[test]
fn no_other_way_is_open() {
    let (_fixture, archive, _) = with_final();
    let refused = |element: &str, to| archive.set_mode(&caller(), &name(element), to).unwrap_err().kind();
    for to in [Mode::Rw, Mode::Ro, Mode::Ar] {
        assert_eq!(refused("edit-01", to), ErrorKind::ModeForbids, "edit to {to}");
        assert_eq!(archive.plan_mode(&name("edit-01"), to).unwrap_err().kind(), ErrorKind::ModeForbids);
    }
    archive.set_mode(&caller(), &name("edit-01"), Mode::Edit).unwrap();
    archive.set_mode(&caller(), &name("rw-01"), Mode::Rw).unwrap();
    assert_eq!(refused("rw-01", Mode::Edit), ErrorKind::ModeForbids);
    assert_eq!(refused("rw-01", Mode::Ar), ErrorKind::ModeForbids);
    assert_eq!(refused("nobody", Mode::Ro), ErrorKind::NoSuchElement);
    archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    assert_eq!(refused("rw-01", Mode::Rw), ErrorKind::ModeForbids);
    assert_eq!(refused("rw-01", Mode::Ar), ErrorKind::InvalidArgument, "it has no archive target");
}

/// A plan tells what a transition changes, and changes nothing.
#[test]
fn a_plan_tells_and_changes_nothing() {
    let (_fixture, archive, bucket) = with_final();
    put(&archive, &bucket, "working", None, b"working").unwrap();
    let plan = archive.plan_mode(&name("rw-01"), Mode::Ro).unwrap();
    assert_eq!((plan.objects, plan.bytes, plan.open_uploads), (1, 5, 0));
    assert_eq!((plan.class_from, plan.class_to), (StorageClass::StandardIa, StorageClass::GlacierIr));
    assert_eq!(plan.refused, ["a new object", "changing metadata or tags"]);
    assert_eq!(plan.successor, None);
    put(&archive, &bucket, "one more", Some("STANDARD_IA"), b"more").unwrap();
    let new = NewElement { name: name("rw-02"), mode: Mode::Rw, root: None, max_size_bytes: None };
    archive.create_element(&caller(), new).unwrap();
    let plan = archive.plan_mode(&name("rw-01"), Mode::Ro).unwrap();
    assert_eq!((plan.objects, plan.successor), (2, Some(name("rw-02"))));
}

/// While clients write, change and delete, elements go from rw to ro one after the other. Nothing is stored on an
/// element after it went, nothing that was answered is lost, and nobody waits for ever.
#[test]
fn elements_go_while_clients_work() {
    const ELEMENTS: usize = 12;
    let (fixture, archive, bucket) = with_final();
    let ended = AtomicBool::new(false);
    let stored = std::thread::scope(|scope| {
        let (archive, bucket, ended) = (&archive, &bucket, &ended);
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                scope.spawn(move || {
                    let mut stored = Vec::new();
                    for number in 0.. {
                        if ended.load(Ordering::Relaxed) {
                            break;
                        }
                        let key = format!("{writer}-{number}");
                        let body = vec![writer; if number % 7 == 0 { 70_000 } else { 300 }];
                        match put(archive, bucket, &key, Some("STANDARD_IA"), &body) {
                            Ok(_) => stored.push(key),
                            // Its element went, or the next is not there yet: the client tries again.
                            Err(error) => assert!(
                                matches!(
                                    error.kind(),
                                    ErrorKind::Unavailable | ErrorKind::InvalidStorageClass
                                ),
                                "{error}"
                            ),
                        }
                    }
                    stored
                })
            })
            .collect();
        scope.spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                if let Err(error) = annotate(archive, bucket, "0-0") {
                    let may_be =
                        [ErrorKind::NoSuchKey, ErrorKind::PreconditionFailed, ErrorKind::ModeForbids];
                    assert!(may_be.contains(&error.kind()), "{error}");
                }
                archive
                    .delete(&caller(), bucket, &key("working"), None, &DeleteConditions::default())
                    .unwrap();
                put(archive, bucket, "working", None, b"working").unwrap();
            }
        });
        for number in 1..=ELEMENTS {
            let next = name(&format!("rw-{:02}", number + 1));
            let new = NewElement { name: next, mode: Mode::Rw, root: None, max_size_bytes: None };
            archive.create_element(&caller(), new).unwrap();
            let goes = name(&format!("rw-{number:02}"));
            archive.set_mode(&caller(), &goes, Mode::Ro).unwrap();
            let on_it = archive.plan_mode(&goes, Mode::Ro).unwrap().objects;
            put(archive, bucket, &format!("between-{number}"), Some("STANDARD_IA"), b"between").unwrap();
            assert_eq!(archive.plan_mode(&goes, Mode::Ro).unwrap().objects, on_it, "{goes} is only read");
        }
        ended.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(!stored.is_empty());
    let after = killed(&fixture);
    for archive in [&archive, &after.open()] {
        for key in &stored {
            get(archive, &bucket, key).unwrap();
        }
    }
}
