//! A pass: its order, its position, what it adds to the record.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::known_damage::DamagedObject;
use super::paced_disk::{Pace, PacedDisk, Pacer, Work};
use super::record::{PassReport, Position, Record, ScrubState, ScrubStatus, Suspect};
use crate::archive::{Archive, Inner};
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::fsck::{Finding, Severity};

/// Milliseconds between two writes of the record.
const SAVE_MS: u64 = 30_000;
/// Hex of bytes behind every row of the catalog.
const PAST_ALL_ROWS: &str = "ff";

/// What a pass does, in this order; those from the first to the last of elements once for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Control,
    Documents,
    Log,
    Pairs,
    Suspects,
    Versions,
    Blocks,
}

const STEPS: [Step; 7] =
    [Step::Control, Step::Documents, Step::Log, Step::Pairs, Step::Suspects, Step::Versions, Step::Blocks];

/// How a call of [`Archive::scrub`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrubEnd {
    /// The pass came to its end.
    Finished,
    /// The pace said stop; the next call goes on.
    Stopped,
}

/// A pass that is being worked on.
pub(super) struct Pass<'a> {
    pub(super) inner: &'a Inner,
    pub(super) pacer: Pacer,
    saved_ms: u64,
}

/// Held by the one thread that works on a pass.
struct Running<'a>(&'a ScrubState);

impl<'a> Running<'a> {
    /// `None` where another thread does.
    fn begin(state: &'a ScrubState) -> Option<Self> {
        (!state.is_running.swap(true, Ordering::AcqRel)).then(|| Self(state))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

impl Archive {
    /// Works on a pass of the scrub until it ends or `pace` says stop: begins one, or goes on with the one
    /// that was stopped. Reads and never writes, but for its record, every 30 seconds and at the end.
    ///
    /// Blocks for as long as that takes; changes and reads go on beside it.
    ///
    /// *Errors*: `Unavailable` where another thread works on a pass; `Io`, `StorageFull` where the record
    /// cannot be written at the end.
    pub fn scrub(&self, pace: Pace) -> Result<ScrubEnd> {
        let inner = &*self.inner;
        let Some(_running) = Running::begin(&inner.scrub) else {
            return Err(Error::new(ErrorKind::Unavailable, "scrub").because("a pass is under way"));
        };
        let now_ms = inner.options.clock.now_ms();
        {
            let mut record = inner.scrub.record();
            record.current.get_or_insert_with(|| PassReport { started_ms: now_ms, ..PassReport::default() });
        }
        let mut pass = Pass { inner, pacer: Pacer::new(pace), saved_ms: now_ms };
        pass.run();
        pass.end()
    }

    /// How far the scrub is and what it found.
    #[must_use]
    pub fn scrub_status(&self) -> ScrubStatus {
        let is_running = self.inner.scrub.is_running.load(Ordering::Acquire);
        let Record { current, last } = self.inner.scrub.record().clone();
        let versions = self.inner.catalog.versions_count().unwrap_or(0);
        ScrubStatus { is_running, versions, ..ScrubStatus::of(current, last) }
    }

    /// The same without findings, at the cost of a few counters.
    #[must_use]
    pub fn scrub_summary(&self) -> ScrubStatus {
        let is_running = self.inner.scrub.is_running.load(Ordering::Acquire);
        let record = self.inner.scrub.record();
        let bare = |pass: &Option<PassReport>| pass.as_ref().map(PassReport::without_findings);
        ScrubStatus { is_running, ..ScrubStatus::of(bare(&record.current), bare(&record.last)) }
    }

    /// Objects whose bytes a scrub found damaged, at most [`super::FINDINGS_MAX`].
    #[must_use]
    pub fn known_damaged(&self) -> Vec<DamagedObject> {
        self.inner.scrub.damage.all()
    }
}

impl ScrubStatus {
    /// What a process that does not own the archive in `data` finds of its scrub: nothing runs.
    #[must_use]
    pub fn read(disk: &dyn crate::disk::Disk) -> Self {
        let Record { current, last } = Record::read(disk).unwrap_or_default();
        Self::of(current, last)
    }

    fn of(current: Option<PassReport>, last: Option<PassReport>) -> Self {
        let position = current.as_ref().map(|pass| pass.position.clone()).unwrap_or_default();
        let step = current.as_ref().and_then(|_| STEPS.get(position.step)).map_or("", |step| step.as_str());
        let at = if step == Step::Versions.as_str() { String::new() } else { position.at };
        Self { is_running: false, step, at, versions: 0, current, last }
    }
}

impl Position {
    /// Where to go on. Which blocks of the catalog are in use is not known any more, and shows in a walk over
    /// its rows; those that were looked at are passed over.
    fn after_a_stop(self) -> Self {
        match STEPS.get(self.step) {
            Some(Step::Blocks) => {
                Self { step: self.step - 1, element: String::new(), at: PAST_ALL_ROWS.into() }
            }
            _ => self,
        }
    }
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control documents",
            Self::Documents => "documents",
            Self::Log => "log",
            Self::Pairs => "pairs",
            Self::Suspects => "suspects",
            Self::Versions => "catalog",
            Self::Blocks => "catalog file",
        }
    }

    fn is_of_elements(self) -> bool {
        matches!(self, Self::Documents | Self::Log | Self::Pairs)
    }
}

impl Pass<'_> {
    fn run(&mut self) {
        let start = self.inner.scrub.record().current.as_ref().map(|pass| pass.position.clone());
        let start = start.unwrap_or_default().after_a_stop();
        for (number, step) in STEPS.into_iter().enumerate().skip(start.step) {
            let at = |element: &str| {
                let is_here = number == start.step && element == start.element;
                if is_here { start.at.clone() } else { String::new() }
            };
            if !step.is_of_elements() {
                self.go_to(number, "", at(""));
                self.run_step(step, &at(""));
            } else {
                for element in self.inner.ready_elements() {
                    let id = element.id.to_string();
                    if self.pacer.is_stopped() || (number == start.step && id < start.element) {
                        continue;
                    }
                    self.go_to(number, &id, at(&id));
                    self.run_element_step(step, &element, &at(&id));
                }
            }
            if self.pacer.is_stopped() {
                return;
            }
        }
    }

    fn run_step(&mut self, step: Step, at: &str) {
        match step {
            Step::Control => self.check_control(),
            Step::Suspects => self.settle_suspects(),
            Step::Versions => self.check_versions(at),
            Step::Blocks => self.check_blocks(at),
            Step::Documents | Step::Log | Step::Pairs => {}
        }
    }

    fn run_element_step(&mut self, step: Step, element: &Arc<Element>, at: &str) {
        match step {
            Step::Documents => {
                self.check_documents(element);
                self.check_uploads(element);
            }
            Step::Log => self.check_log(element),
            Step::Pairs => self.check_pairs(element, at),
            Step::Control | Step::Suspects | Step::Versions | Step::Blocks => {}
        }
    }

    /// Keeps the record, and where the pass has come to its end makes it the last one.
    fn end(mut self) -> Result<ScrubEnd> {
        let is_finished = !self.pacer.is_stopped();
        if is_finished {
            let mut record = self.inner.scrub.record();
            if let Some(mut pass) = record.current.take() {
                pass.ended_ms = Some(self.inner.options.clock.now_ms());
                pass.position = Position::default();
                self.inner
                    .scrub
                    .damage
                    .replace(pass.findings.iter().filter_map(|found| found.object.clone()));
                let (damage, inconsistent, notes) = (pass.damage, pass.inconsistent, pass.notes);
                tracing::info!(
                    sidecars = pass.sidecars,
                    bytes = pass.bytes,
                    damage,
                    inconsistent,
                    notes,
                    "a pass of the scrub has ended"
                );
                record.last = Some(pass);
            }
        }
        self.save()?;
        Ok(if is_finished { ScrubEnd::Finished } else { ScrubEnd::Stopped })
    }

    /// The disk of an element as the pass reads it.
    pub(super) fn disk_of(&self, element: &Element) -> PacedDisk {
        PacedDisk::new(&element.disk, &self.pacer)
    }

    /// The data directory likewise.
    pub(super) fn data_disk(&self) -> PacedDisk {
        PacedDisk::new(&self.inner.disk, &self.pacer)
    }

    fn go_to(&mut self, step: usize, element: &str, at: String) {
        if let Some(pass) = &mut self.inner.scrub.record().current {
            pass.position = Position { step, element: element.to_owned(), at };
        }
    }

    /// Notes how far the step is.
    pub(super) fn passed(&mut self, at: &str, work: Work) {
        // What was cut short is done again.
        if self.pacer.work(Work { sidecars: work.sidecars, bytes: 0 }).is_err() {
            return;
        }
        if let Some(pass) = &mut self.inner.scrub.record().current {
            at.clone_into(&mut pass.position.at);
            pass.sidecars += work.sidecars;
            pass.bytes += self.pacer.take_bytes();
        }
        let now_ms = self.inner.options.clock.now_ms();
        if now_ms.abs_diff(self.saved_ms) >= SAVE_MS {
            self.saved_ms = now_ms;
            if let Err(error) = self.save() {
                tracing::warn!(%error, "the state of the scrub could not be kept");
            }
        }
    }

    fn save(&mut self) -> Result<()> {
        let record = self.inner.scrub.record().clone();
        record.write(&*self.inner.disk)
    }

    /// Adds a finding, unless the pass was stopped while it looked.
    pub(super) fn found(&mut self, finding: Finding, object: Option<DamagedObject>) {
        if self.pacer.is_stopped() {
            return;
        }
        if let Some(object) = &object {
            self.inner.scrub.damage.add(object.clone());
        }
        let is_new =
            self.inner.scrub.record().current.as_mut().is_some_and(|pass| pass.add(&finding, object));
        if is_new {
            say(&finding);
        }
    }

    /// Keeps a name to be looked at again; looks at all of them where there are many.
    pub(super) fn suspect(&mut self, suspect: Suspect) {
        if self.pacer.is_stopped() {
            return;
        }
        let count = self.inner.scrub.record().current.as_mut().map_or(0, |pass| {
            pass.suspects.push(suspect);
            pass.suspects.len()
        });
        if count >= super::FINDINGS_MAX {
            self.settle_suspects();
        }
    }

    /// Keeps a name although the pass was stopped.
    pub(super) fn keep_suspect(&mut self, suspect: Suspect) {
        if let Some(pass) = &mut self.inner.scrub.record().current {
            pass.suspects.push(suspect);
        }
    }

    /// Takes the names to be looked at again.
    pub(super) fn take_suspects(&mut self) -> Vec<Suspect> {
        let mut record = self.inner.scrub.record();
        record.current.as_mut().map(|pass| std::mem::take(&mut pass.suspects)).unwrap_or_default()
    }

    /// The element of this id, where it is in use.
    pub(super) fn element_of(&self, id: &str) -> Option<Arc<Element>> {
        self.inner.ready_elements().into_iter().find(|element| element.id.to_string() == id)
    }

    /// Holds back checkpoints.
    pub(super) fn hold_checkpoint(&self) -> std::sync::MutexGuard<'_, crate::archive::CheckpointMark> {
        self.inner.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say(finding: &Finding) {
    let (kind, path, detail, remedy) =
        (finding.kind.as_str(), &finding.path, &finding.detail, finding.remedy);
    let element = finding.element.as_ref().map(ToString::to_string).unwrap_or_default();
    match finding.severity {
        Severity::Note => tracing::warn!(kind, element, path, detail, remedy, "the scrub found something"),
        Severity::Damage | Severity::Inconsistent => {
            tracing::error!(kind, element, path, detail, remedy, "the scrub found something wrong");
        }
    }
}
