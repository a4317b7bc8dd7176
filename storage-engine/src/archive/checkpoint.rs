//! Checkpoints: everything the logs committed is made durable where it lies, then the log's segments
//! are free again.
//!
//! One checkpoint covers all elements, because a change on one may retire a pair on another. Order:
//! close the segments and wait until their changes are applied, `syncfs` of every element, the
//! outbox, durable commit of the catalog, the mark in `control/checkpoint.json`, then the segments go. A stop between
//! any two of these replays more than needed and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

use super::open::Inner;
use crate::bell::Call;
use crate::disk::Disk;
use crate::document::Members;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{LogStart, begin_checkpoint};
use crate::name::ElementId;
use crate::twin::TwinDocument;

const STEM: &str = "control/checkpoint";

/// The last checkpoint.
#[derive(Debug)]
pub(crate) struct CheckpointMark {
    document: TwinDocument,
    /// Counts checkpoints; the catalog carries the same number or the next.
    pub(crate) number: u64,
    /// Whether no log holds anything beyond it: the archive was closed after it, or is being opened.
    pub(crate) is_clean: bool,
    /// The first segment of each element's log that recovery reads, by element id.
    pub(crate) first_segments: BTreeMap<String, u64>,
    /// Position in the outbox behind which the events of changes that a log still holds may stand.
    pub(crate) events: u64,
}

impl CheckpointMark {
    /// Reads the mark; number 0 before the first checkpoint.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Self> {
        let (document, members) = TwinDocument::open(disk, STEM)?;
        let Some(mut members) = members else {
            return Ok(Self {
                document,
                number: 0,
                is_clean: false,
                first_segments: BTreeMap::new(),
                events: 0,
            });
        };
        let number = members.get("number").and_then(Value::as_u64);
        let is_clean = members.get("is_clean").and_then(Value::as_bool);
        let events = members.get("events").and_then(Value::as_u64).unwrap_or(0);
        let segments = members.remove("first_segments").map(serde_json::from_value);
        match (number, is_clean, segments) {
            (Some(number), Some(is_clean), Some(Ok(first_segments))) => {
                Ok(Self { document, number, is_clean, first_segments, events })
            }
            _ => Err(Error::new(ErrorKind::Corrupt, "read").about(STEM)),
        }
    }

    /// Writes the mark. *Durability*: durable on return.
    pub(super) fn write(&mut self, disk: &dyn Disk) -> Result<()> {
        let members = Members::from_iter([
            ("number".to_owned(), self.number.into()),
            ("is_clean".to_owned(), self.is_clean.into()),
            ("events".to_owned(), self.events.into()),
            ("first_segments".to_owned(), serde_json::json!(self.first_segments)),
        ]);
        self.document.write(disk, members)
    }

    /// Where recovery begins to read the log of `element`.
    pub(crate) fn log_start(&self, element: ElementId) -> LogStart {
        let known = self.first_segments.get(&element.to_string()).copied();
        LogStart { segment: known.unwrap_or(0), must_exist: known.is_some() && !self.is_clean }
    }

    /// The first segment of `element` that recovery reads.
    fn first_segment(&self, element: ElementId) -> u64 {
        self.first_segments.get(&element.to_string()).copied().unwrap_or(0)
    }
}

impl Inner {
    /// Starts the thread that checkpoints whenever a log asks for it.
    pub(super) fn start_checkpointer(inner: &Arc<Self>) -> Result<JoinHandle<()>> {
        let shared = Arc::clone(inner);
        let body = move || {
            while shared.bell.wait() == Call::Work {
                if let Err(error) = shared.run_checkpoint(false) {
                    tracing::error!(%error, "a checkpoint failed; the log keeps what it covers");
                }
            }
        };
        std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(body)
            .map_err(|error| Error::io("start thread", "checkpoint", error))
    }

    /// Runs one checkpoint; `is_last` where the archive closes and no change can follow.
    ///
    /// *Durability*: every change applied before the call is durable without the log on return.
    /// *Errors*: `Unavailable` where a log is latched, `Io`; nothing is freed then.
    pub(crate) fn run_checkpoint(&self, is_last: bool) -> Result<()> {
        let outcome = self.checkpoint_all(is_last);
        for element in self.ready_elements() {
            element.log()?.set_stalled(outcome.is_err());
        }
        outcome
    }

    fn checkpoint_all(&self, is_last: bool) -> Result<()> {
        let mut mark = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        let elements = self.ready_elements();
        let logs = elements.iter().map(|element| Ok(&**element.log()?)).collect::<Result<Vec<_>>>()?;
        // Their changes were applied before, so that their records lie in what is closed now.
        let events = self.outbox.last();
        let mut first_segments = mark.first_segments.clone();
        for (element, boundary) in elements.iter().zip(begin_checkpoint(&logs)?) {
            first_segments.insert(element.id.to_string(), boundary);
        }
        for element in &elements {
            element.disk.sync_all().map_err(|error| {
                // What could not be written back is lost to later syncs: only the log still has it.
                if let Ok(log) = element.log() {
                    log.latch();
                }
                Error::io("sync element", &element.name, error)
            })?;
        }
        self.outbox.persist()?;
        self.catalog.persist(mark.number + 1, self.sequence.last(), &self.known_elements())?;
        mark.number += 1;
        mark.is_clean = is_last;
        mark.first_segments = first_segments;
        mark.events = events;
        mark.write(&*self.disk)?;
        for element in &elements {
            element.log()?.free_before(mark.first_segment(element.id))?;
        }
        Ok(())
    }
}
