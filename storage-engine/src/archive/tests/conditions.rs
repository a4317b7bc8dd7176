//! Conditions of deletes and writes.

use super::{Fixture, caller, get, key, put};
use crate::archive::bucket::Versioning;
use crate::archive::put::WriteConditions;
use crate::archive::{Archive, DeleteConditions, Deleted};
use crate::name::{BucketName, VersionId};
use crate::{ErrorKind, Result};

fn delete_if(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    version: Option<VersionId>,
    etag: &str,
) -> Result<Deleted> {
    let conditions = DeleteConditions { etag_is: Some(etag.to_owned()), seen: None };
    archive.delete(&caller(), bucket, &key(name), version, &conditions)
}

/// A conditional delete removes what it names and nothing else: another ETag is refused, and what is not
/// there, or deleted already, is no success.
#[test]
fn a_delete_removes_only_what_it_names() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let refused = |name, version, etag| {
        delete_if(&archive, bucket, name, version, etag).map(|done| format!("{done:?}")).unwrap_err().kind()
    };
    let stored = put(&archive, bucket, "a", None, b"one").unwrap();
    assert_eq!(refused("a", None, "another"), ErrorKind::PreconditionFailed);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"one");
    assert_eq!(refused("none", None, "*"), ErrorKind::NoSuchKey);
    assert_eq!(refused("none", None, &stored.etag), ErrorKind::NoSuchKey);
    delete_if(&archive, bucket, "a", None, &stored.etag).unwrap();
    assert_eq!(refused("a", None, "*"), ErrorKind::NoSuchKey);

    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    let old = put(&archive, bucket, "b", None, b"old").unwrap();
    let new = put(&archive, bucket, "b", None, b"new").unwrap();
    assert_eq!(refused("b", None, &old.etag), ErrorKind::PreconditionFailed, "the current one counts");
    assert_eq!(
        refused("b", old.version_id, &new.etag),
        ErrorKind::PreconditionFailed,
        "the one named counts"
    );
    delete_if(&archive, bucket, "b", old.version_id, &old.etag).unwrap();
    assert_eq!(refused("b", old.version_id, &old.etag), ErrorKind::NoSuchVersion);
    let marker = delete_if(&archive, bucket, "b", None, "*").unwrap();
    assert!(marker.delete_marker);
    assert_eq!(refused("b", None, "*"), ErrorKind::NoSuchKey, "a marker is no object");
    assert_eq!(refused("b", None, &new.etag), ErrorKind::NoSuchKey, "nor is what it hides the current one");
    assert_eq!(refused("b", marker.version_id, "*"), ErrorKind::NoSuchVersion);
}

/// A key whose newest version is a delete marker is new to `If-None-Match: *` and unknown to `If-Match`.
#[test]
fn a_marker_is_no_object_to_a_write() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    let stored = put(&archive, bucket, "a", None, b"one").unwrap();
    archive.delete(&caller(), bucket, &key("a"), None, &DeleteConditions::default()).unwrap();
    let put_if = |conditions| super::put_if(&archive, bucket, "a", None, b"two", conditions);
    let matching = |etag: &str| WriteConditions { etag_is: Some(etag.to_owned()), ..Default::default() };
    assert_eq!(put_if(matching("*")).unwrap_err().kind(), ErrorKind::NoSuchKey);
    assert_eq!(put_if(matching(&stored.etag)).unwrap_err().kind(), ErrorKind::NoSuchKey);
    put_if(WriteConditions { etag_is_not: Some("*".into()), ..Default::default() }).unwrap();
    let again = put_if(WriteConditions { etag_is_not: Some("*".into()), ..Default::default() });
    assert_eq!(again.unwrap_err().kind(), ErrorKind::PreconditionFailed);
}
