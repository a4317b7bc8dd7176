//! Bucket documents: every element that holds something of a bucket carries one.

use std::collections::BTreeSet;
use std::io;

use super::check::{Checked, Run};
use super::finding::{Finding, FindingKind, Severity, told};
use super::root::Root;
use crate::bucket::{BUCKETS_DIR, BucketDocument};
use crate::disk::EntryKind;

const SUFFIX: &str = ".json";
const PARTIAL_SUFFIX: &str = ".json.partial";

/// The bucket documents that lie on an element.
#[derive(Debug, Default)]
pub(super) struct Documents {
    whole: BTreeSet<String>,
    damaged: BTreeSet<String>,
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
                self.tally.add(root.finding(FindingKind::Leftover, path, detail));
                continue;
            }
            let Some(name) = entry.name.strip_suffix(SUFFIX).filter(|_| is_file) else {
                self.tally.add(root.finding(FindingKind::ForeignFile, path, "it is no bucket document"));
                continue;
            };
            let why = match BucketDocument::read(&*root.disk, &path) {
                Ok(document) if document.name.as_str() == name => {
                    documents.whole.insert(name.to_owned());
                    continue;
                }
                Ok(document) => format!("it is the document of bucket {}", document.name),
                Err(error) => told(&error),
            };
            documents.damaged.insert(name.to_owned());
            if !self.pending.writes_bucket(root.id, name) {
                self.tally.add(root.finding(FindingKind::BucketDocumentDamaged, path, why));
            }
        }
        documents
    }

    /// Reports buckets whose objects lie on an element that has no document of them.
    pub(super) fn check_buckets(&mut self, all: &[Checked], is_complete: bool) {
        for checked in all {
            for bucket in &checked.sum.buckets {
                let has = |checked: &Checked| {
                    checked.documents.whole.contains(bucket)
                        || self.pending.writes_bucket(checked.root.id, bucket)
                };
                if has(checked) || checked.documents.damaged.contains(bucket) {
                    continue;
                }
                let is_elsewhere = all.iter().any(has);
                let (severity, detail) = match (is_elsewhere, is_complete) {
                    (true, _) => (Severity::Inconsistent, "another element has it"),
                    (false, false) => (Severity::Inconsistent, "an element that is absent may have it"),
                    (false, true) => (Severity::Damage, "no element has it, and its objects are not served"),
                };
                let path = format!("{BUCKETS_DIR}/{bucket}{SUFFIX}");
                let detail =
                    format_args!("objects of bucket {bucket} lie here without its document; {detail}");
                let finding = checked.root.finding(FindingKind::BucketDocumentMissing, path, detail);
                self.tally.add(Finding { severity, ..finding });
            }
        }
    }
}
