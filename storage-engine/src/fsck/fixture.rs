//! An archive on the real disk to be wounded, and its files as they lie.

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{FindingKind, FsckOptions, Report, StateReport, check, repair};
use crate::archive::multipart::NewUpload;
use crate::archive::object::Attributes;
use crate::archive::put::{PutDetails, PutTarget};
use crate::archive::{Archive, OpenOptions};
use crate::caller::{Caller, Door};
use crate::digest::ClientDigests;
use crate::name::{BucketName, ObjectKey};
use crate::sidecar::{self, Sidecar};

/// 2026-11-24T20:30:00Z.
const NOW_MS: u64 = 1_795_552_200_000;

/// A clock that stands.
struct Standing;

impl crate::clock::Clock for Standing {
    fn now_ms(&self) -> u64 {
        NOW_MS
    }
}

/// The element that most of the tests look at.
pub(super) const EDIT: &str = "elements/edit-01";
const OWNER: &str = "0199-account";

/// A data directory.
pub(super) struct Fixture {
    folder: tempfile::TempDir,
}

/// What lies at a path: time of the last change, and bytes or the target of a link.
type Tree = BTreeMap<PathBuf, (i64, i64, Vec<u8>)>;

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

pub(super) fn bucket() -> BucketName {
    BucketName::parse("docs").unwrap()
}

pub(super) fn put(archive: &Archive, name: &str, class: Option<&str>, content: &[u8], metadata_bytes: usize) {
    let key = ObjectKey::parse(name).unwrap();
    let target = PutTarget { bucket: bucket(), key, class: class.map(str::to_owned), length: None };
    let admission = archive.admit(target).unwrap();
    let mut body = archive.begin_body(&admission, &[]).unwrap();
    body.write(&Bytes::copy_from_slice(content)).unwrap();
    let body = body.finish(&ClientDigests::default()).unwrap();
    let mut attributes = Attributes::default();
    if metadata_bytes > 0 {
        attributes.metadata.insert("note".into(), "n".repeat(metadata_bytes));
    }
    let details = PutDetails { attributes, owner: OWNER.into(), ..Default::default() };
    archive.put(&caller(), admission, body, details).unwrap();
}

pub(super) fn begin_upload(archive: &Archive) -> String {
    let new = NewUpload {
        bucket: bucket(),
        key: ObjectKey::parse("upload").unwrap(),
        class: None,
        attributes: Attributes::default(),
        owner: OWNER.into(),
        checksum: None,
    };
    let upload = archive.create_upload(&caller(), new).unwrap().upload;
    let mut body = archive.begin_part(&upload, 1, None, &[]).unwrap();
    body.write(&Bytes::from_static(b"part")).unwrap();
    let body = body.finish(&ClientDigests::default()).unwrap();
    archive.put_part(&upload, 1, body).unwrap();
    upload.id.to_string()
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A closed archive: `small`, `wide` with an overflow sidecar, `large` with a file of block digests,
    /// all on edit-01, and `kept` on rw-01.
    pub(super) fn filled() -> Self {
        let fixture = Self::new();
        let archive = fixture.open();
        fill(&archive);
        archive.close().unwrap();
        drop(archive);
        fixture
    }

    pub(super) fn open(&self) -> Archive {
        Archive::open(OpenOptions::new(self.data())).unwrap()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A copy of all files, as a kill would leave them; log files that wait to be used again stay out.
    pub(super) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_tree(&self.data(), &copy.data());
        copy
    }

    pub(super) fn options(&self) -> FsckOptions {
        FsckOptions::new(self.data())
    }

    /// Checks, and proves that nothing on disk changed but what the lock files say.
    pub(super) fn check(&self) -> Report {
        self.check_with(self.options())
    }

    pub(super) fn check_with(&self, options: FsckOptions) -> Report {
        let before = self.tree();
        let report = check(options, &mut |_| {}).unwrap();
        let after = self.tree();
        for (path, lies) in &after {
            assert!(before.get(path) == Some(lies), "{} changed", path.display());
        }
        assert_eq!(before.len(), after.len());
        report
    }

    /// Repairs what it finds.
    pub(super) fn repair(&self) -> Report {
        repair(self.options(), &Standing, &mut |_| {}).unwrap()
    }

    /// The state digest, by a check.
    pub(super) fn state(&self) -> StateReport {
        let options = FsckOptions { digest: true, verify_content: false, ..self.options() };
        self.check_with(options).state.unwrap()
    }

    /// Every file and link by its path in the data directory, with its bytes; no locks.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let data = self.data();
        let shown = |path: &Path| path.strip_prefix(&data).unwrap().to_str().unwrap().to_owned();
        let tree = self.tree().into_iter().filter(|(path, _)| !path.is_dir() || path.is_symlink());
        tree.map(|(path, (_, _, bytes))| (shown(&path), bytes)).collect()
    }

    /// What a check finds: kinds and paths, those of an element with its name before them.
    pub(super) fn findings(&self) -> Vec<(FindingKind, String)> {
        let found = self.check().findings.into_iter();
        found
            .map(|finding| match finding.element {
                Some(element) => (finding.kind, format!("{element}:{}", finding.path)),
                None => (finding.kind, finding.path),
            })
            .collect()
    }

    /// The path of the one file on edit-01 whose name begins with `prefix` and ends with `suffix`; of
    /// data files the suffix is empty.
    pub(super) fn find(&self, prefix: &str, suffix: &str) -> String {
        let root = self.data().join(EDIT);
        let is_it = |path: &&PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_data = !name.ends_with(".json");
            name.starts_with(prefix) && if suffix.is_empty() { is_data } else { name.ends_with(suffix) }
        };
        let tree = self.tree();
        let found = tree.keys().filter(|path| path.starts_with(&root)).find(is_it).unwrap();
        found.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()
    }

    /// The hour folder of an object on edit-01.
    pub(super) fn hour(&self, prefix: &str) -> String {
        crate::disk::parent(&self.find(prefix, "")).to_owned()
    }

    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.data().join(EDIT).join(path)).unwrap()
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.data().join(EDIT).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Flips one bit.
    pub(super) fn flip(&self, path: &str, at: usize) {
        let mut bytes = self.read(path);
        bytes[at] ^= 1;
        self.write(path, &bytes);
    }

    pub(super) fn remove(&self, path: &str) {
        let path = self.data().join(EDIT).join(path);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        let root = self.data().join(EDIT);
        fs::rename(root.join(from), root.join(to)).unwrap();
    }

    pub(super) fn link(&self, target: &str, path: &str) {
        symlink(target, self.data().join(EDIT).join(path)).unwrap();
    }

    /// Writes the pair at `from` once more, its sidecar changed by `change`.
    pub(super) fn add_pair(&self, from: &str, change: impl FnOnce(&mut Sidecar)) -> String {
        let bytes = self.read(&format!("{from}.attr.json"));
        let mut sidecar = sidecar::decode(&bytes, from, |_| panic!("no overflow")).unwrap();
        change(&mut sidecar);
        let (bytes, _) = sidecar::encode(&sidecar).unwrap();
        self.write(&sidecar.path.sidecar(), &bytes);
        if sidecar.kind == sidecar::Kind::Object {
            self.write(sidecar.path.data(), &self.read(from));
        }
        sidecar.path.data().to_owned()
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        let mut folders = vec![self.data()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let about = path.symlink_metadata().unwrap();
                let bytes = if about.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else if about.is_symlink() {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else if path.ends_with("lock") {
                    continue;
                } else {
                    fs::read(&path).unwrap()
                };
                tree.insert(path, (about.mtime(), about.mtime_nsec(), bytes));
            }
        }
        tree
    }
}

pub(super) fn fill(archive: &Archive) {
    archive.create_bucket(&caller(), &bucket(), OWNER).unwrap();
    put(archive, "small", None, b"small", 0);
    put(archive, "small", None, b"small", 0);
    put(archive, "wide", None, b"wide", 4000);
    let large: Vec<u8> = (0..2_200_000_u32).map(|at| at.wrapping_mul(31) as u8).collect();
    put(archive, "large", None, &large, 0);
    put(archive, "kept", Some("STANDARD_IA"), b"kept", 0);
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else if !entry.file_name().to_str().unwrap().ends_with(".spare") {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
