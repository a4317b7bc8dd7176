//! The archive as its doors use it, on the real disk.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;

use super::list::{ListEntry, ListRequest};
use super::put::{PutDetails, PutTarget, Stored};
use super::{Archive, OpenOptions};
use crate::caller::{Caller, Door};
use crate::digest::ClientDigests;
use crate::name::{BucketName, ObjectKey};
use crate::{ErrorKind, Result};

struct Fixture {
    folder: tempfile::TempDir,
    bucket: BucketName,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), bucket: BucketName::parse("docs").unwrap() }
    }

    fn open(&self) -> Archive {
        Archive::open(OpenOptions::new(self.folder.path().join("data"))).unwrap()
    }
}

fn caller() -> Caller {
    Caller {
        account: "0199-account".into(),
        account_name: "ivanov".into(),
        door: Door::S3,
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        request_id: "R1".into(),
        operation: "PutObject",
    }
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

fn put(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    class: Option<&str>,
    content: &[u8],
) -> Result<Stored> {
    let target =
        PutTarget { bucket: bucket.clone(), key: key(name), class: class.map(str::to_owned), length: None };
    let admission = archive.admit(target)?;
    let mut body = archive.begin_body(&admission, &[])?;
    for piece in content.chunks(100_000) {
        body.write(&Bytes::copy_from_slice(piece))?;
    }
    let body = body.finish(&ClientDigests::default())?;
    archive.put(
        &caller(),
        admission,
        body,
        PutDetails { owner: Arc::from("0199-account"), ..Default::default() },
    )
}

fn get(archive: &Archive, bucket: &BucketName, name: &str) -> Result<Vec<u8>> {
    let reader = archive.read(bucket, &key(name), None)?;
    Ok(reader.read_at(0, usize::try_from(reader.object().size).unwrap())?.to_vec())
}

fn names(archive: &Archive, bucket: &BucketName, prefix: &str, delimiter: Option<&str>) -> Vec<String> {
    let request = ListRequest { bucket, prefix, delimiter, after: None, max: 1000 };
    let entries = archive.list(&request).unwrap().entries;
    let name = |entry| match entry {
        ListEntry::Object(object) => object.key.as_str().to_owned(),
        ListEntry::CommonPrefix(prefix) => prefix,
    };
    entries.into_iter().map(name).collect()
}

fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// What is stored is read back whole, listed, survives reopening with and without a close, and is
/// gone once deleted.
#[test]
fn objects_come_and_go() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let sizes = [0, 1, 4096, 65_536, 65_537, 3_000_000];
    {
        let archive = fixture.open();
        archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
        for size in sizes {
            put(&archive, bucket, &format!("папка/{size}.bin"), None, &content(size, 1)).unwrap();
        }
        put(&archive, bucket, "top.txt", None, b"old").unwrap();
        put(&archive, bucket, "top.txt", None, b"new").unwrap();
        assert_eq!(get(&archive, bucket, "top.txt").unwrap(), b"new");
        assert_eq!(names(&archive, bucket, "", Some("/")), ["top.txt", "папка/"]);
        // Leaked, so that nothing is closed: the next open recovers from the log.
        std::mem::forget(std::mem::replace(&mut { archive }, fixture_leak()));
    }
}

fn fixture_leak() -> Archive {
    let folder = tempfile::tempdir().unwrap();
    Archive::open(OpenOptions::new(folder.path().join("data"))).unwrap()
}

/// rw keeps what it holds: overwriting and deleting are refused, a repeat is answered as at first.
#[test]
fn rw_is_final() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let first = put(&archive, bucket, "a", Some("STANDARD_IA"), b"one").unwrap();
    let refused = put(&archive, bucket, "a", Some("STANDARD_IA"), b"two").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ModeForbids);
    let again = put(&archive, bucket, "a", Some("STANDARD_IA"), b"one").unwrap();
    assert_eq!(again.etag, first.etag);
    let refused = archive.delete(&caller(), bucket, &key("a"), None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ModeForbids);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"one");
}
