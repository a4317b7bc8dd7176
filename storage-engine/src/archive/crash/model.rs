//! What an archive should hold: the answer to every question, kept in ordered maps.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::script::Step;
use crate::archive::bucket::Versioning;
use crate::digest::ContentHasher;
use crate::mode::Mode;

/// Everything that callers can see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    /// Buckets by name.
    pub(super) buckets: BTreeMap<String, BucketSeen>,
    /// Open uploads by key; the scripts open one a key at most.
    pub(super) uploads: BTreeMap<String, BTreeMap<u16, PartSeen>>,
    /// Control documents by name.
    pub(super) controls: BTreeMap<String, Bytes>,
}

/// A bucket with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BucketSeen {
    pub(super) versioning: Versioning,
    /// Days after which its objects expire.
    pub(super) lifecycle: Option<u32>,
    /// The versions of each key, the newest first.
    pub(super) versions: BTreeMap<String, Vec<VersionSeen>>,
}

/// A version; unique ids are not told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionSeen {
    pub(super) is_null: bool,
    /// Absent from a delete marker.
    pub(super) document: Option<Document>,
}

/// An object.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) bytes: Bytes,
    pub(super) note: String,
    pub(super) etag: String,
    pub(super) mode: &'static str,
    /// Of archived bytes, whether they are on their way or here.
    pub(super) restore: Option<&'static str>,
}

/// What a listing of parts shows of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartSeen {
    pub(super) size: u64,
    pub(super) etag: String,
    /// Known to the model alone: an archive shows a part's bytes only once they are an object.
    pub(super) bytes: Option<Bytes>,
}

impl Document {
    /// Whether readers are refused its bytes.
    pub(super) fn is_away(&self) -> bool {
        self.mode == "ar" && self.restore != Some("restored")
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, note, mode) = (self.bytes.len(), self.note.len(), self.mode);
        let restore = self.restore.unwrap_or("here or away");
        write!(f, "{size} bytes, etag {}, note of {note} bytes, {mode}, {restore}", self.etag)
    }
}

/// Bytes that are different for each `fill` and nowhere alike.
pub(super) fn bytes_of(fill: u8, size: usize) -> Bytes {
    let mut state = u32::from(fill) + 1;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// The note that a document of this `fill` carries as user metadata; long ones overflow the sidecar.
pub(super) fn note_of(fill: u8, size: usize) -> String {
    (0..size).map(|at| char::from(b'a' + ((at + usize::from(fill)) % 26) as u8)).collect()
}

fn md5_of(bytes: &[u8]) -> [u8; 16] {
    let mut hasher = ContentHasher::new(&[]);
    hasher.update(bytes);
    hasher.finish().md5
}

impl Default for BucketSeen {
    fn default() -> Self {
        Self { versioning: Versioning::Never, lifecycle: None, versions: BTreeMap::new() }
    }
}

impl BucketSeen {
    /// The current object of a key.
    pub(super) fn current(&self, key: &str) -> Option<&Document> {
        self.versions.get(key)?.first()?.document.as_ref()
    }

    fn put(&mut self, key: &str, document: Option<Document>) {
        let is_null = self.versioning != Versioning::Enabled;
        let of_key = self.versions.entry(key.to_owned()).or_default();
        of_key.retain(|version| !(is_null && version.is_null));
        of_key.insert(0, VersionSeen { is_null, document });
    }

    fn delete(&mut self, key: &str) {
        if self.versioning == Versioning::Never {
            self.versions.remove(key);
        } else {
            self.put(key, None);
        }
    }

    fn delete_version(&mut self, key: &str, nth: usize) {
        let Some(of_key) = self.versions.get_mut(key) else { return };
        if nth < of_key.len() {
            of_key.remove(nth);
        }
        if of_key.is_empty() {
            self.versions.remove(key);
        }
    }
}

impl Model {
    /// What a step that was not answered may have left where it left anything: all of it, and of copies that expire,
    /// which go one by one, any part.
    pub(super) fn after(&self, step: &Step) -> Vec<Self> {
        let mut whole = self.clone();
        whole.apply(step);
        let Step::Expire = step else { return vec![whole] };
        let is_restored = |document: &&mut Document| document.restore == Some("restored");
        let count = self.clone().documents().filter(is_restored).count();
        let parts = (1..1_u32 << count).map(|gone| {
            let mut part = self.clone();
            part.documents()
                .filter(is_restored)
                .enumerate()
                .filter(|(number, _)| gone & (1 << number) != 0)
                .for_each(|(_, document)| document.restore = None);
            part
        });
        parts.collect()
    }

    /// Applies a step that was acknowledged.
    pub(super) fn apply(&mut self, step: &Step) {
        match *step {
            Step::CreateBucket(bucket) => {
                drop(self.buckets.insert(bucket.to_owned(), BucketSeen::default()));
            }
            Step::DeleteBucket(bucket) => drop(self.buckets.remove(bucket)),
            Step::Put { key, size, fill, note, class } => {
                let bytes = bytes_of(fill, size);
                let etag = hex::encode(md5_of(&bytes));
                let mode = class.map_or("edit", |_| "rw");
                let document = Document { bytes, note: note_of(fill, note), etag, mode, restore: None };
                self.bucket().put(key, Some(document));
            }
            Step::SetVersioning(state) => self.bucket().versioning = state,
            Step::SetLifecycle(days) => self.bucket().lifecycle = days,
            Step::Copy { from, key, class } => {
                let Some(source) = self.bucket().current(from).cloned() else { return };
                let etag = hex::encode(md5_of(&source.bytes));
                let mode = class.map_or("edit", |_| "rw");
                self.bucket().put(key, Some(Document { etag, mode, restore: None, ..source }));
            }
            Step::Transfer { key, to } => {
                let current = self.bucket().versions.get_mut(key).and_then(|of_key| of_key.first_mut());
                if let Some(document) = current.and_then(|version| version.document.as_mut()) {
                    document.mode = to.as_str();
                }
            }
            Step::SetMode { to, .. } => {
                // The suites have one element of each mode at most.
                let from = if to == Mode::Ro { "rw" } else { "ro" };
                self.documents().filter(|document| document.mode == from).for_each(|document| {
                    document.mode = to.as_str();
                });
            }
            Step::Restore { key } => {
                let current = self.bucket().versions.get_mut(key).and_then(|of_key| of_key.first_mut());
                if let Some(document) = current.and_then(|version| version.document.as_mut()) {
                    document.restore = Some("ongoing");
                }
            }
            Step::Recall => self
                .documents()
                .filter(|document| document.restore.is_some())
                .for_each(|document| document.restore = Some("restored")),
            Step::Expire => self
                .documents()
                .filter(|document| document.restore == Some("restored"))
                .for_each(|document| document.restore = None),
            Step::Annotate { key, fill, note } => self.annotate(key, 0, note_of(fill, note)),
            Step::AnnotateVersion { key, nth, fill, note } => self.annotate(key, nth, note_of(fill, note)),
            Step::Dispose { key } => {
                if let Some(of_key) = self.bucket().versions.get_mut(key) {
                    of_key.remove(0);
                    if of_key.is_empty() {
                        self.bucket().versions.remove(key);
                    }
                }
            }
            Step::Delete { key } => self.bucket().delete(key),
            Step::DeleteVersion { key, nth } => self.bucket().delete_version(key, nth),
            Step::CreateUpload { key } => drop(self.uploads.insert(key.to_owned(), BTreeMap::new())),
            Step::PutPart { key, number, size, fill } => self.keep_part(key, number, bytes_of(fill, size)),
            Step::CopyPart { from, span: (start, end), key, number } => {
                let Some(source) = self.bucket().current(from).cloned() else { return };
                self.keep_part(key, number, source.bytes.slice(start..end));
            }
            Step::Complete { key } => self.complete(key),
            Step::Abort { key } => drop(self.uploads.remove(key)),
            Step::PutControl { name, size, fill } => {
                drop(self.controls.insert(format!("{name}.json"), bytes_of(fill, size)));
            }
            Step::RemoveControl { name } => drop(self.controls.remove(&format!("{name}.json"))),
            Step::MakeShelf(_)
            | Step::SetTarget { .. }
            | Step::Archive
            | Step::MoveClock { .. }
            | Step::Reopen => {}
        }
    }

    fn documents(&mut self) -> impl Iterator<Item = &mut Document> {
        let versions = self.buckets.values_mut().flat_map(|bucket| bucket.versions.values_mut());
        versions.flatten().filter_map(|version| version.document.as_mut())
    }

    fn keep_part(&mut self, key: &str, number: u16, bytes: Bytes) {
        let etag = hex::encode(md5_of(&bytes));
        let part = PartSeen { size: bytes.len() as u64, etag, bytes: Some(bytes) };
        if let Some(parts) = self.uploads.get_mut(key) {
            parts.insert(number, part);
        }
    }

    fn complete(&mut self, key: &str) {
        let Some(parts) = self.uploads.remove(key) else { return };
        let whole: Vec<u8> = parts.values().flat_map(|part| part.bytes.clone().unwrap_or_default()).collect();
        // The ETag of an upload: MD5 of the parts' MD5s, and their number.
        let digests: Vec<u8> =
            parts.values().flat_map(|part| md5_of(part.bytes.as_deref().unwrap_or_default())).collect();
        let etag = format!("{}-{}", hex::encode(md5_of(&digests)), parts.len());
        let document =
            Document { bytes: whole.into(), note: String::new(), etag, mode: "edit", restore: None };
        self.bucket().put(key, Some(document));
    }

    fn annotate(&mut self, key: &str, nth: usize, note: String) {
        let version = self.bucket().versions.get_mut(key).and_then(|of_key| of_key.get_mut(nth));
        if let Some(document) = version.and_then(|version| version.document.as_mut()) {
            document.note = note;
        }
    }

    fn bucket(&mut self) -> &mut BucketSeen {
        self.buckets.entry(super::script::BUCKET.to_owned()).or_default()
    }

    /// The model as an archive can show it: without the bytes of parts, and of what is archived.
    pub(super) fn visible(&self) -> Self {
        let mut visible = self.clone();
        for part in visible.uploads.values_mut().flat_map(BTreeMap::values_mut) {
            part.bytes = None;
        }
        let away = visible.documents().filter(|document| document.is_away());
        away.for_each(|document| document.bytes = Bytes::new());
        visible
    }
}
