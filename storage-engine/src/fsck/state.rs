//! The state digest as files and logs have it: what a start would serve.

use std::collections::BTreeMap;

use super::check::{Checked, Run};
use super::finding::FindingKind;
use super::pending::LoggedBucket;
use super::report::{ElementReport, StateReport};
use super::root::Root;
use crate::sidecar::Sidecar;
use crate::state::Item;

impl Run<'_> {
    /// Adds the version of a sidecar that the log does not write anew.
    pub(super) fn count_version(&mut self, sidecar: &Sidecar) {
        if let Some(state) = &mut self.state {
            state.add(&Item::of_version(sidecar));
        }
    }

    /// Adds the versions that the log of an element writes.
    pub(super) fn count_logged(&mut self, root: &Root) {
        for (_, version) in self.pending.versions(root.id) {
            self.twice.offer_version(version);
            if let Some(state) = &mut self.state {
                state.add(&version.item);
            }
        }
    }

    /// The state digest, once every element was read.
    pub(super) fn state_report(&mut self, all: &[Checked], absent: &[ElementReport]) -> Option<StateReport> {
        let mut state = self.state.take()?;
        let buckets = self.buckets(all);
        buckets.values().for_each(|bucket| state.add(&bucket.item));
        let unread = all.iter().flat_map(|checked| checked.documents.damaged_names());
        let unread: u64 = unread.map(|name| u64::from(!buckets.contains_key(name))).sum();
        Some(StateReport { digest: state.finish(), gaps: self.gaps(unread, absent) })
    }

    /// What is to be a bucket: of its documents the latest, then what the logs make of it.
    fn buckets(&self, all: &[Checked]) -> BTreeMap<String, LoggedBucket> {
        let mut buckets: BTreeMap<String, LoggedBucket> = BTreeMap::new();
        let admit = |name: &str, document: LoggedBucket, buckets: &mut BTreeMap<String, LoggedBucket>| {
            let is_newer = |known: &LoggedBucket| known.generation < document.generation;
            if buckets.get(name).is_none_or(is_newer) {
                buckets.insert(name.to_owned(), document);
            }
        };
        for (name, document) in all.iter().flat_map(|checked| checked.documents.whole()) {
            admit(name, *document, &mut buckets);
        }
        for (name, document) in self.pending.bucket_changes() {
            match document {
                Some(document) => admit(name.as_str(), *document, &mut buckets),
                None => drop(buckets.remove(name.as_str())),
            }
        }
        buckets
    }

    fn gaps(&self, unread_buckets: u64, absent: &[ElementReport]) -> Vec<String> {
        let absent = absent.iter().map(|element| format!("element {} is absent", element.name));
        let counted = [
            (self.unreadable, "sidecars cannot be read"),
            (unread_buckets, "bucket documents cannot be read"),
            (self.twice.unfollowed(), "versions that may lie twice were not followed up"),
            (
                u64::from(self.tally.has(|kind| kind == FindingKind::LogDamaged)),
                "or more logs cannot be read",
            ),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        absent.chain(counted.map(|(count, what)| format!("{count} {what}"))).collect()
    }
}
