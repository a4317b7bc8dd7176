//! The archive clock: the time by which documents expire and retentions end.
//!
//! It follows the system's clock and does not believe it when it jumps: while the archive is open it runs no faster
//! than time really passes, over a stop it takes in no more than a week, and it never goes back. What it is behind
//! it catches up with by a sixty-fourth of the time that passes, or at once when a person says that the system's clock
//! is right. So a wrong clock makes documents stay too long; docs/adr/0009 has the exceptions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::disk::Disk;
use crate::error::{Error, Result};

/// The document in the data directory.
const PATH: &str = "control/clock.json";
const BYTES_MAX: usize = 4096;
/// Longest time between two ends of a stop that is believed: a week.
const STOP_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;
/// The clock gains one part in so many while it is behind.
const CATCH_UP: u64 = 64;
/// Time between two writings of the document: ten minutes.
const WRITE_EVERY_MS: u64 = 10 * 60 * 1000;
/// From how much on it is told that the clock is behind: an hour.
const TELL_BEHIND_MS: u64 = 60 * 60 * 1000;

/// What the archive clock says, and the system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStatus {
    /// The archive's time, in milliseconds since 1970.
    pub archive_ms: u64,
    /// The system's time.
    pub system_ms: u64,
}

/// The archive clock.
#[derive(Debug)]
pub(crate) struct RetentionClock(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The time when it was last looked at.
    at_ms: u64,
    /// How much time had passed then.
    elapsed_ms: u64,
    /// What the document says; `None` before it is written.
    written_ms: Option<u64>,
    is_told: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    schema: u64,
    archive_ms: u64,
}

impl ClockStatus {
    /// How far the archive's time is behind the system's, in milliseconds.
    #[must_use]
    pub fn behind_ms(self) -> u64 {
        self.system_ms.saturating_sub(self.archive_ms)
    }
}

impl RetentionClock {
    /// Goes on from what the document says; where there is none, or none that can be read, from the system's time.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn open(disk: &dyn Disk, clock: &dyn Clock) -> Result<Self> {
        let known_ms = match disk.read_whole(PATH, BYTES_MAX) {
            Ok(bytes) => match serde_json::from_slice::<Document>(&bytes) {
                Ok(document) => Some(document.archive_ms),
                Err(error) => {
                    tracing::error!(path = PATH, %error, "the archive clock cannot be read and begins with the system's time");
                    None
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", PATH, error)),
        };
        let system_ms = clock.now_ms();
        let at_ms = match known_ms {
            Some(known_ms) if system_ms > known_ms.saturating_add(STOP_MS_MAX) => known_ms,
            Some(known_ms) => known_ms.max(system_ms),
            None => system_ms,
        };
        let state = State { at_ms, elapsed_ms: clock.elapsed_ms(), written_ms: known_ms, is_told: false };
        Ok(Self(Mutex::new(state)))
    }

    /// The archive's time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self, clock: &dyn Clock) -> u64 {
        self.advanced(clock).0.at_ms
    }

    /// The archive's time and the system's.
    pub(crate) fn status(&self, clock: &dyn Clock) -> ClockStatus {
        let (state, system_ms) = self.advanced(clock);
        ClockStatus { archive_ms: state.at_ms, system_ms }
    }

    /// Takes the system's time for the right one where it is later.
    pub(crate) fn accept(&self, clock: &dyn Clock) -> ClockStatus {
        let (mut state, system_ms) = self.advanced(clock);
        state.at_ms = state.at_ms.max(system_ms);
        state.is_told = false;
        ClockStatus { archive_ms: state.at_ms, system_ms }
    }

    /// Writes the document, where what it says is too old; always with `now`. One caller at a time.
    ///
    /// *Durability*: durable on return.
    ///
    /// *Errors*: `StorageFull`, `Io`.
    pub(crate) fn keep(&self, disk: &dyn Disk, clock: &dyn Clock, now: bool) -> Result<()> {
        let (archive_ms, written_ms) = {
            let (state, _) = self.advanced(clock);
            (state.at_ms, state.written_ms)
        };
        let is_old = |written_ms| archive_ms.saturating_sub(written_ms) >= WRITE_EVERY_MS;
        if !now && !written_ms.is_none_or(is_old) {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&Document { schema: 1, archive_ms });
        let bytes = bytes.map_err(|error| {
            Error::new(crate::ErrorKind::InvalidArgument, "write archive clock").caused_by(error)
        })?;
        disk.write_durable(PATH, &bytes).map_err(|error| Error::io("write", PATH, error))?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).written_ms = Some(archive_ms);
        Ok(())
    }

    /// Lets the time go on to now; the system's time as well.
    fn advanced(&self, clock: &dyn Clock) -> (MutexGuard<'_, State>, u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (system_ms, elapsed_ms) = (clock.now_ms(), clock.elapsed_ms());
        let passed_ms = elapsed_ms.saturating_sub(state.elapsed_ms);
        let believed_ms = state.at_ms.saturating_add(passed_ms).saturating_add(passed_ms / CATCH_UP);
        state.at_ms = state.at_ms.max(system_ms.min(believed_ms));
        state.elapsed_ms = elapsed_ms;
        let status = ClockStatus { archive_ms: state.at_ms, system_ms };
        if status.behind_ms() > TELL_BEHIND_MS && !state.is_told {
            state.is_told = true;
            tracing::warn!(
                behind_seconds = status.behind_ms() / 1000,
                "The system's clock went ahead of the archive's, and nothing expires for it; where it is right: artstore clock accept"
            );
        }
        (state, system_ms)
    }
}
