//! One hour folder: which files belong together, and whether each pair is what its sidecar says.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Run;
use super::content;
use super::finding::{Finding, FindingKind, Severity};
use super::options::Step;
use super::pending::Fate;
use super::root::Root;
use super::sidecar_file::{Fault, SidecarFile};
use crate::disk::{DirEntry, EntryKind};
use crate::log::BodyPlace;
use crate::name::{SIDECAR_SUFFIX, StoredName, StoredPath};
use crate::sidecar::{Kind, Sidecar, split_overflow};

/// Most bucket names that are remembered of an element: as many as an archive has buckets.
const BUCKETS_MAX: usize = crate::archive::bucket::BUCKETS_MAX;

/// What the pairs of one element add up to.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) objects: u64,
    pub(super) markers: u64,
    pub(super) tombstones: u64,
    pub(super) bytes: u64,
    /// Names of the buckets that the pairs belong to.
    pub(super) buckets: BTreeSet<String>,
}

impl Sum {
    /// Versions, markers included.
    pub(super) fn versions(&self) -> u64 {
        self.objects + self.markers
    }
}

/// The files of one stored name.
#[derive(Default)]
struct Files {
    has_data: bool,
    has_sidecar: bool,
    /// File names of overflow sidecars.
    overflows: Vec<String>,
}

impl Run<'_> {
    /// Checks every pair of an hour folder.
    pub(super) fn check_hour(&mut self, root: &Root, sum: &mut Sum, hour: &str, entries: Vec<DirEntry>) {
        for (name, files) in self.group(root, hour, entries) {
            let data = format!("{hour}/{name}");
            let fate = self.pending.fate(root.id, &data);
            if fate == Some(Fate::Removed) {
                continue;
            }
            let pair = Pair { hour, name: &name, data, files, fate };
            if pair.files.has_sidecar {
                self.check_pair(root, sum, &pair);
            } else if fate.is_none() {
                self.report_widowed(root, &pair);
            }
        }
    }

    /// Puts the files of each stored name together, and reports what is no file.
    fn group(&mut self, root: &Root, hour: &str, entries: Vec<DirEntry>) -> BTreeMap<String, Files> {
        let mut groups: BTreeMap<String, Files> = BTreeMap::new();
        for entry in entries {
            if entry.kind != EntryKind::File {
                let what = if entry.kind == EntryKind::Dir { "a folder" } else { "a link or special file" };
                let path = format!("{hour}/{}", entry.name);
                self.report_foreign(root, path, what);
            } else if let Some(name) = entry.name.strip_suffix(SIDECAR_SUFFIX) {
                groups.entry(name.to_owned()).or_default().has_sidecar = true;
            } else if let Some((name, _)) = split_overflow(&entry.name) {
                let name = name.to_owned();
                groups.entry(name).or_default().overflows.push(entry.name);
            } else {
                groups.entry(entry.name).or_default().has_data = true;
            }
        }
        groups
    }

    /// Reports files that no sidecar stands beside.
    fn report_widowed(&mut self, root: &Root, pair: &Pair<'_>) {
        if pair.files.has_data {
            if StoredName::is_shaped(pair.name) || !pair.files.overflows.is_empty() {
                let finding = root.finding(FindingKind::OrphanData, &*pair.data, "no sidecar is beside it");
                self.report_misfit(root, finding, std::slice::from_ref(&pair.data));
            } else {
                self.report_foreign(root, pair.data.clone(), "it does not have a stored name");
            }
        }
        for path in pair.overflow_paths() {
            let finding = root.finding(FindingKind::OrphanOverflow, &*path, "no sidecar is beside it");
            self.report_misfit(root, finding, &[path]);
        }
    }

    fn check_pair(&mut self, root: &Root, sum: &mut Sum, pair: &Pair<'_>) {
        let path = format!("{}{SIDECAR_SUFFIX}", pair.data);
        self.step(root, Step::Pairs, 1, 0);
        let SidecarFile { sidecar, overflow } = match SidecarFile::read(&*root.disk, &path) {
            Ok(read) => read,
            Err(fault) => {
                // A pair that the log writes, or its sidecar, is whole after the next start.
                if pair.fate.is_none() {
                    self.report_unreadable(root, pair, fault);
                }
                return;
            }
        };
        if sidecar.path.sidecar() != path {
            return self.report_misplaced(root, pair, &sidecar);
        }
        for orphan in pair.files.overflows.iter().filter(|name| overflow.as_ref() != Some(*name)) {
            if pair.fate.is_none() {
                let path = format!("{}/{orphan}", pair.hour);
                let detail = "the sidecar beside it does not name it";
                self.report_misfit(root, root.finding(FindingKind::OrphanOverflow, &*path, detail), &[path]);
            }
        }
        if sum.buckets.len() < BUCKETS_MAX {
            sum.buckets.insert(sidecar.bucket.to_string());
        }
        if sidecar.kind != Kind::Tombstone && !self.pending.has_version(root.id, &pair.data) {
            self.twice.offer(&sidecar);
            self.count_version(&sidecar);
        }
        match sidecar.kind {
            Kind::Marker | Kind::Tombstone => {
                sum.markers += u64::from(sidecar.kind == Kind::Marker);
                sum.tombstones += u64::from(sidecar.kind == Kind::Tombstone);
                if pair.files.has_data {
                    let detail =
                        "its sidecar is that of a delete marker or a tombstone, which has no data file";
                    let finding = root.finding(FindingKind::OrphanData, &*pair.data, detail);
                    // What the log names is left to the next start.
                    let paths = [pair.data.clone()];
                    self.report_misfit(
                        root,
                        finding,
                        paths.get(..usize::from(pair.fate.is_none())).unwrap_or(&[]),
                    );
                }
            }
            Kind::Object => {
                sum.objects += 1;
                sum.bytes += sidecar.size;
                self.check_object(root, pair, &sidecar);
            }
        }
    }

    /// Reports a sidecar that cannot be read. One that is damaged cannot come right: a repair takes the whole
    /// pair, so that it stays together. What a newer release wrote, a disk does not give or an overflow
    /// sidecar is missing from is left.
    fn report_unreadable(&mut self, root: &Root, pair: &Pair<'_>, fault: Fault) {
        let is_damaged = fault.kind == FindingKind::UnreadableSidecar && !fault.is_newer;
        let finding = root.finding(fault.kind, fault.path, fault.detail);
        let is_gone = if is_damaged {
            self.report_misfit(root, finding, &pair.paths())
        } else {
            self.tally.add(finding);
            false
        };
        self.unreadable += u64::from(!is_gone);
    }

    /// Reports a pair that lies where it does not belong. It is not moved to its own place, although that may
    /// be empty: what was copied and then deleted must not come back.
    fn report_misplaced(&mut self, root: &Root, pair: &Pair<'_>, sidecar: &Sidecar) {
        let path = format!("{}{SIDECAR_SUFFIX}", pair.data);
        let is_lost = root.disk.exists(&sidecar.path.sidecar()).is_ok_and(|exists| !exists);
        let severity = if is_lost { Severity::Damage } else { Severity::Inconsistent };
        let there = if is_lost { "nothing is there" } else { "another pair is there" };
        let detail = format_args!("it says that its data file is {}; {there}", sidecar.path);
        let finding = Finding { severity, ..root.finding(FindingKind::MisplacedSidecar, path, detail) };
        let paths = if pair.fate.is_none() { pair.paths() } else { Vec::new() };
        self.report_misfit(root, finding, &paths);
    }

    /// Checks the data file of an object, and the file of its block digests.
    fn check_object(&mut self, root: &Root, pair: &Pair<'_>, sidecar: &Sidecar) {
        let is_written_anew = matches!(pair.fate, Some(Fate::Written(BodyPlace::Inline | BodyPlace::Absent)));
        if is_written_anew || (!pair.files.has_data && matches!(pair.fate, Some(Fate::Written(_)))) {
            return;
        }
        if !pair.files.has_data {
            if !root.is_archived() {
                let detail = format_args!(
                    "the data file of {}/{} is not there: {} bytes",
                    sidecar.bucket, sidecar.key, sidecar.size
                );
                let path = StoredPath::sidecar(&sidecar.path);
                self.tally.add(root.finding(FindingKind::OrphanSidecar, path, detail));
            }
            return;
        }
        let (blocks, lost) = content::blocks_of(&*root.disk, sidecar);
        let verify = self.options.verify_content;
        let checked = content::check(&*root.disk, sidecar, &blocks, verify, &mut |bytes| {
            self.step(root, Step::Pairs, 0, bytes);
        });
        let is_right = checked.is_ok();
        if let Some((path, why)) = lost.filter(|_| pair.fate.is_none()) {
            let detail = format_args!("the block digests of {}: {why}", pair.data);
            let finding = root.finding(FindingKind::BlockDigests, path, detail);
            self.report_mendable(root, finding, |disk| {
                if is_right { content::remake_blocks(disk, sidecar) } else { Ok(None) }
            });
        }
        if let Err(wrong) = checked {
            let detail = format_args!("{}/{}: {}", sidecar.bucket, sidecar.key, wrong.detail);
            self.tally.add(root.finding(wrong.kind, &*pair.data, detail));
        }
    }
}

/// A stored name in its hour folder, with what is there of it.
struct Pair<'a> {
    hour: &'a str,
    name: &'a str,
    /// The path of the data file.
    data: String,
    files: Files,
    /// What a start will do with it.
    fate: Option<Fate>,
}

impl Pair<'_> {
    fn overflow_paths(&self) -> Vec<String> {
        self.files.overflows.iter().map(|name| format!("{}/{name}", self.hour)).collect()
    }

    /// The paths of its files, the sidecar first, so that what a stop leaves behind is told to be without it.
    fn paths(&self) -> Vec<String> {
        let sidecar = self.files.has_sidecar.then(|| format!("{}{SIDECAR_SUFFIX}", self.data));
        let data = self.files.has_data.then(|| self.data.clone());
        sidecar.into_iter().chain(self.overflow_paths()).chain(data).collect()
    }
}
