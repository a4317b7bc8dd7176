//! The check itself: locks, what the logs will still do, every element, then what lies across them.

use std::io;

use super::bucket::Documents;
use super::finding::{Finding, FindingKind, Severity, told};
use super::hour::Sum;
use super::options::{FsckOptions, Progress, Step};
use super::pending::{Fate, Pending};
use super::repair::Repair;
use super::report::{Report, Tally};
use super::root::{self, Root};
use super::sidecar_file::SidecarFile;
use super::twice::{Newest, Placed, Twice, Version};
use super::walk::{Met, walk};
use crate::archive::{CheckpointMark, read_archive_id};
use crate::clock::Clock;
use crate::disk::{Disk, EntryKind, SharedDisk, parent};
use crate::error::{Error, ErrorKind, Result};
use crate::name::SIDECAR_SUFFIX;
use crate::sequence;
use crate::sidecar::Kind;
use crate::state::StateHasher;

/// A check under way.
pub(super) struct Run<'a> {
    pub(super) options: &'a FsckOptions,
    pub(super) tally: Tally,
    pub(super) pending: Pending,
    pub(super) twice: Twice,
    /// `None` of a check, which changes nothing.
    pub(super) repair: Option<Repair<'a>>,
    /// `None` where no digest was asked for.
    pub(super) state: Option<StateHasher>,
    /// Sidecars that cannot be read and are where they were.
    pub(super) unreadable: u64,
    progress: &'a mut dyn FnMut(Progress),
    sidecars: u64,
    bytes: u64,
}

/// An element whose files were read.
pub(super) struct Checked {
    pub(super) root: Root,
    pub(super) sum: Sum,
    pub(super) documents: Documents,
}

/// Checks the archive in `options.data` and reports; nothing on disk changes but the holder's name in
/// the lock files. `progress` is told of every sidecar and every MiB of content.
///
/// What is damaged is a finding, never an error, disk errors on single files included.
///
/// *Errors*: `Locked` naming the holder where another process owns the archive or an element;
/// `InvalidArgument` where there is no archive; `Io` where a lock cannot be taken.
pub fn check(options: FsckOptions, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    run(&options, None, progress)
}

/// Checks the archive as [`check`] does and puts right what can be: docs/STORAGE.md, section 9, says what
/// it does about each kind of finding. Nothing is destroyed: what cannot be placed goes to the quarantine
/// of its element. `clock` names the run and dates its reasons.
///
/// *Durability*: every step is durable when the next begins. A repair that is stopped and run again ends
/// as one that was not.
///
/// *Errors*: those of [`check`]; that a single step fails is its finding's outcome.
pub fn repair(options: FsckOptions, clock: &dyn Clock, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    run(&options, Some(clock), progress)
}

fn run(
    options: &FsckOptions,
    repair: Option<&dyn Clock>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let disk = open_archive(options)?;
    let data = || options.data.display().to_string();
    let lock = root::lock(&*disk, "lock", &options.holder, data)?;
    if repair.is_some() && lock.is_none() {
        return Err(Error::new(ErrorKind::Io, "repair")
            .about(data())
            .because("its lock cannot be taken: the file system is read-only"));
    }
    let mut tally = Tally::default();
    let mark = check_control(&*disk, &mut tally);
    let (mut roots, absent) = root::open_all(options, &*disk, repair.is_some(), &mut tally)?;
    let pending = Pending::read(&mut roots, mark.as_ref(), &mut tally);
    let known = roots.iter().map(|root| &root.report).chain(&absent).map(|report| report.root.clone());
    let repair =
        repair.map(|clock| Repair::new(clock, &tally, known.chain([options.data.clone()]).collect()));
    if repair.is_some() {
        tally.begin_repair();
    }
    let mut run = Run {
        options,
        tally,
        pending,
        twice: Twice::default(),
        repair,
        state: options.digest.then(StateHasher::new),
        unreadable: 0,
        progress,
        sidecars: 0,
        bytes: 0,
    };
    let all: Vec<Checked> = roots.into_iter().map(|root| run.check_element(root)).collect();
    run.check_buckets(&all, absent.is_empty());
    run.check_versions(&all);
    if let Some(mark) = &mark {
        run.check_catalog(&*disk, mark, &all, absent.is_empty());
    }
    let state = run.state_report(&all, &absent);
    let elements = all.into_iter().map(|checked| checked.root.report).chain(absent).collect();
    Ok(Report { state, ..run.tally.into_report(elements, options.verify_content) })
}

/// Opens the data directory where it is one.
fn open_archive(options: &FsckOptions) -> Result<SharedDisk> {
    let none = || {
        Error::new(ErrorKind::InvalidArgument, "check")
            .about(options.data.display())
            .because("there is no archive: choose another --data")
    };
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => none().caused_by(error),
        _ => Error::io("open data directory", options.data.display(), error),
    };
    let disk = options.disks.open(&options.data, false).map_err(io)?;
    for folder in ["control", crate::archive::ELEMENTS_DIR] {
        if !disk.exists(folder).map_err(io)? {
            return Err(none());
        }
    }
    Ok(disk)
}

/// Reads the control documents that a start cannot do without; answers with the last checkpoint.
fn check_control(disk: &dyn Disk, tally: &mut Tally) -> Option<CheckpointMark> {
    let mut damaged = |path: &str, detail: String| {
        tally.add(Finding::new(FindingKind::ControlDocumentDamaged, None, path, detail));
    };
    if let Err(error) = read_archive_id(disk) {
        damaged("control/archive.json", told(&error));
    }
    if let Err(error) = sequence::check_reserve(disk) {
        damaged("control/sequence.0.json", told(&error));
    }
    let mark = CheckpointMark::read(disk);
    mark.map_err(|error| damaged("control/checkpoint.0.json", told(&error))).ok()
}

impl Run<'_> {
    fn check_element(&mut self, mut root: Root) -> Checked {
        self.check_quarantine(&mut root);
        self.pending.check_staged(&root, &mut self.tally);
        self.count_logged(&root);
        self.check_staging(&root);
        root.report.open_uploads = self.check_uploads(&root);
        let documents = self.check_bucket_documents(&root);
        let mut sum = Sum::default();
        walk(&*root.disk, &mut |met| match met {
            Met::Hour(hour, entries) => self.check_hour(&root, &mut sum, hour, entries),
            Met::Foreign(path) => {
                self.report_foreign(&root, path, "it does not belong to an element");
            }
            Met::Unreadable(path, error) => {
                let detail = format_args!("the folder cannot be read: {error}");
                self.tally.add(root.finding(FindingKind::UnreadableFile, path, detail));
            }
        });
        root.report.objects = sum.objects;
        root.report.markers = sum.markers;
        root.report.tombstones = sum.tombstones;
        root.report.bytes = sum.bytes;
        Checked { root, sum, documents }
    }

    /// Finds versions that lie twice: further passes over the sidecars where there are many, and one more
    /// where any is suspected.
    fn check_versions(&mut self, all: &[Checked]) {
        self.sidecars = 0;
        while self.twice.next_pass() {
            for (_, version) in all.iter().flat_map(|checked| self.pending.versions(checked.root.id)) {
                self.twice.offer_version(version);
            }
            self.read_again(all, &mut |run, _, _, file| run.twice.offer(&file.sidecar));
        }
        self.tally.add_unlisted(Severity::Inconsistent, self.twice.unfollowed());
        if !self.twice.has_suspects() {
            return;
        }
        let mut newest = Newest::default();
        for Checked { root, .. } in all {
            for (path, version) in self.pending.versions(root.id) {
                if self.twice.suspects(version)
                    && let Some((older, _)) = newest.take(version, &root.name, path.clone(), true)
                    && let Some(state) = &mut self.state
                {
                    state.remove(&older.item);
                }
            }
        }
        self.read_again(all, &mut |run, root, path, file| {
            let version = Version::of(&file.sidecar);
            if !run.twice.suspects(&version) {
                return;
            }
            if let Some((older, newer)) = newest.take(&version, &root.name, path, false) {
                run.report_superseded(all, &version, older, &newer);
            }
        });
    }

    /// Reports a placement that does not count. A repair moves the pair, unless the log names it.
    fn report_superseded(&mut self, all: &[Checked], version: &Version, older: Placed, newer: &Placed) {
        if let Some(state) = &mut self.state {
            state.remove(&older.item);
        }
        let root = all.iter().map(|checked| &checked.root).find(|root| root.name == older.element);
        let Some(root) = root.filter(|_| !older.is_logged) else { return };
        let Version { bucket, key, version_id, .. } = version;
        let detail = format_args!(
            "version {version_id} of {bucket}/{key} counts as it lies on {} at {}",
            newer.element, newer.path
        );
        let paths = self.files_beside(root, &older.path);
        self.report_misfit(root, root.finding(FindingKind::SupersededVersion, older.path, detail), &paths);
    }

    /// The files of the pair whose sidecar is at `path`, that first; none where the log names it.
    fn files_beside(&self, root: &Root, path: &str) -> Vec<String> {
        let data = path.strip_suffix(SIDECAR_SUFFIX).unwrap_or(path);
        if self.repair.is_none() || self.pending.fate(root.id, data).is_some() {
            return Vec::new();
        }
        let overflow = SidecarFile::read(&*root.disk, path).ok().and_then(|file| file.overflow);
        let overflow = overflow.map(|name| format!("{}/{name}", parent(path)));
        let data = Some(data.to_owned()).filter(|data| root.disk.exists(data).unwrap_or(false));
        std::iter::once(path.to_owned()).chain(overflow).chain(data).collect()
    }

    /// Reads every sidecar that counts once more; those that cannot be read were reported.
    fn read_again(&mut self, all: &[Checked], take: &mut dyn FnMut(&mut Self, &Root, String, SidecarFile)) {
        for Checked { root, .. } in all {
            walk(&*root.disk, &mut |met| {
                let Met::Hour(hour, entries) = met else { return };
                for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::File) {
                    let Some(name) = entry.name.strip_suffix(SIDECAR_SUFFIX) else { continue };
                    let data = format!("{hour}/{name}");
                    let is_removed = self.pending.fate(root.id, &data) == Some(Fate::Removed);
                    if is_removed || self.pending.has_version(root.id, &data) {
                        continue;
                    }
                    self.step(root, Step::Versions, 1, 0);
                    let path = format!("{data}{SIDECAR_SUFFIX}");
                    match SidecarFile::read(&*root.disk, &path) {
                        Ok(file)
                            if file.sidecar.path.data() == data && file.sidecar.kind != Kind::Tombstone =>
                        {
                            take(self, root, path, file);
                        }
                        _ => {}
                    }
                }
            });
        }
    }

    /// Tells how far the check is.
    pub(super) fn step(&mut self, root: &Root, step: Step, sidecars: u64, bytes: u64) {
        self.sidecars += sidecars;
        self.bytes += bytes;
        let element = root.name.clone();
        (self.progress)(Progress { element, step, sidecars: self.sidecars, bytes: self.bytes });
    }
}
