//! What the logs will still change: a start applies it, so that nothing it touches is damage now.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::finding::{FindingKind, told};
use super::report::Tally;
use super::root::Root;
use super::twice::Version;
use crate::archive::CheckpointMark;
use crate::bucket::BucketDocument;
use crate::element::{staged_blocks_path, staged_path};
use crate::error::Result;
use crate::log::{self, Attachments, BodyPlace, Change, LogStart, Place, WAL_DIR};
use crate::name::{BucketName, ElementId};
use crate::sidecar;
use crate::state::Item;

/// What a start will do with the pair at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes.
    Removed,
    /// It is written from the log, its data file from the record or from staging.
    Written(BodyPlace),
    /// Its sidecar is written from the log.
    Annotated,
}

/// The changes that a start will apply, without their bodies.
#[derive(Debug, Default)]
pub(super) struct Pending {
    elements: BTreeMap<ElementId, OfElement>,
    /// Folder names of the uploads that a change completes.
    ended_uploads: BTreeSet<String>,
    /// In the order of the changes.
    bucket_changes: Vec<(BucketName, Option<LoggedBucket>)>,
}

/// What a document that the log writes makes of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoggedBucket {
    pub(super) generation: u64,
    pub(super) item: Item,
}

/// What a change writes.
enum Written {
    Version(Box<Version>),
    Bucket(LoggedBucket),
    Nothing,
}

#[derive(Debug, Default)]
struct OfElement {
    /// By the path of the data file.
    fates: BTreeMap<String, Fate>,
    /// The id of each staged body, by the path of its data file.
    staged: BTreeMap<String, Uuid>,
    /// Paths of the staged files that the log names.
    staged_paths: BTreeSet<String>,
    /// The versions that the log writes, by the path of the data file.
    versions: BTreeMap<String, Version>,
    /// Buckets whose documents are written.
    buckets: BTreeSet<String>,
}

/// The changes of all logs with their numbers and elements, and the numbers of those taken back.
#[derive(Default)]
struct Told {
    changes: Vec<(u64, ElementId, Change, Written)>,
    aborted: HashSet<u64>,
}

impl Pending {
    /// Reads the logs of all elements, counts what is pending, and reports logs that are damaged.
    pub(super) fn read(roots: &mut [Root], mark: Option<&CheckpointMark>, tally: &mut Tally) -> Self {
        let mut all = Told::default();
        for root in roots {
            let before = all.changes.len();
            if let Err(error) = all.read_log(root, mark) {
                tally.add(root.finding(FindingKind::LogDamaged, WAL_DIR, told(&error)));
            }
            root.report.pending_changes = (all.changes.len() - before) as u64;
            if root.report.pending_changes > 0 {
                let detail = format_args!("{} changes are in the log alone", root.report.pending_changes);
                tally.add(root.finding(FindingKind::LogPending, WAL_DIR, detail));
            }
        }
        all.changes.sort_by_key(|(seq, ..)| *seq);
        let mut pending = Self::default();
        for (seq, element, change, written) in all.changes {
            let is_aborted = all.aborted.contains(&seq);
            if !is_aborted {
                pending.note_written(element, &change, written);
            }
            pending.take(element, change, is_aborted);
        }
        for of_element in pending.elements.values_mut() {
            let OfElement { fates, versions, .. } = of_element;
            versions.retain(|path, _| fates.get(path) != Some(&Fate::Removed));
        }
        pending
    }

    /// Notes what a change writes; the last change of a path or bucket counts.
    fn note_written(&mut self, element: ElementId, change: &Change, written: Written) {
        match (change, written) {
            (Change::Put { place, .. } | Change::Annotate { place, .. }, Written::Version(version)) => {
                let of_element = self.elements.entry(element).or_default();
                of_element.versions.insert(place.path.data().to_owned(), *version);
            }
            (Change::BucketPut { bucket }, Written::Bucket(document)) => {
                self.bucket_changes.push((bucket.clone(), Some(document)));
            }
            (Change::BucketRemove { bucket }, _) => self.bucket_changes.push((bucket.clone(), None)),
            _ => {}
        }
    }

    /// Notes one change. A removal outlasts the writing of the same path, whichever came first: no name
    /// is used a second time.
    fn take(&mut self, element: ElementId, change: Change, is_aborted: bool) {
        match change {
            Change::Put { place, .. } if is_aborted => self.remove(&place),
            Change::Put { place, id, body, retire, upload } => {
                let path = place.path.data().to_owned();
                let of_element = self.elements.entry(element).or_default();
                of_element.fates.entry(path.clone()).or_insert(Fate::Written(body));
                if body == BodyPlace::Staged {
                    of_element.staged_paths.extend([staged_path(id), staged_blocks_path(id)]);
                    of_element.staged.insert(path, id);
                }
                retire.iter().for_each(|old| self.remove(&old.place));
                self.ended_uploads.extend(upload.map(|id| id.simple().to_string()));
            }
            Change::Annotate { place, .. } => {
                let of_element = self.elements.entry(element).or_default();
                of_element.fates.entry(place.path.data().to_owned()).or_insert(Fate::Annotated);
            }
            Change::Remove { place, .. } | Change::Dispose { place, .. } => self.remove(&place),
            Change::Release { place } => {
                let of_element = self.elements.entry(place.element).or_default();
                of_element.staged.remove(place.path.data());
            }
            Change::BucketPut { bucket } => {
                self.elements.entry(element).or_default().buckets.insert(bucket.to_string());
            }
            Change::BucketRemove { .. }
            | Change::Abort { .. }
            | Change::Mode { .. }
            | Change::Restore { .. }
            | Change::Note => {}
        }
    }

    fn remove(&mut self, place: &Place) {
        let of_element = self.elements.entry(place.element).or_default();
        of_element.fates.insert(place.path.data().to_owned(), Fate::Removed);
    }

    /// What a start will do with the pair whose data file is at `path`.
    pub(super) fn fate(&self, element: ElementId, path: &str) -> Option<Fate> {
        self.elements.get(&element)?.fates.get(path).copied()
    }

    /// Whether the log writes the version whose data file is at `path`.
    pub(super) fn has_version(&self, element: ElementId, path: &str) -> bool {
        self.elements.get(&element).is_some_and(|known| known.versions.contains_key(path))
    }

    /// The versions that the log of an element writes, with the paths of their data files.
    pub(super) fn versions(&self, element: ElementId) -> impl Iterator<Item = (&String, &Version)> {
        self.elements.get(&element).into_iter().flat_map(|known| &known.versions)
    }

    /// What the logs make of buckets, in order; `None` where one goes.
    pub(super) fn bucket_changes(&self) -> &[(BucketName, Option<LoggedBucket>)] {
        &self.bucket_changes
    }

    /// Whether the log names a staged file.
    pub(super) fn names_staged(&self, element: ElementId, path: &str) -> bool {
        self.elements.get(&element).is_some_and(|known| known.staged_paths.contains(path))
    }

    /// Whether a start will write the document of a bucket.
    pub(super) fn writes_bucket(&self, element: ElementId, bucket: &str) -> bool {
        self.elements.get(&element).is_some_and(|known| known.buckets.contains(bucket))
    }

    /// Whether a start will end the upload in a folder of this name.
    pub(super) fn ends_upload(&self, name: &str) -> bool {
        self.ended_uploads.contains(name)
    }

    /// Whether nothing is pending at all.
    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Reports objects that the log commits and whose bytes are neither staged nor in place.
    pub(super) fn check_staged(&self, root: &Root, tally: &mut Tally) {
        let Some(of_element) = self.elements.get(&root.id) else { return };
        for (path, id) in &of_element.staged {
            let is_wanted = of_element.fates.get(path) != Some(&Fate::Removed);
            // A file that cannot be looked at is reported where its folder is read.
            let is_gone = |path: &str| !root.disk.exists(path).unwrap_or(true);
            if is_wanted && is_gone(&staged_path(*id)) && is_gone(path) {
                let detail = "the log commits this object, and its bytes are neither staged nor in place";
                tally.add(root.finding(FindingKind::StagedBytesMissing, path.as_str(), detail));
            }
        }
    }
}

impl Told {
    fn read_log(&mut self, root: &Root, mark: Option<&CheckpointMark>) -> Result<()> {
        let whole = LogStart { segment: 0, must_exist: false };
        let start = mark.map_or(whole, |mark| mark.log_start(root.id));
        let read = log::read(&*root.disk, root.id, start, |record, attachments| {
            match record.change {
                Change::Abort { aborted } => {
                    self.aborted.insert(aborted);
                }
                Change::Mode { .. } | Change::Restore { .. } | Change::Note => {}
                change => {
                    let written = Written::by(&change, &attachments)?;
                    self.changes.push((record.seq, root.id, change, written));
                }
            }
            Ok(())
        });
        match read {
            // A copy of a quiet element may come without its log.
            Err(error) if error.is_missing_file() && !start.must_exist => Ok(()),
            other => other.map(drop),
        }
    }
}

impl Written {
    /// What a change writes, as a start reads it.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`: the start would end with the same.
    fn by(change: &Change, attachments: &Attachments) -> Result<Self> {
        Ok(match change {
            Change::Put { place, .. } | Change::Annotate { place, .. } => {
                let overflow = |_: &str| Ok(attachments.overflow.to_vec());
                let sidecar = sidecar::decode(&attachments.document, &place.path.sidecar(), overflow)?;
                Self::Version(Box::new(Version::of(&sidecar)))
            }
            Change::BucketPut { .. } => {
                let document = BucketDocument::decode(&attachments.document, "log record")?;
                let item = Item::of_bucket(&document);
                Self::Bucket(LoggedBucket { generation: document.generation, item })
            }
            Change::Remove { .. }
            | Change::Dispose { .. }
            | Change::BucketRemove { .. }
            | Change::Abort { .. }
            | Change::Mode { .. }
            | Change::Release { .. }
            | Change::Restore { .. }
            | Change::Note => Self::Nothing,
        })
    }
}
