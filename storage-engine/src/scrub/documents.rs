//! Documents: those under `control/`, and element and bucket documents.

use super::paced_disk::PacedDisk;
use super::pair::is_there;
use super::pass::Pass;
use crate::archive::read_archive_id;
use crate::bucket::{BUCKETS_DIR, BucketDocument};
use crate::disk::{Disk, EntryKind, PARTIAL_SUFFIX};
use crate::element::{Element, ElementDocument, Registry};
use crate::fsck::{Finding, FindingKind, Severity, told};
use crate::twin;

const ELEMENT_DOCUMENT: &str = "element.json";
const SUFFIX: &str = ".json";
/// Documents that are kept twice, and overwritten in place by turns.
const TWINS: [&str; 2] = ["control/sequence", "control/checkpoint"];

impl Pass<'_> {
    /// Reads the control documents that a start cannot do without.
    pub(super) fn check_control(&mut self) {
        let disk = self.data_disk();
        let kind = FindingKind::ControlDocumentDamaged;
        match read_archive_id(&disk) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let finding = Finding::new(kind, None, "control/archive.json", "it is not there");
                self.found(finding, None);
            }
            Err(error) => self.unreadable(kind, None, "control/archive.json", &error),
        }
        if let Err(error) = Registry::read(&disk) {
            self.unreadable(kind, None, "control/elements.json", &error);
        }
        for stem in TWINS {
            let paths = twin::paths(stem);
            // Both are made together, by the first write.
            if paths.iter().any(|path| is_there(&disk, path)) {
                paths.iter().for_each(|path| self.check_twin(&disk, path));
            }
        }
    }

    /// Reads one file of a document that is kept twice. It may be being overwritten: only what stays
    /// as it is counts.
    fn check_twin(&mut self, disk: &dyn Disk, path: &str) {
        let Err(error) = twin::read(disk, path) else { return };
        let mut before = disk.read_whole(path, twin::BYTES_MAX).ok();
        for _ in 0..100 {
            let now = disk.read_whole(path, twin::BYTES_MAX).ok();
            if twin::read(disk, path).is_ok() {
                return;
            }
            if now == before {
                let finding = Finding::new(FindingKind::ControlDocumentDamaged, None, path, told(&error));
                // The other one of the two is read then, and the next change overwrites this one.
                return self.found(Finding { severity: Severity::Inconsistent, ..finding }, None);
            }
            before = now;
        }
    }

    /// Reads the documents that lie on an element.
    pub(super) fn check_documents(&mut self, element: &Element) {
        let disk = self.disk_of(element);
        let kind = FindingKind::ElementDocumentDamaged;
        match ElementDocument::read(&disk) {
            Ok(Some(document)) if document.id == element.id => {}
            Ok(found) => {
                let detail = match found {
                    Some(other) => format!("it is that of element {} ({})", other.name, other.id),
                    None => "it is not there".to_owned(),
                };
                self.found(Finding::new(kind, Some(&element.name), ELEMENT_DOCUMENT, detail), None);
            }
            Err(error) => self.unreadable(kind, Some(element), ELEMENT_DOCUMENT, &error),
        }
        self.check_bucket_documents(element, &disk);
        for document in self.inner.buckets.all() {
            self.check_held_bucket(element, &document);
        }
    }

    fn check_bucket_documents(&mut self, element: &Element, disk: &PacedDisk) {
        let entries = match disk.read_dir(BUCKETS_DIR) {
            Ok(entries) => entries,
            Err(error) => {
                let kind = FindingKind::UnreadableFile;
                return self.found(Finding::new(kind, Some(&element.name), BUCKETS_DIR, error), None);
            }
        };
        for entry in entries {
            let path = format!("{BUCKETS_DIR}/{}", entry.name);
            let name = entry.name.strip_suffix(SUFFIX).filter(|_| entry.kind == EntryKind::File);
            let Some(name) = name else {
                let is_partial = entry.kind == EntryKind::File && entry.name.ends_with(PARTIAL_SUFFIX);
                if !is_partial && element.disk.exists(&path).unwrap_or(true) {
                    let (kind, detail) = (FindingKind::ForeignFile, "it is no bucket document");
                    self.found(Finding::new(kind, Some(&element.name), path, detail), None);
                }
                continue;
            };
            match BucketDocument::read(disk, &path) {
                Ok(document) if document.name.as_str() == name => {}
                Ok(document) => {
                    let detail = format!("it is the document of bucket {}", document.name);
                    let kind = FindingKind::BucketDocumentDamaged;
                    self.found(Finding::new(kind, Some(&element.name), path, detail), None);
                }
                // The bucket was deleted meanwhile.
                Err(error) if error.is_missing_file() => {}
                Err(error) => {
                    self.unreadable(FindingKind::BucketDocumentDamaged, Some(element), &path, &error);
                }
            }
        }
    }

    /// Reports the document of a bucket that was on the element and is not there any more.
    fn check_held_bucket(&mut self, element: &Element, document: &BucketDocument) {
        let path = BucketDocument::path(&document.name);
        let is_lost = {
            // Held, so that nobody deletes the bucket meanwhile.
            let Ok(bucket) = self.inner.buckets.get(&document.name) else { return };
            let held = bucket.hold();
            let read = BucketDocument::read(&*element.disk, &path);
            let is_missing = matches!(&read, Err(error) if error.is_missing_file());
            held.is_some() && element.holds_bucket(&document.name) && is_missing
        };
        if is_lost {
            let detail = "it lay here when the bucket was last changed, and is not there";
            let kind = FindingKind::BucketDocumentMissing;
            self.found(Finding::new(kind, Some(&element.name), path, detail), None);
        }
    }
}
