//! The archive-wide sequence: one number for each change, never given twice.
//!
//! A reserve is kept in `control/sequence.json`: numbers up to it may have been given, so that after
//! any stop the sequence goes on above it, whatever log and catalog still know.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::disk::SharedDisk;
use crate::document;
use crate::error::{Error, ErrorKind, Result};

const PATH: &str = "control/sequence.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 4096;
/// Numbers reserved at once: one durable write for each so many changes.
const STEP: u64 = 1_000_000;

/// Gives out sequence numbers.
pub(crate) struct Sequence {
    disk: SharedDisk,
    state: Mutex<State>,
}

struct State {
    next: u64,
    reserved: u64,
}

impl Sequence {
    /// Goes on above the reserve.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn open(disk: SharedDisk) -> Result<Self> {
        let reserved = match disk.read_whole(PATH, BYTES_MAX) {
            Ok(bytes) => document::parse(&bytes, SCHEMA, PATH)?.get("reserved").and_then(Value::as_u64),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(0),
            Err(error) => return Err(Error::io("read", PATH, error)),
        };
        let reserved = reserved.ok_or_else(|| Error::new(ErrorKind::Corrupt, "read").about(PATH))?;
        Ok(Self { disk, state: Mutex::new(State { next: reserved + 1, reserved }) })
    }

    /// Goes on above `seen`, a number found in a sidecar or log.
    pub(crate) fn rise_above(&self, seen: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next = state.next.max(seen.saturating_add(1));
    }

    /// Draws the next number.
    ///
    /// *Errors*: `Io` or `StorageFull` where a new reserve cannot be written.
    pub(crate) fn draw(&self) -> Result<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next > state.reserved {
            let reserved = state.next.saturating_add(STEP);
            let mut members = document::Members::new();
            members.insert("schema".into(), SCHEMA.into());
            members.insert("reserved".into(), reserved.into());
            let bytes = document::render(&members, &["schema", "reserved"]);
            self.disk.write_durable(PATH, &bytes).map_err(|error| Error::io("write", PATH, error))?;
            state.reserved = reserved;
        }
        let drawn = state.next;
        state.next += 1;
        Ok(drawn)
    }
}
