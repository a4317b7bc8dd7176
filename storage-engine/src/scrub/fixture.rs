//! An archive on a simulated machine, to be wounded while it is in use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::archive::bucket::Versioning;
use crate::archive::multipart::NewUpload;
use crate::archive::object::Attributes;
use crate::archive::put::{PutDetails, PutTarget};
use crate::archive::{Archive, DeleteConditions, OpenOptions};
use crate::caller::{Caller, Door};
use crate::clock::Clock;
use crate::digest::ClientDigests;
use crate::disk::simulated::{Machine, Profile};
use crate::disk::{EntryKind, SharedDisk};
use crate::log::WAL_DIR;
use crate::name::{BucketName, ObjectKey};

const OWNER: &str = "0199-account";
const BYTES_MAX: usize = 64 << 20;

/// A clock that a test sets.
#[derive(Default)]
pub(super) struct SetClock(pub(super) AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        1_795_174_200_000 + self.0.load(Ordering::Relaxed)
    }
}

/// An archive on a machine of its own.
pub(super) struct Place {
    pub(super) machine: Machine,
    pub(super) clock: Arc<SetClock>,
}

impl Place {
    /// An archive with `small`, `wide` with an overflow sidecar, `large` with a file of block digests, a
    /// version and a marker of `gone`, an open upload, and `kept` on rw-01.
    pub(super) fn filled() -> (Self, Archive) {
        let place = Self { machine: Machine::new(Profile::Ordered, 1), clock: Arc::default() };
        let archive = place.open();
        archive.create_bucket(&caller(), &bucket("docs"), OWNER).unwrap();
        archive.create_bucket(&caller(), &bucket("versions"), OWNER).unwrap();
        archive.set_versioning(&caller(), &bucket("versions"), Versioning::Enabled).unwrap();
        put(&archive, "docs", "small", None, b"small", 0);
        put(&archive, "docs", "small", None, b"small again", 0);
        put(&archive, "docs", "wide", None, b"wide", 4000);
        let large: Vec<u8> = (0..2_200_000_u32).map(|at| at.wrapping_mul(31) as u8).collect();
        put(&archive, "docs", "large", None, &large, 0);
        put(&archive, "docs", "kept", Some("STANDARD_IA"), b"kept", 0);
        put(&archive, "versions", "gone", None, b"gone", 0);
        delete(&archive, "versions", "gone");
        let new = NewUpload {
            bucket: bucket("docs"),
            key: key("upload"),
            class: None,
            attributes: Attributes::default(),
            owner: OWNER.into(),
            checksum: None,
        };
        let upload = archive.create_upload(&caller(), new).unwrap().upload;
        let mut body = archive.begin_part(&upload, 1, None, &[]).unwrap();
        body.write(&Bytes::from_static(b"part")).unwrap();
        archive.put_part(&upload, 1, body.finish(&ClientDigests::default()).unwrap()).unwrap();
        (place, archive)
    }

    pub(super) fn open(&self) -> Archive {
        Archive::open(OpenOptions {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            disks: Arc::new(self.machine.clone()),
            ..OpenOptions::new(PathBuf::from("/data"))
        })
        .unwrap()
    }

    pub(super) fn data(&self) -> SharedDisk {
        self.machine.disk("data").unwrap()
    }

    pub(super) fn element(&self) -> SharedDisk {
        self.machine.disk("data/elements/edit-01").unwrap()
    }

    /// The path of the one file below `folder` whose name begins and ends so; data files end with `""`.
    pub(super) fn find(&self, folder: &str, prefix: &str, suffix: &str) -> String {
        let disk = self.element();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in disk.read_dir(&folder).unwrap() {
                let path = format!("{folder}/{}", entry.name);
                let is_it = match suffix {
                    "" => !entry.name.ends_with(".json"),
                    _ => entry.name.ends_with(suffix),
                };
                if entry.kind == EntryKind::Dir {
                    folders.push(path);
                } else if entry.name.starts_with(prefix) && is_it {
                    return path;
                }
            }
        }
        panic!("no {prefix}…{suffix} below {folder}");
    }
}

pub(super) fn caller() -> Caller {
    Caller {
        account: OWNER.into(),
        account_name: "ivanov".into(),
        door: Door::S3,
        address: None,
        request_id: "R1".into(),
        operation: "PutObject",
    }
}

pub(super) fn bucket(name: &str) -> BucketName {
    BucketName::parse(name).unwrap()
}

pub(super) fn key(name: &str) -> ObjectKey {
    ObjectKey::parse(name).unwrap()
}

pub(super) fn put(
    archive: &Archive,
    to: &str,
    name: &str,
    class: Option<&str>,
    content: &[u8],
    note_bytes: usize,
) {
    let target =
        PutTarget { bucket: bucket(to), key: key(name), class: class.map(str::to_owned), length: None };
    let admission = archive.admit(target).unwrap();
    let mut body = archive.begin_body(&admission, &[]).unwrap();
    body.write(&Bytes::copy_from_slice(content)).unwrap();
    let body = body.finish(&ClientDigests::default()).unwrap();
    let details = PutDetails { attributes: noted(note_bytes), owner: OWNER.into(), ..Default::default() };
    archive.put(&caller(), admission, body, details).unwrap();
}

pub(super) fn noted(bytes: usize) -> Attributes {
    let metadata = BTreeMap::from([("note".to_owned(), "n".repeat(bytes))]);
    Attributes { metadata: if bytes > 0 { metadata } else { BTreeMap::new() }, ..Attributes::default() }
}

pub(super) fn delete(archive: &Archive, from: &str, name: &str) {
    archive.delete(&caller(), &bucket(from), &key(name), None, &DeleteConditions::default()).unwrap();
}

pub(super) fn flip(disk: &SharedDisk, path: &str, at: u64) {
    let file = disk.open_to_write(path).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, at).unwrap();
    file.write_at(&[byte[0] ^ 1], at).unwrap();
}

impl Place {
    pub(super) fn find_overflow(&self) -> String {
        let sidecar = self.find("2026", "wide", ".attr.json");
        let hour = crate::disk::parent(&sidecar).to_owned();
        let entries = self.element().read_dir(&hour).unwrap();
        let name = entries.into_iter().map(|entry| entry.name).find(|name| name.contains(".attr.ext."));
        format!("{hour}/{}", name.unwrap())
    }

    /// The log's segment in use, and where its last frame begins: the torn tail that a start would pass over.
    pub(super) fn last_frame(&self) -> (String, u64) {
        let disk = self.element();
        let names = disk.read_dir(WAL_DIR).unwrap().into_iter().map(|entry| entry.name);
        let path = format!("{WAL_DIR}/{}", names.filter(|name| name.ends_with(".log")).max().unwrap());
        let bytes = disk.read_whole(&path, BYTES_MAX).unwrap();
        let at = (4096..bytes.len()).step_by(4096).rfind(|at| bytes[*at..].starts_with(b"ASF1")).unwrap();
        (path, at as u64)
    }
}
