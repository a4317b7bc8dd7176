//! The state of a bucket's versioning: what sets it, what it outlasts, and what each operation does in it.

use std::path::{Path, PathBuf};

use super::{Fixture, caller, get, key, killed, put};
use crate::archive::bucket::Versioning;
use crate::archive::multipart::{CompletedPart, Completion, NewUpload};
use crate::archive::object::Attributes;
use crate::archive::put::WriteConditions;
use crate::archive::{Archive, DeleteConditions, Deleted};
use crate::bucket::BucketDocument;
use crate::mode::Mode;
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

/// A marker hides an object that is final, and lies on an edit element itself; without it the object is
/// back, as it was. Of the two the marker alone can be removed.
#[test]
fn a_marker_hides_what_is_final() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    let stored = put(&archive, bucket, "a", Some("STANDARD_IA"), b"final").unwrap();
    let marker = delete(&archive, bucket, "a", None).unwrap();
    assert!(marker.delete_marker && marker.version_id.is_some());
    assert_eq!(get(&archive, bucket, "a").unwrap_err().kind(), ErrorKind::KeyDeleted);
    let refused = delete(&archive, bucket, "a", stored.version_id).unwrap_err();
    assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Rw)));
    let entry = archive.inner.catalog.newest(bucket, &key("a")).unwrap().unwrap();
    assert_eq!(archive.inner.element(entry.place.element).unwrap().document().mode, Mode::Edit);
    assert_eq!(delete(&archive, bucket, "a", marker.version_id).unwrap(), marker);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"final");
    // What is not there is no error, and nothing else goes.
    assert!(!delete(&archive, bucket, "a", marker.version_id).unwrap().delete_marker);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"final");
}

/// A null version is overwritten only in edit, by an object or a marker.
#[test]
fn a_null_version_that_is_final_stays() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "a", Some("STANDARD_IA"), b"final").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    let newer = put(&archive, bucket, "a", None, b"newer").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Suspended).unwrap();
    let forbidden = |error: crate::Error| assert_eq!(error.kind(), ErrorKind::ModeForbids);
    forbidden(put(&archive, bucket, "a", None, b"newest").map(drop).unwrap_err());
    forbidden(delete(&archive, bucket, "a", None).map(drop).unwrap_err());
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"newer");
    delete(&archive, bucket, "a", newer.version_id).unwrap();
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"final");
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    put(&archive, bucket, "a", None, b"newest").unwrap();
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"newest");
}

/// A marker goes to the element that a new object of the bucket would go to.
#[test]
fn a_marker_lies_where_an_object_would() {
    for name in ["edit-00", "edit-02"] {
        let fixture = Fixture::new();
        let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
        super::element(&archive, name);
        put(&archive, bucket, "a", None, b"one").unwrap();
        let newest = || archive.inner.catalog.newest(bucket, &key("a")).unwrap().unwrap();
        let object = newest().place.element;
        delete(&archive, bucket, "a", None).unwrap();
        assert!(newest().is_marker());
        assert_eq!(newest().place.element, object, "beside {name}");
    }
}

/// A completion whose answer was lost is answered although a newer version, or a marker, lies above what it
/// made; once that is gone, the upload is unknown.
#[test]
fn a_completion_is_answered_while_its_version_is_there() {
    let fixture = Fixture::new();
    let (archive, bucket) = (versioned(&fixture), &fixture.bucket);
    let new = NewUpload {
        bucket: bucket.clone(),
        key: key("a"),
        class: None,
        attributes: Attributes::default(),
        owner: "0199-account".into(),
        checksum: None,
    };
    let upload = archive.create_upload(&caller(), new).unwrap().upload;
    super::put_part(&archive, &upload, 1, b"in parts");
    let part = archive.parts(&upload, None, 1).unwrap().parts.remove(0);
    let completion = Completion {
        upload,
        parts: vec![CompletedPart { number: 1, etag: part.etag, checksum: None }],
        conditions: WriteConditions::default(),
        checksum: None,
        size: None,
    };
    let complete = || archive.complete_upload(&caller(), completion.clone());
    let first = complete().unwrap().version_id;
    put(&archive, bucket, "a", None, b"newer").unwrap();
    assert_eq!(complete().unwrap().version_id, first);
    delete(&archive, bucket, "a", None).unwrap();
    assert_eq!(complete().unwrap().version_id, first);
    delete(&archive, bucket, "a", first).unwrap();
    assert_eq!(complete().unwrap_err().kind(), ErrorKind::NoSuchUpload);
}
