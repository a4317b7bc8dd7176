//! Bucket documents: every element that holds something of a bucket carries one.

use std::collections::BTreeMap;
use std::io;

use super::check::{Checked, Run};
use super::finding::{Finding, FindingKind, Severity, told};
use super::outcome::Outcome;
use super::pending::LoggedBucket;
use super::quarantine::QUARANTINE_DIR;
use super::root::Root;
use crate::bucket::{BUCKETS_DIR, BucketDocument};
use crate::disk::EntryKind;
use crate::error::ErrorKind;
use crate::state::Item;

const SUFFIX: &str = ".json";
const PARTIAL_SUFFIX: &str = ".json.partial";

/// Where a document is written that a repair brings: a leftover of that is told from one of the server, and
/// the next repair writes it again.
const RESTORED: &str = ".artstore/quarantine/document";

/// The bucket documents that lie on an element, by name of the bucket.
#[derive(Debug, Default)]
pub(super) struct Documents {
    whole: BTreeMap<String, LoggedBucket>,
    damaged: BTreeMap<String, Damage>,
}

#[derive(Debug)]
struct Damage {
    why: String,
    /// Whether a later release wrote it, or the disk does not give it.
    may_be_whole: bool,
}

impl Documents {
    /// Those that can be read.
    pub(super) fn whole(&self) -> impl Iterator<Item = (&String, &LoggedBucket)> {
        self.whole.iter()
    }

    /// The buckets whose documents cannot be read.
    pub(super) fn damaged_names(&self) -> impl Iterator<Item = &String> {
        self.damaged.keys()
    }
}

impl Run<'_> {
    /// Reads the bucket documents of an element.
    pub(super) fn check_bucket_documents(&mut self, root: &Root) -> Documents {
        let mut documents = Documents::default();
        let entries = match root.disk.read_dir(BUCKETS_DIR) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return documents,
            Err(error) => {
                self.tally.add(root.finding(FindingKind::UnreadableFile, BUCKETS_DIR, error));
                return documents;
            }
        };
        for entry in entries {
            let path = format!("{BUCKETS_DIR}/{}", entry.name);
            let is_file = entry.kind == EntryKind::File;
            if is_file && entry.name.ends_with(PARTIAL_SUFFIX) {
                let detail = "a write of the document beside it was cut short";
                self.report_misfit(root, root.finding(FindingKind::Leftover, &*path, detail), &[path]);
                continue;
            }
            let Some(name) = entry.name.strip_suffix(SUFFIX).filter(|_| is_file) else {
                self.report_foreign(root, path, "it is no bucket document");
                continue;
            };
            match read(root, name, &path) {
                Ok(document) => drop(documents.whole.insert(name.to_owned(), document)),
                Err(damage) => drop(documents.damaged.insert(name.to_owned(), damage)),
            }
        }
        documents
    }

    /// Reports bucket documents that are damaged, and buckets whose objects lie on an element that has no
    /// document of them. A repair brings the latest document of another element.
    pub(super) fn check_buckets(&mut self, all: &[Checked], is_complete: bool) {
        for checked in all {
            let root = &checked.root;
            for (bucket, damage) in &checked.documents.damaged {
                if self.pending.writes_bucket(root.id, bucket) {
                    continue;
                }
                self.report_damaged(all, checked, bucket, damage);
            }
            for bucket in &checked.sum.buckets {
                let has = |checked: &Checked| {
                    checked.documents.whole.contains_key(bucket)
                        || self.pending.writes_bucket(checked.root.id, bucket)
                };
                if has(checked) || checked.documents.damaged.contains_key(bucket) {
                    continue;
                }
                let is_elsewhere = all.iter().any(has);
                let (severity, detail) = match (is_elsewhere, is_complete) {
                    (true, _) => (Severity::Inconsistent, "another element has it"),
                    (false, false) => (Severity::Inconsistent, "an element that is absent may have it"),
                    (false, true) => (Severity::Damage, "no element has it, and its objects are not served"),
                };
                let detail =
                    format_args!("objects of bucket {bucket} lie here without its document; {detail}");
                let finding = root.finding(FindingKind::BucketDocumentMissing, path_of(bucket), detail);
                let source = self.latest(all, bucket);
                self.report_mendable(root, Finding { severity, ..finding }, |_| {
                    source.map(|source| copy(source, root, bucket)).transpose()
                });
            }
        }
    }

    /// Reports a damaged document. Where another element has the bucket's, a repair moves it to the
    /// quarantine, and brings the other here where objects of the bucket lie.
    fn report_damaged(&mut self, all: &[Checked], checked: &Checked, bucket: &str, damage: &Damage) {
        let (root, path) = (&checked.root, path_of(bucket));
        let mut finding = root.finding(FindingKind::BucketDocumentDamaged, &*path, &damage.why);
        let source = self.latest(all, bucket).filter(|_| !damage.may_be_whole);
        if let (Some(source), Some(repair)) = (source, &mut self.repair) {
            let moved = repair.quarantine(root, &finding, &[path]);
            finding.outcome = Some(match moved {
                Outcome::Quarantined(to) if checked.sum.buckets.contains(bucket) => {
                    copy(source, root, bucket).map_or_else(
                        |error| Outcome::Failed(error.to_string()),
                        |from| Outcome::Restored(format!("{from}; the damaged one is at {to}")),
                    )
                }
                Outcome::Quarantined(to) => Outcome::Restored(format!(
                    "element {} has the bucket's document; the damaged one is at {to}",
                    source.name
                )),
                other => other,
            });
        }
        self.tally.add(finding);
    }

    /// The element that has the latest document of a bucket; `None` as well while the logs hold changes,
    /// which may be of the bucket.
    fn latest<'a>(&self, all: &'a [Checked], bucket: &str) -> Option<&'a Root> {
        if !self.pending.is_empty() {
            return None;
        }
        let held = all.iter().filter_map(|checked| Some((checked, checked.documents.whole.get(bucket)?)));
        held.max_by_key(|(_, document)| document.generation).map(|(checked, _)| &checked.root)
    }
}

fn path_of(bucket: &str) -> String {
    format!("{BUCKETS_DIR}/{bucket}{SUFFIX}")
}

fn read(root: &Root, name: &str, path: &str) -> Result<LoggedBucket, Damage> {
    match BucketDocument::read(&*root.disk, path) {
        Ok(document) if document.name.as_str() == name => {
            Ok(LoggedBucket { generation: document.generation, item: Item::of_bucket(&document) })
        }
        Ok(document) => Err(Damage {
            why: format!("it is the document of bucket {}", document.name),
            may_be_whole: false,
        }),
        Err(error) => Err(Damage { may_be_whole: error.kind() != ErrorKind::Corrupt, why: told(&error) }),
    }
}

/// Brings the document of a bucket from one element to another; says from where.
///
/// *Durability*: durable on return.
fn copy(from: &Root, to: &Root, bucket: &str) -> io::Result<String> {
    let document = BucketDocument::read(&*from.disk, &path_of(bucket)).map_err(io::Error::other)?;
    let disk = &*to.disk;
    disk.create_dir_durable(BUCKETS_DIR)?;
    disk.create_dir_durable(QUARANTINE_DIR)?;
    disk.write_durable(RESTORED, &document.encode())?;
    disk.replace(RESTORED, &path_of(bucket))?;
    disk.sync_dir(BUCKETS_DIR)?;
    disk.sync_dir(QUARANTINE_DIR)?;
    Ok(format!("copied from element {}", from.name))
}
