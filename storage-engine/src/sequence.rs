//! The archive-wide sequence: one number for each change, never given twice.
//!
//! A reserve is kept in `control/`: numbers up to it may have been given, so that after any stop the
//! sequence goes on above it, whatever log and catalog still know.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::disk::SharedDisk;
use crate::document::Members;
use crate::error::{Error, ErrorKind, Result};
use crate::twin::TwinDocument;

const STEM: &str = "control/sequence";
/// Numbers reserved at once: one durable write for each so many changes.
const STEP: u64 = 1_000_000;

/// Gives out sequence numbers.
pub(crate) struct Sequence {
    disk: SharedDisk,
    state: Mutex<State>,
}

struct State {
    document: TwinDocument,
    next: u64,
    reserved: u64,
}

/// Reads the reserve as a start does; one that was never written is in order.
///
/// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
pub(crate) fn check_reserve(disk: &dyn crate::disk::Disk) -> Result<()> {
    TwinDocument::open(disk, STEM).map(drop)
}

impl Sequence {
    /// Goes on above the reserve.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn open(disk: SharedDisk) -> Result<Self> {
        let (document, members) = TwinDocument::open(&*disk, STEM)?;
        let reserved = match members {
            None => 0,
            Some(members) => members
                .get("reserved")
                .and_then(Value::as_u64)
                .ok_or_else(|| Error::new(ErrorKind::Corrupt, "read").about(STEM))?,
        };
        Ok(Self { disk, state: Mutex::new(State { document, next: reserved + 1, reserved }) })
    }

    /// Goes on above `seen`, a number found in a sidecar, log or catalog.
    pub(crate) fn rise_above(&self, seen: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next = state.next.max(seen.saturating_add(1));
    }

    /// The last number that was given, or lies below every one to come.
    pub(crate) fn last(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).next - 1
    }

    /// Draws the next number.
    ///
    /// *Errors*: `Io` where a new reserve cannot be written.
    pub(crate) fn draw(&self) -> Result<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next > state.reserved {
            let reserved = state.next.saturating_add(STEP);
            let members = Members::from_iter([("reserved".to_owned(), reserved.into())]);
            state.document.write(&*self.disk, members)?;
            state.reserved = reserved;
        }
        let drawn = state.next;
        state.next += 1;
        Ok(drawn)
    }
}
