//! What is written as one frame: the changes that were waiting.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;

use super::frame::{self, BLOCK_BYTES};
use super::record::Encoded;
use super::segment::Segment;
use crate::error::Result;

/// Most bytes of records in one frame.
const FRAME_RECORDS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Changes that one caller commits together.
pub(super) struct Queued {
    pub(super) records: Vec<Encoded>,
    pub(super) slot: Arc<Slot>,
}

impl Queued {
    pub(super) fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.bytes.len()).sum()
    }
}

/// Where one caller waits for the outcome of its changes: the number of their segment.
pub(super) struct Slot {
    outcome: Mutex<Option<Result<u64>>>,
    waiter: Thread,
}

impl Slot {
    /// A slot in which this thread waits.
    pub(super) fn of_this_thread() -> Self {
        Self { outcome: Mutex::new(None), waiter: std::thread::current() }
    }

    /// Wakes whoever waits.
    pub(super) fn wake(&self) {
        self.waiter.unpark();
    }

    pub(super) fn settle(&self, outcome: Result<u64>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.wake();
    }

    pub(super) fn take(&self) -> Option<Result<u64>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why a frame was not written.
pub(super) enum WriteFailure {
    /// Nothing was written; the same place can be written again.
    Full(io::Error),
    /// What is durable is not known.
    Lost(io::Error),
}

/// Writes the records of a batch as one frame, and syncs it.
pub(super) fn write_frame(
    segment: &Segment,
    number: u64,
    position: u64,
    batch: &[Queued],
) -> Result<(), WriteFailure> {
    let records = batch.iter().flat_map(|queued| &queued.records);
    let records: Vec<&[u8]> = records.map(|record| record.bytes.as_slice()).collect();
    let bytes = frame::encode(number, segment.header.salt, &records);
    debug_assert_eq!(bytes.len() as u64 % BLOCK_BYTES, 0);
    if let Err(error) = segment.file.write_at(&bytes, position) {
        return Err(match error.kind() {
            io::ErrorKind::StorageFull => take_back(segment, position, error),
            _ => WriteFailure::Lost(error),
        });
    }
    segment.file.sync().map_err(WriteFailure::Lost)
}

/// Makes sure that a frame refused for want of room is none, however much of it was written.
fn take_back(segment: &Segment, position: u64, full: io::Error) -> WriteFailure {
    let zeros = vec![0; BLOCK_BYTES as usize];
    match segment.file.write_at(&zeros, position).and_then(|()| segment.file.sync()) {
        Ok(()) => WriteFailure::Full(full),
        Err(error) => WriteFailure::Lost(error),
    }
}

/// Takes what fits into one frame off a queue: one at least.
pub(super) fn take_batch(queue: &mut VecDeque<Queued>) -> Vec<Queued> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(next) = queue.front() {
        bytes += next.bytes();
        if !batch.is_empty() && bytes > FRAME_RECORDS_BYTES_MAX {
            break;
        }
        batch.extend(queue.pop_front());
    }
    batch
}
