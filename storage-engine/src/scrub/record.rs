//! What is known of the pass under way and the last whole one; kept beside the archive so that the next
//! process goes on. Derived: a damaged record begins a new pass.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::known_damage::{DamagedObject, KnownDamage};
use crate::disk::Disk;
use crate::document::{self, Members};
use crate::error::{Error, Result};
use crate::fsck::{Finding, Severity};

/// Most findings of each severity that are kept of a pass; the others are counted.
pub const FINDINGS_MAX: usize = 1000;
/// The record in the data directory.
pub(super) const PATH: &str = "scrub.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Something that a scrub found, as [`Finding`] says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScrubFinding {
    /// `damage`, `inconsistent` or `note`.
    pub severity: String,
    /// The kind as programs read it.
    pub kind: String,
    /// The element; `None` where it concerns the data directory.
    pub element: Option<String>,
    /// The path, relative to the element's root or to the data directory.
    pub path: String,
    /// What is wrong, for people.
    pub detail: String,
    /// What to do, for people.
    pub remedy: String,
    /// The object whose bytes it concerns.
    pub object: Option<DamagedObject>,
}

/// What is known of one pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassReport {
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// When it ended; `None` while it is under way.
    pub ended_ms: Option<u64>,
    /// Sidecars read.
    pub sidecars: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Findings that are damage.
    pub damage: u64,
    /// Findings that are inconsistent.
    pub inconsistent: u64,
    /// Notes.
    pub notes: u64,
    /// The findings, at most [`FINDINGS_MAX`] of each severity.
    pub findings: Vec<ScrubFinding>,
    /// Where it stands.
    pub(super) position: Position,
    /// What is to be looked at again.
    pub(super) suspects: Vec<Suspect>,
}

/// Where a pass stands: everything before it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Number of the step.
    pub(super) step: usize,
    /// The element's id, where the step is done for each of them.
    pub(super) element: String,
    /// What was looked at last in this step.
    pub(super) at: String,
}

/// A name in an hour folder that looked wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Suspect {
    pub(super) element: String,
    pub(super) hour: String,
    pub(super) name: String,
    /// File names of the overflow sidecars that lay beside it.
    pub(super) overflows: Vec<String>,
}

/// The scrub as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrubStatus {
    /// Whether a pass is being worked on.
    pub is_running: bool,
    /// What it does.
    pub step: &'static str,
    /// What it looked at last.
    pub at: String,
    /// Sidecars that it has to read in all.
    pub versions: u64,
    /// The pass under way, or stopped in its midst.
    pub current: Option<PassReport>,
    /// The last pass that came to its end.
    pub last: Option<PassReport>,
}

/// This pass and the last one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) current: Option<PassReport>,
    pub(super) last: Option<PassReport>,
}

/// What the archive's threads share of the scrub.
#[derive(Default)]
pub(crate) struct ScrubState {
    record: Mutex<Record>,
    /// Whether a thread works on a pass.
    pub(super) is_running: AtomicBool,
    pub(crate) damage: KnownDamage,
}

impl ScrubState {
    /// Takes up what an earlier process knew.
    pub(crate) fn load(disk: &dyn Disk) -> Self {
        let record = Record::read(disk).unwrap_or_default();
        let damage = KnownDamage::default();
        for pass in [&record.last, &record.current].into_iter().flatten() {
            pass.findings
                .iter()
                .filter_map(|found| found.object.clone())
                .for_each(|object| damage.add(object));
        }
        Self { record: Mutex::new(record), is_running: AtomicBool::new(false), damage }
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// Reads the record; `None` where there is none that can be read.
    pub(super) fn read(disk: &dyn Disk) -> Option<Self> {
        let bytes = disk.read_whole(PATH, BYTES_MAX).ok()?;
        let members = document::parse(&bytes, SCHEMA, PATH).ok()?;
        serde_json::from_value(Value::Object(members)).ok()
    }

    /// Writes the record. *Durability*: durable on return.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let invalid =
            |error| Error::new(crate::ErrorKind::InvalidArgument, "encode").about(PATH).caused_by(error);
        let mut members = match serde_json::to_value(self).map_err(invalid)? {
            Value::Object(members) => members,
            _ => Members::new(),
        };
        members.insert("schema".into(), SCHEMA.into());
        let bytes = document::render(&members, &["schema"]);
        disk.write_durable(PATH, &bytes).map_err(|error| Error::io("write", PATH, error))
    }
}

impl PassReport {
    /// What was counted.
    pub(super) fn without_findings(&self) -> Self {
        Self {
            started_ms: self.started_ms,
            ended_ms: self.ended_ms,
            sidecars: self.sidecars,
            bytes: self.bytes,
            damage: self.damage,
            inconsistent: self.inconsistent,
            notes: self.notes,
            findings: Vec::new(),
            position: self.position.clone(),
            suspects: Vec::new(),
        }
    }

    /// Counts a finding, and keeps it while there is room for its severity; says whether it is new.
    pub(super) fn add(&mut self, found: &Finding, object: Option<DamagedObject>) -> bool {
        let finding = ScrubFinding::of(found, object);
        // A pass that went on after a stop meets some things twice.
        if self.findings.iter().any(|known| known.is_of_same(&finding)) {
            return false;
        }
        let count = match found.severity {
            Severity::Damage => &mut self.damage,
            Severity::Inconsistent => &mut self.inconsistent,
            Severity::Note => &mut self.notes,
        };
        *count += 1;
        let is_kept = *count <= FINDINGS_MAX as u64;
        if is_kept {
            self.findings.push(finding);
        }
        is_kept
    }
}

impl ScrubFinding {
    fn of(found: &Finding, object: Option<DamagedObject>) -> Self {
        Self {
            severity: found.severity.as_str().to_owned(),
            kind: found.kind.as_str().to_owned(),
            element: found.element.as_ref().map(ToString::to_string),
            path: found.path.clone(),
            detail: found.detail.clone(),
            remedy: found.remedy.to_owned(),
            object,
        }
    }

    fn is_of_same(&self, other: &Self) -> bool {
        (&self.kind, &self.element, &self.path) == (&other.kind, &other.element, &other.path)
    }
}
