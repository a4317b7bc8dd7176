//! Annotations: what is said about a version changes, what it is stays.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Fixture, caller, get, key, killed, put};
use crate::archive::annotate::{Annotation, keeps_overflow};
use crate::archive::bucket::Versioning;
use crate::archive::object::Attributes;
use crate::archive::put::Stored;
use crate::archive::{Archive, OpenOptions};
use crate::clock::Clock;
use crate::fsck::{self, FsckOptions};
use crate::mode::{ChangeKind, Mode, Permit};
use crate::name::{BucketName, VersionId};
use crate::sidecar::Overflow;
use crate::{ErrorKind, Result};

/// A clock that a test sets.
#[derive(Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        1_795_174_200_000 + self.0.load(Ordering::Relaxed)
    }
}

fn noted(note: &str) -> Attributes {
    let metadata = BTreeMap::from([("note".to_owned(), note.to_owned())]);
    Attributes { content_type: Some("text/plain".to_owned()), metadata, ..Attributes::default() }
}

fn annotate(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    version: Option<VersionId>,
    attributes: Attributes,
) -> Result<Stored> {
    let revision = archive.object(bucket, &key(name), version)?.revision;
    archive.annotate(
        &caller(),
        bucket,
        &key(name),
        Annotation { version, revision, attributes, renews_time: true },
    )
}

fn note_of(archive: &Archive, bucket: &BucketName, name: &str) -> String {
    archive.object(bucket, &key(name), None).unwrap().attributes.metadata["note"].clone()
}

/// An annotation replaces all attributes and nothing else; the time is renewed in edit and stays in rw.
/// A kill, or the loss of the catalog, takes none of it back.
#[test]
fn an_annotation_changes_what_is_said_alone() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let clock = Arc::new(SetClock::default());
    let options = OpenOptions {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..OpenOptions::new(fixture.folder.path().join("data"))
    };
    let archive = Archive::open(options).unwrap();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let long = "n".repeat(6000);
    for (name, class, mode) in [("work", None, Mode::Edit), ("final", Some("STANDARD_IA"), Mode::Rw)] {
        put(&archive, bucket, name, class, b"bytes").unwrap();
        let before = archive.object(bucket, &key(name), None).unwrap();
        for note in ["one", &long, "two", &long, &long] {
            clock.0.fetch_add(60_000, Ordering::Relaxed);
            let stored = annotate(&archive, bucket, name, None, noted(note)).unwrap();
            let after = archive.object(bucket, &key(name), None).unwrap();
            assert_eq!(after.attributes, noted(note));
            assert_eq!(
                (&after.etag, after.sha256, after.version_id),
                (&before.etag, before.sha256, before.version_id)
            );
            assert_eq!((&after.element, &after.checksums), (&before.element, &before.checksums));
            let expected = if mode == Mode::Edit { clock.now_ms() } else { before.modified_ms };
            assert_eq!((after.mode, after.modified_ms, stored.modified_ms), (mode, expected, expected));
            assert_eq!(get(&archive, bucket, name).unwrap(), b"bytes");
        }
    }
    let after = killed(&fixture);
    archive.close().unwrap();
    let again = killed(&fixture);
    #[expect(clippy::disallowed_methods, reason = "the test loses the catalog")]
    std::fs::remove_dir_all(again.folder.path().join("data/catalog")).unwrap();
    for fixture in [after, again] {
        let archive = fixture.open();
        for name in ["work", "final"] {
            assert_eq!(note_of(&archive, bucket, name), long);
            assert_eq!(get(&archive, bucket, name).unwrap(), b"bytes");
        }
        archive.close().unwrap();
        drop(archive);
        let options = FsckOptions::new(fixture.folder.path().join("data"));
        assert_eq!(fsck::check(options, &mut |_| {}).unwrap().findings, []);
    }
}

/// Who has not seen the newest content or annotation changes nothing: no update is lost.
#[test]
fn a_lost_race_is_an_error() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let refused = |revision| {
        let annotation = Annotation { version: None, revision, attributes: noted("late"), renews_time: true };
        archive.annotate(&caller(), bucket, &key("a"), annotation).unwrap_err().kind()
    };
    assert_eq!(refused(1), ErrorKind::NoSuchKey);
    put(&archive, bucket, "a", None, b"one").unwrap();
    let seen = archive.object(bucket, &key("a"), None).unwrap().revision;
    annotate(&archive, bucket, "a", None, noted("first")).unwrap();
    assert_eq!(refused(seen), ErrorKind::PreconditionFailed);
    let seen = archive.object(bucket, &key("a"), None).unwrap().revision;
    put(&archive, bucket, "a", None, b"two").unwrap();
    assert_eq!(refused(seen), ErrorKind::PreconditionFailed);
    assert_eq!(archive.object(bucket, &key("a"), None).unwrap().attributes, Attributes::default());
}

/// A version that is not the newest is annotated in its place, a delete marker not at all.
#[test]
fn an_older_version_is_annotated_in_its_place() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    let old = put(&archive, bucket, "a", None, b"old").unwrap().version_id;
    put(&archive, bucket, "a", None, b"new").unwrap();
    assert_eq!(annotate(&archive, bucket, "a", old, noted("old")).unwrap().version_id, old);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"new");
    assert_eq!(archive.object(bucket, &key("a"), old).unwrap().attributes, noted("old"));
    assert_eq!(archive.object(bucket, &key("a"), None).unwrap().attributes, Attributes::default());
    let marker = archive.delete(&caller(), bucket, &key("a"), None, &Default::default()).unwrap();
    let annotation =
        Annotation { version: marker.version_id, revision: 0, attributes: noted("x"), renews_time: true };
    let refused = archive.annotate(&caller(), bucket, &key("a"), annotation).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DeleteMarker);
}

/// Readers beside a stream of annotations, each with another overflow sidecar, see every time one of
/// them whole and never a missing file.
#[test]
fn readers_see_old_or_new() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "a", None, b"bytes").unwrap();
    let note = |round: u8| char::from(b'a' + round % 20).to_string().repeat(5000);
    annotate(&archive, bucket, "a", None, noted(&note(0))).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let note = note_of(&archive, bucket, "a");
                    assert!(note.len() == 5000 && note.bytes().all(|byte| Some(byte) == note.bytes().next()));
                }
            });
        }
        for round in 1..60 {
            annotate(&archive, bucket, "a", None, noted(&note(round))).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// An overflow sidecar stays only where name and bytes are the same: another text under its name would
/// be read in the name of the old sidecar.
#[test]
fn an_overflow_name_is_not_taken_over() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "a", None, b"bytes").unwrap();
    annotate(&archive, bucket, "a", None, noted(&"n".repeat(5000))).unwrap();
    let entry = archive.inner.catalog.newest(bucket, &key("a")).unwrap().unwrap();
    let element = archive.inner.element(entry.place.element).unwrap();
    let name = entry.place.overflow.clone().unwrap();
    let path = format!("{}/{name}", entry.place.path.hour());
    let bytes = element.disk.read_whole(&path, 1 << 20).unwrap();
    let keeps = |name: &str, bytes: &[u8]| {
        let overflow = Overflow { name: name.to_owned(), bytes: bytes.to_vec() };
        keeps_overflow(&element, &entry, Some(&overflow))
    };
    assert!(keeps(&name, &bytes).unwrap());
    assert!(!keeps("another", b"text").unwrap());
    assert!(!keeps_overflow(&element, &entry, None).unwrap());
    assert_eq!(keeps(&name, b"another text").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// Annotations are for edit and rw; what is only read keeps them.
#[test]
fn modes_decide() {
    for (mode, is_granted) in [(Mode::Edit, true), (Mode::Rw, true), (Mode::Ro, false), (Mode::Ar, false)] {
        assert_eq!(Permit::grant(mode, ChangeKind::Annotate).is_ok(), is_granted, "{mode}");
    }
}
