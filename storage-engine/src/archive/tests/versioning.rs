//! The state of a bucket's versioning: what sets it, what it outlasts, and what each operation does in it.

use std::path::{Path, PathBuf};

use super::{Fixture, caller, key, killed, put};
use crate::archive::bucket::Versioning;
use crate::archive::{Archive, DeleteConditions, Deleted};
use crate::bucket::BucketDocument;
use crate::name::{BucketName, VersionId};
use crate::{ErrorKind, Result};

fn versioned(fixture: &Fixture) -> Archive {
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    archive.set_versioning(&caller(), &fixture.bucket, Versioning::Enabled).unwrap();
    archive
}

fn state(archive: &Archive, bucket: &BucketName) -> Versioning {
    archive.bucket(bucket).unwrap().versioning
}

fn delete(archive: &Archive, bucket: &BucketName, name: &str, version: Option<VersionId>) -> Result<Deleted> {
    archive.delete(&caller(), bucket, &key(name), version, &DeleteConditions::default())
}

/// The document of the bucket as it lies on an element.
fn document(fixture: &Fixture, element: &str) -> BucketDocument {
    let archive = fixture.folder.path().join("data/elements").join(element);
    let disks: &dyn crate::disk::Disks = &crate::disk::RealDisks;
    let disk = disks.open(&archive, false).unwrap();
    BucketDocument::read(&*disk, "buckets/docs.json").unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test takes an element away and brings it back")]
fn carry(from: &Path, to: &Path) {
    std::fs::rename(from, to).unwrap();
}

fn root(fixture: &Fixture, element: &str) -> PathBuf {
    fixture.folder.path().join("data/elements").join(element)
}

/// Versioning is switched on and suspended, never off; every element with something of the bucket says
/// so, and a kill or a clean start takes none of it back.
#[test]
fn the_state_is_kept_by_every_element() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "final", Some("STANDARD_IA"), b"one").unwrap();
    assert_eq!(state(&archive, bucket), Versioning::Never);
    for wanted in [Versioning::Enabled, Versioning::Suspended, Versioning::Enabled] {
        archive.set_versioning(&caller(), bucket, wanted).unwrap();
        assert_eq!(state(&archive, bucket), wanted);
        assert_eq!(document(&fixture, "edit-01").versioning, wanted);
        assert_eq!(document(&fixture, "rw-01").versioning, wanted);
        assert_eq!(state(&killed(&fixture).open(), bucket), wanted);
    }
    let refused = archive.set_versioning(&caller(), bucket, Versioning::Never).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    let other = BucketName::parse("other").unwrap();
    let refused = archive.set_versioning(&caller(), &other, Versioning::Enabled).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoSuchBucket);
    archive.close().unwrap();
    drop(archive);
    assert_eq!(state(&fixture.open(), bucket), Versioning::Enabled);
}

/// The state that a bucket has already is set again without a change of anything.
#[test]
fn the_same_state_writes_nothing() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    let (before, seq) = (document(&fixture, "edit-01"), archive.inner.sequence.last());
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    assert_eq!((document(&fixture, "edit-01"), archive.inner.sequence.last()), (before, seq));
}

/// An element that was away while the state changed comes back with the old one: it loses, and is told.
#[test]
fn a_stale_document_loses_and_is_renewed() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "final", Some("STANDARD_IA"), b"one").unwrap();
    archive.close().unwrap();
    drop(archive);
    let away = fixture.folder.path().join("away");
    carry(&root(&fixture, "rw-01"), &away);
    let archive = fixture.open();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    archive.close().unwrap();
    drop(archive);
    carry(&away, &root(&fixture, "rw-01"));
    assert_eq!(document(&fixture, "rw-01").versioning, Versioning::Never);
    let archive = fixture.open();
    assert_eq!(state(&archive, bucket), Versioning::Enabled);
    assert_eq!(document(&fixture, "rw-01").versioning, Versioning::Enabled, "a copy of rw alone has it too");
}

/// Two elements that were never in use together since: the later change is the bucket's.
#[test]
fn of_two_states_the_later_one_counts() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    let second = super::element(&archive, "edit-00");
    put(&archive, bucket, "a", None, b"the first element by name takes it").unwrap();
    archive.close().unwrap();
    drop(archive);
    let away = fixture.folder.path().join("away");
    carry(&second, &away);
    let archive = fixture.open();
    archive.set_versioning(&caller(), bucket, Versioning::Suspended).unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Suspended).unwrap();
    archive.close().unwrap();
    drop(archive);
    let first = fixture.folder.path().join("first");
    carry(&root(&fixture, "edit-01"), &first);
    carry(&away, &second);
    let archive = fixture.open();
    // This element has the state from before; it is changed once, the other was three times.
    archive.set_versioning(&caller(), bucket, Versioning::Suspended).unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    archive.close().unwrap();
    drop(archive);
    carry(&first, &root(&fixture, "edit-01"));
    assert_eq!(state(&fixture.open(), bucket), Versioning::Enabled);
}

/// A log that is read again brings no older state over a newer one.
#[test]
fn a_replay_ends_with_the_last_state() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    put(&archive, bucket, "final", Some("STANDARD_IA"), b"one").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Suspended).unwrap();
    // What a stop between the commit and the documents leaves: the log alone has the last state.
    let after = killed(&fixture);
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    let last = killed(&fixture);
    for element in ["edit-01", "rw-01"] {
        let old = root(&after, element).join("buckets/docs.json");
        let new = root(&last, element).join("buckets/docs.json");
        #[expect(clippy::disallowed_methods, reason = "the test puts a stale document in place")]
        std::fs::copy(old, new).unwrap();
    }
    let archive = last.open();
    assert_eq!(state(&archive, bucket), Versioning::Enabled);
    for element in ["edit-01", "rw-01"] {
        assert_eq!(document(&last, element).versioning, Versioning::Enabled, "{element}");
    }
    drop(archive);
    assert_eq!(state(&killed(&last).open(), bucket), Versioning::Enabled);
}

/// A bucket is deleted only when its last version and its last marker are gone.
#[test]
fn a_bucket_with_a_version_stays() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    let stored = put(&archive, bucket, "a", None, b"one").unwrap();
    let marker = delete(&archive, bucket, "a", None).unwrap();
    let refused = || archive.delete_bucket(&caller(), bucket).map_err(|error| error.kind());
    assert_eq!(refused(), Err(ErrorKind::BucketNotEmpty));
    delete(&archive, bucket, "a", stored.version_id).unwrap();
    assert_eq!(refused(), Err(ErrorKind::BucketNotEmpty), "a marker is left");
    delete(&archive, bucket, "a", marker.version_id).unwrap();
    assert_eq!(refused(), Ok(()));
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    assert_eq!(state(&archive, bucket), Versioning::Never, "a bucket of the same name is a new one");
    assert_eq!(state(&killed(&fixture).open(), bucket), Versioning::Never);
}
