//! The scrub as commands and programs are told of it, as JSON. Fields may be added, and are never renamed.

use serde::{Deserialize, Serialize};
use storage_engine::scrub::{PassReport, ScrubFinding, ScrubStatus};

/// The scrub of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScrubDocument {
    /// Whether a pass is being worked on, or about to.
    #[serde(rename = "running")]
    pub(crate) is_running: bool,
    /// When the next pass begins by itself, in milliseconds since 1970: 0 as soon as may be, `null` where none does.
    pub(crate) next_ms: Option<u64>,
    /// What the pass under way does.
    pub(crate) step: String,
    /// What it looked at last.
    pub(crate) at: String,
    /// Sidecars that a pass has to read; 0 where no server runs.
    pub(crate) versions: u64,
    /// The pass under way, or stopped in its midst.
    pub(crate) current: Option<PassDocument>,
    /// The last pass that came to its end.
    pub(crate) last: Option<PassDocument>,
}

/// One pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassDocument {
    /// When it began, in milliseconds since 1970.
    pub(crate) started_ms: u64,
    /// When it ended; `null` while it is under way.
    pub(crate) ended_ms: Option<u64>,
    /// Sidecars read.
    pub(crate) sidecars: u64,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Findings that are damage.
    pub(crate) damage: u64,
    /// Findings that are inconsistent.
    pub(crate) inconsistent: u64,
    /// Notes.
    pub(crate) notes: u64,
    /// The findings.
    pub(crate) findings: Vec<ScrubFinding>,
    /// Findings that are counted above and not listed.
    pub(crate) unlisted: u64,
}

/// What starts a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartScrubRequest {
    /// Bytes to read per second, 0 for as fast as it goes; `null` as the settings say.
    pub(crate) rate_bytes: Option<u64>,
}

impl ScrubDocument {
    /// The document of a status.
    pub(crate) fn of(status: ScrubStatus) -> Self {
        Self {
            is_running: status.is_running,
            next_ms: None,
            step: status.step.to_owned(),
            at: status.at,
            versions: status.versions,
            current: status.current.map(PassDocument::of),
            last: status.last.map(PassDocument::of),
        }
    }
}

impl PassDocument {
    fn of(pass: PassReport) -> Self {
        let counted = pass.damage + pass.inconsistent + pass.notes;
        Self {
            started_ms: pass.started_ms,
            ended_ms: pass.ended_ms,
            sidecars: pass.sidecars,
            bytes: pass.bytes,
            damage: pass.damage,
            inconsistent: pass.inconsistent,
            notes: pass.notes,
            unlisted: counted.saturating_sub(pass.findings.len() as u64),
            findings: pass.findings,
        }
    }
}
