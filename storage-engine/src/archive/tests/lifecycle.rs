//! The lifecycle of a bucket: what sets it, what it outlasts; and deletes of what was judged before.

use super::{Fixture, caller, get, key, killed, put};
use crate::archive::bucket::Versioning;
use crate::archive::list::{ListedVersion, VersionListEntry, VersionListRequest};
use crate::archive::transfer::{Destination, Transfer};
use crate::archive::{Archive, DeleteConditions, Deleted, Seen};
use crate::bucket::BucketDocument;
use crate::lifecycle::{DefaultMinimumSize, Expiration, Filter, Lifecycle, Rule, Scope};
use crate::mode::Mode;
use crate::name::{BucketName, VersionId};
use crate::{ErrorKind, Result};

fn expiring(id: &str, days: u32) -> Lifecycle {
    let rule = Rule {
        id: id.to_owned(),
        is_enabled: true,
        scope: Scope::Filter(Filter::default()),
        expiration: Some(Expiration::Days(days)),
        noncurrent_expiration: None,
        abort_upload_days: None,
        transitions: Vec::new(),
        noncurrent_transitions: Vec::new(),
    };
    Lifecycle { default_minimum_size: DefaultMinimumSize::default(), rules: vec![rule] }
}

fn document(fixture: &Fixture, element: &str) -> BucketDocument {
    let root = fixture.folder.path().join("data/elements").join(element);
    let disks: &dyn crate::disk::Disks = &crate::disk::RealDisks;
    BucketDocument::read(&*disks.open(&root, false).unwrap(), "buckets/docs.json").unwrap()
}

fn lifecycle(archive: &Archive, bucket: &BucketName) -> Option<Lifecycle> {
    archive.bucket(bucket).unwrap().lifecycle.as_deref().cloned()
}

/// Every element with something of the bucket has the rules, over a kill and a clean start; taken away they are gone
/// everywhere.
#[test]
fn rules_are_kept_by_every_element() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "final", Some("STANDARD_IA"), b"one").unwrap();
    assert_eq!(lifecycle(&archive, bucket), None);
    for wanted in [Some(expiring("a", 3)), Some(expiring("b", 4)), None, Some(expiring("c", 5))] {
        archive.set_lifecycle(&caller(), bucket, wanted.clone()).unwrap();
        assert_eq!(lifecycle(&archive, bucket), wanted);
        for element in ["edit-01", "rw-01"] {
            assert_eq!(document(&fixture, element).lifecycle.as_deref(), wanted.as_ref());
        }
        assert_eq!(lifecycle(&killed(&fixture).open(), bucket), wanted);
    }
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    archive.close().unwrap();
    drop(archive);
    assert_eq!(
        lifecycle(&fixture.open(), bucket),
        Some(expiring("c", 5)),
        "another setting leaves them alone"
    );
}

#[test]
fn what_is_set_already_or_not_valid_writes_nothing() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_lifecycle(&caller(), bucket, Some(expiring("a", 3))).unwrap();
    let (before, seq) = (document(&fixture, "edit-01"), archive.inner.sequence.last());
    archive.set_lifecycle(&caller(), bucket, Some(expiring("a", 3))).unwrap();
    let refused = archive.set_lifecycle(&caller(), bucket, Some(expiring("a", 0))).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    let other = BucketName::parse("other").unwrap();
    let refused = archive.set_lifecycle(&caller(), &other, None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoSuchBucket);
    assert_eq!((document(&fixture, "edit-01"), archive.inner.sequence.last()), (before, seq));
}

#[test]
fn a_rule_without_an_id_gets_one() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let mut two = expiring("", 3);
    two.rules.extend(expiring("", 4).rules);
    archive.set_lifecycle(&caller(), bucket, Some(two)).unwrap();
    let set = lifecycle(&archive, bucket).unwrap();
    assert!(set.rules.iter().all(|rule| !rule.id.is_empty()));
    assert_ne!(set.rules[0].id, set.rules[1].id);
}

/// Rules of a later release are kept as they are, and nothing is done by them; setting others replaces them.
#[test]
fn rules_that_cannot_be_read_are_kept_and_not_followed() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_lifecycle(&caller(), bucket, Some(expiring("a", 3))).unwrap();
    let mut members = document(&fixture, "edit-01").members();
    let rule = members["lifecycle"]["rules"][0].as_object_mut().unwrap();
    rule.insert("weekday".to_owned(), 5.into());
    let later = members["lifecycle"].clone();
    let bytes = crate::document::render(&members, &[]);
    let mut read = BucketDocument::decode(&bytes, "buckets/docs.json").unwrap();
    assert!(read.lifecycle.is_none() && read.members().contains_key("lifecycle"));
    assert_eq!(read.revised(99).members()["lifecycle"], later, "it outlasts another change");
    read.set_lifecycle(None);
    assert!(!read.members().contains_key("lifecycle"));
}

/// The versions of a key, the newest first.
fn listed(archive: &Archive, bucket: &BucketName) -> Vec<ListedVersion> {
    let request = VersionListRequest {
        bucket,
        prefix: "",
        delimiter: None,
        key_marker: None,
        version_marker: None,
        max: 100,
    };
    let entries = archive.list_versions(&request).unwrap().entries;
    let version = |entry| match entry {
        VersionListEntry::Version(version) => version,
        VersionListEntry::CommonPrefix(_) => unreachable!("no delimiter"),
    };
    entries.into_iter().map(version).collect()
}

fn seen(version: &ListedVersion) -> DeleteConditions {
    let seen = Seen { revision: version.object.revision, is_latest: version.is_latest };
    DeleteConditions { etag_is: None, seen: Some(seen) }
}

fn delete(
    archive: &Archive,
    bucket: &BucketName,
    version: Option<VersionId>,
    conditions: &DeleteConditions,
) -> Result<Deleted> {
    archive.delete(&caller(), bucket, &key("k"), version, conditions)
}

/// What was overwritten, annotated or deleted after somebody saw it is not deleted for what it was.
#[test]
fn only_what_was_seen_is_deleted() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "k", None, b"same bytes").unwrap();
    let old = listed(&archive, bucket);
    put(&archive, bucket, "k", None, b"same bytes").unwrap();
    let refused = delete(&archive, bucket, None, &seen(&old[0])).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(get(&archive, bucket, "k").unwrap(), b"same bytes");
    delete(&archive, bucket, None, &seen(&listed(&archive, bucket)[0])).unwrap();
    assert!(listed(&archive, bucket).is_empty());
    let refused = delete(&archive, bucket, None, &seen(&old[0])).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoSuchKey);
}

/// A version that was noncurrent and became current again stays; and the other way round.
#[test]
fn a_version_that_changed_its_place_is_not_deleted() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    put(&archive, bucket, "k", None, b"one").unwrap();
    put(&archive, bucket, "k", None, b"two").unwrap();
    let before = listed(&archive, bucket);
    let (new, old) = (&before[0], &before[1]);
    delete(&archive, bucket, Some(new.version_id), &DeleteConditions::default()).unwrap();
    let refused = delete(&archive, bucket, Some(old.version_id), &seen(old)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(get(&archive, bucket, "k").unwrap(), b"one");
    let current = listed(&archive, bucket);
    put(&archive, bucket, "k", None, b"three").unwrap();
    let refused = delete(&archive, bucket, None, &seen(&current[0])).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PreconditionFailed, "no marker before what was not seen");
    let now = listed(&archive, bucket);
    delete(&archive, bucket, Some(now[1].version_id), &seen(&now[1])).unwrap();
    delete(&archive, bucket, None, &seen(&now[0])).unwrap();
    let left = listed(&archive, bucket);
    assert_eq!(left.iter().map(|version| version.is_marker).collect::<Vec<_>>(), [true, false]);
    delete(&archive, bucket, Some(left[0].version_id), &seen(&left[0])).unwrap();
    assert_eq!(get(&archive, bucket, "k").unwrap(), b"three");
}

/// What lies in rw when its expiry is carried out gets no marker before it, though a client may put one.
#[test]
fn no_marker_comes_before_a_final_version_by_itself() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    put(&archive, bucket, "k", None, b"one").unwrap();
    let to = Destination::Mode(Mode::Rw);
    let transfer = Transfer { version: None, to, revision: None, attributes: None };
    archive.transfer(&caller(), bucket, &key("k"), &transfer).unwrap();
    let current = listed(&archive, bucket);
    let refused = delete(&archive, bucket, None, &seen(&current[0])).unwrap_err();
    assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Rw)));
    assert_eq!(listed(&archive, bucket), current);
    delete(&archive, bucket, None, &DeleteConditions::default()).unwrap();
    assert_eq!(listed(&archive, bucket).len(), 2);
}
