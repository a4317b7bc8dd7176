//! The archive as its doors use it, on the real disk.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::list::{ListEntry, ListRequest};
use super::multipart::{CompletedPart, Completion, NewUpload, UploadRef};
use super::object::Attributes;
use super::put::{PutDetails, PutTarget, ReadyPut, Stored, WriteConditions};
use super::status::NewElement;
use super::{Archive, DeleteConditions, OpenOptions};
use crate::caller::{Caller, Door};
use crate::digest::ClientDigests;
use crate::mode::Mode;
use crate::name::{BucketName, ElementName, ObjectKey};
use crate::{ErrorKind, Result};

mod annotating;
mod archiving;
mod bucket_target;
mod buckets;
mod conditions;
mod contention;
mod copying;
mod costs;
mod descents;
mod disposals;
mod filling;
mod keys;
mod lifecycle;
mod parts;
mod recent;
mod restore_events;
mod restoring;
mod retention;
mod sealing;
mod shelf;
mod together;
mod transfers;
mod transitions;
mod version_model;
mod versioning;
mod versions;
mod view;

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
    put_if(archive, bucket, name, class, content, WriteConditions::default())
}

fn put_if(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    class: Option<&str>,
    content: &[u8],
    conditions: WriteConditions,
) -> Result<Stored> {
    archive.put_ready(ready_put(archive, bucket, name, class, content, conditions)?)
}

fn ready_put(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    class: Option<&str>,
    content: &[u8],
    conditions: WriteConditions,
) -> Result<ReadyPut> {
    let target =
        PutTarget { bucket: bucket.clone(), key: key(name), class: class.map(str::to_owned), length: None };
    let admission = archive.admit(target)?;
    let mut body = archive.begin_body(&admission, &[])?;
    for piece in content.chunks(100_000) {
        body.write(&Bytes::copy_from_slice(piece))?;
    }
    let body = body.finish(&ClientDigests::default())?;
    let details = PutDetails { owner: Arc::from("0199-account"), conditions, ..Default::default() };
    Ok(ReadyPut::new(caller(), admission, body, details))
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

/// Makes an element of mode edit; its root.
fn element(archive: &Archive, name: &str) -> PathBuf {
    let new = NewElement {
        name: ElementName::parse(name).unwrap(),
        mode: Mode::Edit,
        root: None,
        max_size_bytes: None,
    };
    archive.create_element(&caller(), new).unwrap().root
}

fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// What a SIGKILL would leave: a copy of the files while the archive is open.
#[expect(clippy::disallowed_methods, reason = "the test copies files behind the engine's back")]
fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Opens what a SIGKILL of `fixture`'s archive would leave.
fn killed(fixture: &Fixture) -> Fixture {
    let after = Fixture::new();
    copy_tree(&fixture.folder.path().join("data"), &after.folder.path().join("data"));
    after
}

/// What is stored is read back whole and listed; a kill loses none of it; a deleted key stays deleted.
#[test]
fn objects_survive_a_kill() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let archive = fixture.open();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let sizes = [0, 1, 4096, 65_536, 65_537, 3_000_000];
    for size in sizes {
        put(&archive, bucket, &format!("папка/{size}.bin"), None, &content(size, 1)).unwrap();
    }
    put(&archive, bucket, "top.txt", None, b"old").unwrap();
    put(&archive, bucket, "top.txt", None, b"new").unwrap();
    put(&archive, bucket, "gone.txt", None, b"gone").unwrap();
    archive.delete(&caller(), bucket, &key("gone.txt"), None, &DeleteConditions::default()).unwrap();

    let after = killed(&fixture);
    let again = killed(&after);
    for archive in [archive, after.open(), again.open()] {
        for size in sizes {
            assert_eq!(
                get(&archive, bucket, &format!("папка/{size}.bin")).unwrap(),
                content(size, 1),
                "{size}"
            );
        }
        assert_eq!(get(&archive, bucket, "top.txt").unwrap(), b"new");
        assert_eq!(names(&archive, bucket, "", Some("/")), ["top.txt", "папка/"]);
        assert_eq!(get(&archive, bucket, "gone.txt").unwrap_err().kind(), ErrorKind::NoSuchKey);
    }
}

/// The catalog is derived: without it the archive answers the same.
#[test]
fn a_lost_catalog_changes_no_answer() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let archive = fixture.open();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    for name in ["a", "b/c", "b/d", "e"] {
        put(&archive, bucket, name, None, name.as_bytes()).unwrap();
    }
    put(&archive, bucket, "a", None, b"newer").unwrap();
    archive.close().unwrap();
    drop(archive);
    let data = fixture.folder.path().join("data");
    let lost = fixture.folder.path().join("lost");
    #[expect(clippy::disallowed_methods, reason = "the test loses the catalog")]
    std::fs::rename(data.join("catalog"), lost).unwrap();
    let archive = fixture.open();
    assert_eq!(names(&archive, bucket, "", None), ["a", "b/c", "b/d", "e"]);
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"newer");
}

/// While an element is away its keys are unavailable, never absent, and nothing is created over them.
#[test]
fn an_absent_element_is_not_an_empty_one() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let archive = fixture.open();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "kept", Some("STANDARD_IA"), b"kept").unwrap();
    drop(archive);
    let root = fixture.folder.path().join("data/elements/rw-01");
    let away = fixture.folder.path().join("away");
    #[expect(clippy::disallowed_methods, reason = "the test takes the element away")]
    std::fs::rename(&root, &away).unwrap();
    let archive = fixture.open();
    assert_eq!(get(&archive, bucket, "kept").unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(put(&archive, bucket, "kept", None, b"other").unwrap_err().kind(), ErrorKind::Unavailable);
    put(&archive, bucket, "fresh", None, b"fresh").unwrap();
    drop(archive);
    #[expect(clippy::disallowed_methods, reason = "the test loses the catalog as well")]
    std::fs::rename(fixture.folder.path().join("data/catalog"), fixture.folder.path().join("lost")).unwrap();
    let archive = fixture.open();
    assert_eq!(get(&archive, bucket, "unknown").unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(put(&archive, bucket, "unknown", None, b"x").unwrap_err().kind(), ErrorKind::Unavailable);
    drop(archive);
    #[expect(clippy::disallowed_methods, reason = "the test brings the element back")]
    std::fs::rename(&away, &root).unwrap();
    let archive = fixture.open();
    assert_eq!(get(&archive, bucket, "kept").unwrap(), b"kept");
    assert_eq!(get(&archive, bucket, "unknown").unwrap_err().kind(), ErrorKind::NoSuchKey);
}

/// Data changed on disk is never served as good, not even a range of it.
#[test]
fn damaged_data_is_not_served() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let archive = fixture.open();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    put(&archive, bucket, "big", None, &content(4_000_000, 7)).unwrap();
    let reader = archive.read(bucket, &key("big"), None).unwrap();
    let path = find_data(&fixture.folder.path().join("data/elements/edit-01"), "big_");
    let mut options = std::fs::File::options();
    #[expect(clippy::disallowed_methods, reason = "the test damages the file behind the engine's back")]
    let file = options.write(true).open(path).unwrap();
    file.write_at(b"X", 1_000_000).unwrap();
    assert_eq!(reader.read_at(0, 65_536).unwrap(), content(4_000_000, 7)[..65_536]);
    assert_eq!(reader.read_at(990_000, 20_000).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[expect(clippy::disallowed_methods, reason = "the test looks for the file as a person would")]
fn find_data(folder: &Path, prefix: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.starts_with(prefix) && !name.ends_with(".json") {
                return path;
            }
        }
    }
    panic!("no file begins with {prefix}");
}

/// Parts make one object, whatever their order of arrival; what was begun survives a kill, and a
/// completion that is repeated is answered again.
#[test]
fn parts_make_one_object() {
    let fixture = Fixture::new();
    let bucket = &fixture.bucket;
    let archive = fixture.open();
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let new = NewUpload {
        bucket: bucket.clone(),
        key: key("whole"),
        class: None,
        attributes: Attributes::default(),
        owner: Arc::from("0199-account"),
        checksum: None,
    };
    let upload = archive.create_upload(&caller(), new).unwrap().upload;
    let pieces = [content(5 << 20, 1), content(5 << 20, 2), content(1000, 3)];
    for number in [3, 1] {
        put_part(&archive, &upload, number, &pieces[usize::from(number) - 1]);
    }
    let after = killed(&fixture);
    drop(archive);
    let archive = after.open();
    put_part(&archive, &upload, 2, b"replaced");
    put_part(&archive, &upload, 2, &pieces[1]);
    let parts = archive.parts(&upload, None, 1000).unwrap().parts;
    assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3]);
    let completion = Completion {
        upload: upload.clone(),
        parts: parts
            .iter()
            .map(|part| CompletedPart { number: part.number, etag: part.etag.clone(), checksum: None })
            .collect(),
        conditions: WriteConditions::default(),
        checksum: None,
        size: None,
    };
    let stored = archive.complete_upload(&caller(), completion.clone()).unwrap();
    assert!(stored.etag.ends_with("-3"), "{}", stored.etag);
    assert_eq!(get(&archive, bucket, "whole").unwrap(), pieces.concat());
    assert_eq!(archive.complete_upload(&caller(), completion).unwrap().etag, stored.etag);
    assert_eq!(archive.upload(&upload).unwrap_err().kind(), ErrorKind::NoSuchUpload);
    let last = killed(&after);
    let again = last.open();
    assert_eq!(get(&again, bucket, "whole").unwrap(), pieces.concat());
}

fn put_part(archive: &Archive, upload: &UploadRef, number: u16, content: &[u8]) {
    let mut body = archive.begin_part(upload, number, None, &[]).unwrap();
    body.write(&Bytes::copy_from_slice(content)).unwrap();
    let body = body.finish(&ClientDigests::default()).unwrap();
    archive.put_part(upload, number, body).unwrap();
}

/// rw keeps what it holds: overwriting and deleting are refused, a repeat is answered as at first.
#[test]
fn rw_is_final() {
    let fixture = Fixture::new();
    let (archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let first = put(&archive, bucket, "a", Some("STANDARD_IA"), b"one").unwrap();
    let refused = put(&archive, bucket, "a", Some("STANDARD_IA"), b"two").unwrap_err();
    assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Rw)));
    let again = put(&archive, bucket, "a", Some("STANDARD_IA"), b"one").unwrap();
    assert_eq!(again.etag, first.etag);
    let refused =
        archive.delete(&caller(), bucket, &key("a"), None, &DeleteConditions::default()).unwrap_err();
    assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Rw)));
    assert_eq!(get(&archive, bucket, "a").unwrap(), b"one");
}
