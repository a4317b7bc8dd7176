//! Checkpoints: everything the logs committed is made durable where it lies, then the log's segments
//! are free again.
//!
//! One checkpoint covers all elements, because a change on one may retire a pair on another. Order:
//! close the segments and wait until their changes are applied, `syncfs` of every element, durable
//! commit of the catalog, the mark in `control/checkpoint.json`, then the segments go. A stop between
//! any two of these replays more than needed and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

use super::open::Inner;
use crate::bell::Call;
use crate::disk::Disk;
use crate::document::{self, Members};
use crate::error::{Error, ErrorKind, Result};
use crate::log::LogStart;
use crate::name::ElementId;

const PATH: &str = "control/checkpoint.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 1024 * 1024;

/// The last checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CheckpointMark {
    /// Counts checkpoints; the catalog carries the same number or the next.
    pub(super) number: u64,
    /// Whether no log holds anything beyond it: the archive was closed after it, or is being opened.
    pub(super) is_clean: bool,
    /// The first segment of each element's log that recovery reads, by element id.
    pub(super) first_segments: BTreeMap<String, u64>,
}

impl CheckpointMark {
    /// Reads the mark; the default before the first checkpoint.
    pub(super) fn read(disk: &dyn Disk) -> Result<Self> {
        let bytes = match disk.read_whole(PATH, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::io("read", PATH, error)),
        };
        let mut members = document::parse(&bytes, SCHEMA, PATH)?;
        let number = members.get("number").and_then(Value::as_u64);
        let segments = members.remove("first_segments").map(serde_json::from_value);
        match (number, segments) {
            (Some(number), Some(Ok(first_segments))) => {
                let is_clean = members.get("is_clean").and_then(Value::as_bool).unwrap_or(false);
                Ok(Self { number, is_clean, first_segments })
            }
            _ => Err(Error::new(ErrorKind::Corrupt, "read").about(PATH)),
        }
    }

    /// Writes the mark. *Durability*: durable on return.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let mut members = Members::new();
        members.insert("schema".into(), SCHEMA.into());
        members.insert("number".into(), self.number.into());
        members.insert("is_clean".into(), self.is_clean.into());
        members.insert("first_segments".into(), serde_json::json!(self.first_segments));
        let bytes = document::render(&members, &["schema", "number", "is_clean", "first_segments"]);
        disk.write_durable(PATH, &bytes).map_err(|error| Error::io("write", PATH, error))
    }

    /// Where recovery begins to read the log of `element`.
    pub(super) fn log_start(&self, element: ElementId) -> LogStart {
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
    pub(super) fn run_checkpoint(&self, is_last: bool) -> Result<()> {
        let outcome = self.checkpoint_all(is_last);
        for element in self.ready_elements() {
            element.log()?.set_stalled(outcome.is_err());
        }
        outcome
    }

    fn checkpoint_all(&self, is_last: bool) -> Result<()> {
        let mut mark = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        let elements = self.ready_elements();
        let mut next = CheckpointMark { number: mark.number + 1, is_clean: is_last, ..mark.clone() };
        for element in &elements {
            next.first_segments.insert(element.id.to_string(), element.log()?.begin_checkpoint()?);
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
        self.catalog.persist(next.number)?;
        next.write(&*self.disk)?;
        for element in &elements {
            element.log()?.free_before(next.first_segment(element.id))?;
        }
        *mark = next;
        Ok(())
    }
}
