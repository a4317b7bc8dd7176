//! A sealed archive on the real disk, with a clock that a test sets, to be changed and wounded.

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::verify::{FindingKind, Report, VerifyOptions, verify};
use crate::archive::annotate::Annotation;
use crate::archive::put::{PutDetails, PutTarget};
use crate::archive::seal::{SealLimits, SealPass};
use crate::archive::status::NewElement;
use crate::archive::transfer::{Destination, Transfer};
use crate::archive::{Archive, DeleteConditions, OpenOptions};
use crate::caller::{Caller, Door};
use crate::clock::Clock;
use crate::digest::ClientDigests;
use crate::mode::Mode;
use crate::name::{BucketName, ElementName, ObjectKey};
use crate::retention::Disposal;
use crate::target::{ArchiveClass, ArchiveTarget, TargetPlace};

/// Noon of 2026-11-20, the hour in which every test begins.
const NOON_MS: u64 = 1_795_176_000_000;
pub(crate) const NOON: &str = "2026/11/20/12";
pub(crate) const QUIET: Duration = Duration::from_secs(600);
const OWNER: &str = "0199-account";

struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A data directory, and its archive while it is open.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    clock: Arc<SetClock>,
    archive: Option<Archive>,
}

fn caller() -> Caller {
    Caller {
        account: OWNER.into(),
        account_name: "ivanov".into(),
        door: Door::S3,
        address: None,
        request_id: "R1".into(),
        operation: "PutObject",
    }
}

fn bucket() -> BucketName {
    BucketName::parse("docs").unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

impl Fixture {
    /// An archive with a bucket, open at noon.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SetClock(AtomicU64::new(NOON_MS)));
        let mut fixture = Self { folder: tempfile::tempdir().unwrap(), clock, archive: None };
        fixture.open();
        fixture.archive().create_bucket(&caller(), &bucket(), OWNER).unwrap();
        fixture
    }

    /// An archive whose hour of noon is sealed on both elements: `small`, `wide` with an overflow sidecar and
    /// `large` with a file of block digests on edit-01, `kept` on rw-01. It is two hours later.
    pub(crate) fn sealed() -> Self {
        let fixture = Self::new();
        fixture.put("small", None, b"small", 0);
        fixture.put("wide", None, b"wide", 4000);
        let large: Vec<u8> = (0..2_200_000_u32).map(|at| at.wrapping_mul(31) as u8).collect();
        fixture.put("large", None, &large, 0);
        fixture.put("kept", Some("STANDARD_IA"), b"kept", 0);
        fixture.pass(Duration::from_secs(2 * 3600));
        assert_eq!(sealed_paths(&fixture.seal()), [format!("edit-01 {NOON}.1"), format!("rw-01 {NOON}.1")]);
        fixture
    }

    pub(crate) fn open(&mut self) {
        let mut options = OpenOptions::new(self.data());
        options.clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.archive = Some(Archive::open(options).unwrap());
    }

    pub(crate) fn close(&mut self) {
        self.archive.take().unwrap().close().unwrap();
    }

    pub(crate) fn archive(&self) -> &Archive {
        self.archive.as_ref().unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn root(&self, element: &str) -> PathBuf {
        self.data().join("elements").join(element)
    }

    /// What a kill of the process would leave, open.
    pub(crate) fn killed(&self) -> Self {
        let clock = Arc::new(SetClock(AtomicU64::new(self.clock.now_ms())));
        let mut killed = Self { folder: tempfile::tempdir().unwrap(), clock, archive: None };
        copy_tree(&self.data(), &killed.data());
        killed.open();
        killed
    }

    /// A copy of the data directory as a backup tool makes it.
    pub(crate) fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(&self.data(), copy.path());
        copy
    }

    pub(crate) fn make_element(&self, name: &str, mode: Mode) {
        let name = ElementName::parse(name).unwrap();
        let new = NewElement { name, mode, root: None, max_size_bytes: None };
        self.archive().create_element(&caller(), new).unwrap();
    }

    pub(crate) fn dispose(&self, name: &str) {
        let disposal = Disposal {
            run: uuid::Uuid::from_u128(1),
            reason: "7 years".into(),
            released_by: OWNER.into(),
            disposed_ms: 0,
        };
        let version = self.archive().object(&bucket(), &key(name), None).unwrap().version_id;
        let found = self.archive().disposable(&bucket(), &key(name), version).unwrap();
        self.archive().dispose(&caller(), &found, &disposal).unwrap();
    }

    pub(crate) fn set_target(&self, element: &str) {
        let place = TargetPlace::Directory(self.folder.path().join("tape"));
        let target = ArchiveTarget { place, class: ArchiveClass::Glacier };
        self.archive().set_target(&caller(), &ElementName::parse(element).unwrap(), &target).unwrap();
    }

    pub(crate) fn transfer(&self, name: &str, to: Mode) {
        let transfer =
            Transfer { version: None, to: Destination::Mode(to), revision: None, attributes: None };
        self.archive().transfer(&caller(), &bucket(), &key(name), &transfer).unwrap();
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Seals what is due.
    pub(crate) fn seal(&self) -> SealPass {
        self.archive().seal_due(&SealLimits { quiet: QUIET, hours_max: 100 }).unwrap()
    }

    /// Lets the quiet time go by, and seals; nothing may fail.
    pub(crate) fn seal_later(&self) -> Vec<String> {
        self.pass(QUIET);
        let pass = self.seal();
        assert!(pass.failed.is_empty(), "{:?}", pass.failed);
        sealed_paths(&pass)
    }

    pub(crate) fn put(&self, name: &str, class: Option<&str>, content: &[u8], metadata_bytes: usize) {
        let target =
            PutTarget { bucket: bucket(), key: key(name), class: class.map(str::to_owned), length: None };
        let admission = self.archive().admit(target).unwrap();
        let mut body = self.archive().begin_body(&admission, &[]).unwrap();
        body.write(&Bytes::copy_from_slice(content)).unwrap();
        let body = body.finish(&ClientDigests::default()).unwrap();
        let mut details = PutDetails { owner: OWNER.into(), ..Default::default() };
        if metadata_bytes > 0 {
            details.attributes.metadata.insert("note".into(), "n".repeat(metadata_bytes));
        }
        self.archive().put(&caller(), admission, body, details).unwrap();
    }

    pub(crate) fn annotate(&self, name: &str, note: &str) {
        let seen = self.archive().object(&bucket(), &key(name), None).unwrap();
        let mut attributes = seen.attributes.clone();
        attributes.metadata.insert("note".to_owned(), note.to_owned());
        let annotation =
            Annotation { version: None, revision: seen.revision, attributes, renews_time: false };
        self.archive().annotate(&caller(), &bucket(), &key(name), annotation).unwrap();
    }

    pub(crate) fn delete(&self, name: &str) {
        let conditions = DeleteConditions::default();
        self.archive().delete(&caller(), &bucket(), &key(name), None, &conditions).unwrap();
    }

    /// The path, from the data directory, of the one file whose name begins and ends so; of data files the
    /// end is empty.
    pub(crate) fn find(&self, prefix: &str, suffix: &str) -> String {
        let mut folders = vec![self.data().join("elements")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let is_it = name.starts_with(prefix)
                    && if suffix.is_empty() { !name.ends_with(".json") } else { name.ends_with(suffix) };
                if path.is_dir() {
                    folders.push(path);
                } else if is_it {
                    return path.strip_prefix(self.data()).unwrap().to_str().unwrap().to_owned();
                }
            }
        }
        panic!("no file {prefix}…{suffix}");
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.data().join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.data().join(path), bytes).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.data().join(path)).unwrap();
    }

    /// Flips one bit.
    pub(crate) fn flip(&self, path: &str, at: usize) {
        let mut bytes = self.read(path);
        bytes[at] ^= 1;
        self.write(path, &bytes);
    }

    pub(crate) fn lose_catalog(&self) {
        fs::remove_dir_all(self.data().join("catalog")).unwrap();
    }

    pub(crate) fn verify(&self) -> Report {
        self.verify_with(VerifyOptions::new(self.data()))
    }

    pub(crate) fn verify_with(&self, options: VerifyOptions) -> Report {
        verify(&options, &mut |_| {}).unwrap()
    }

    /// What a check finds: kinds and paths, with the element's name before them.
    pub(crate) fn findings(&self) -> Vec<(FindingKind, String)> {
        let found = self.verify().findings.into_iter();
        found
            .map(|finding| (finding.kind, format!("elements/{}/{}", finding.element, finding.path)))
            .collect()
    }
}

/// Element and hour with revision of each seal that was made.
pub(crate) fn sealed_paths(pass: &SealPass) -> Vec<String> {
    let path = |path: &str| path.strip_prefix("seals/").unwrap().to_owned();
    pass.sealed.iter().map(|sealed| format!("{} {}", sealed.element, path(&sealed.path))).collect()
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
