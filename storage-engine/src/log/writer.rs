//! Group commit: whoever finds nobody writing writes for all who wait.
//!
//! A change queues its record. The first to find no leader becomes one: it frames what is queued,
//! writes and syncs it outside the lock, and wakes the others. There is no thread in between, so
//! that a lone client pays for its own `fdatasync` and nothing else.
//!
//! After a failed write or sync the log is latched: it may not know what is durable, and a sync
//! that is tried again may lie (DURABILITY rule 4). Only reopening the element ends that. A full
//! disk refuses the change and latches nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::{Queued, Slot, WriteFailure, take_batch, write_frame};
use super::frame;
use super::record::{Attachments, Encoded, Record};
use super::segment::{FRAMES_AT, Header, SEGMENT_BYTES, Segment, path_of, spare_path_of};
use crate::bell::{Bell, Call};
use crate::disk::SharedDisk;
use crate::error::{Error, ErrorKind, Result};
use crate::name::ElementId;

/// Room at the end of each segment that only abort records may use.
const ABORT_RESERVE_BYTES: u64 = 64 * 1024;
/// Most segments that wait for a checkpoint; then changes wait for it too.
const LIVE_SEGMENTS_MAX: usize = 4;
/// Files kept to be used again.
const SPARES_MAX: usize = 2;

/// The log of one element.
pub(crate) struct Log {
    disk: SharedDisk,
    element: ElementId,
    checkpointer: Arc<Bell>,
    state: Mutex<State>,
    /// For the checkpoint, and for the leader that waits for it. Changes wait in their slots.
    changed: Condvar,
}

struct State {
    queue: VecDeque<Queued>,
    leading: bool,
    latched: bool,
    /// The leader can go on only after a checkpoint.
    is_leader_waiting: bool,
    /// A checkpoint holds the log, or waits for the leader to end.
    is_held: bool,
    /// The last checkpoint failed: a change that needs its room is refused instead of waiting.
    stalled: bool,
    current: Arc<Segment>,
    position: u64,
    next_frame: u64,
    /// Closed segments whose changes are not all in a checkpoint, the oldest first.
    closed: VecDeque<u64>,
    /// Records per segment that are committed and not yet applied.
    unapplied: BTreeMap<u64, usize>,
    spares: Vec<String>,
}

/// A durable record whose change is still to be applied to files and catalog.
///
/// Dropping it without [`Committed::applied`] latches the log: the change exists and only recovery
/// can apply it.
#[must_use]
pub(crate) struct Committed {
    log: Arc<Log>,
    segment: u64,
    applied: bool,
}

impl Committed {
    /// Says that files and catalog show the change.
    pub(crate) fn applied(mut self) {
        self.applied = true;
    }
}

impl Drop for Committed {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        let left = match state.unapplied.get_mut(&self.segment) {
            Some(count) if self.applied => {
                *count -= 1;
                *count
            }
            _ => {
                state.latched |= !self.applied;
                0
            }
        };
        if left == 0 || state.latched {
            self.log.changed.notify_all();
        }
    }
}

impl Log {
    /// Starts writing a log: `number` and `frame` are the next free ones, `spares` the files to use again.
    ///
    /// *Durability*: the first segment is durable on return.
    pub(crate) fn start(
        disk: SharedDisk,
        element: ElementId,
        (number, frame): (u64, u64),
        closed: VecDeque<u64>,
        mut spares: Vec<String>,
        checkpointer: Arc<Bell>,
    ) -> Result<Arc<Self>> {
        let header = Header { number, first_frame: frame, salt: salt()?, element };
        let current = Segment::prepare(&*disk, header, spares.pop().as_deref())
            .map_err(|error| Error::io("prepare log segment", path_of(number), error))?;
        let state = State {
            queue: VecDeque::new(),
            leading: false,
            latched: false,
            is_leader_waiting: false,
            is_held: false,
            stalled: false,
            current: Arc::new(current),
            position: FRAMES_AT,
            next_frame: frame,
            closed,
            unapplied: BTreeMap::new(),
            spares,
        };
        Ok(Arc::new(Self { disk, element, checkpointer, state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the log refuses every change until the element is reopened.
    pub(crate) fn is_latched(&self) -> bool {
        self.lock().latched
    }

    /// Number of the frame behind the last durable one.
    pub(crate) fn next_frame(&self) -> u64 {
        self.lock().next_frame
    }

    /// Refuses every change from now on.
    pub(crate) fn latch(&self) {
        self.lock().latched = true;
        self.changed.notify_all();
    }

    /// Says whether the last checkpoint failed.
    pub(crate) fn set_stalled(&self, stalled: bool) {
        self.lock().stalled = stalled;
        self.changed.notify_all();
    }

    /// Commits a change.
    ///
    /// *Durability*: the record is durable on return; the caller applies the change and then calls
    /// [`Committed::applied`].
    /// *Errors*: `Unavailable` where the log is latched, `StorageFull`, `Io`. After `Io` the change
    /// may be found at recovery.
    pub(crate) fn append(self: &Arc<Self>, record: Record, attachments: &Attachments) -> Result<Committed> {
        let segment = self.queue(vec![record.encode(attachments)?])?;
        Ok(self.committed(segment))
    }

    /// Commits several changes with one sync: all of them or none. They share one frame, and so its room: the
    /// caller bounds what is given at once.
    ///
    /// *Durability*, *Errors*: as [`Self::append`], the same for all of them.
    pub(crate) fn append_all(self: &Arc<Self>, records: Vec<Encoded>) -> Result<Vec<Committed>> {
        let count = records.len();
        let segment = self.queue(records)?;
        Ok(std::iter::repeat_with(|| self.committed(segment)).take(count).collect())
    }

    fn committed(self: &Arc<Self>, segment: u64) -> Committed {
        Committed { log: Arc::clone(self), segment, applied: false }
    }

    /// Waits until records are durable; the number of their segment.
    fn queue(&self, records: Vec<Encoded>) -> Result<u64> {
        let slot = Arc::new(Slot::of_this_thread());
        let mut state = self.lock();
        if state.latched {
            return Err(self.latched_error());
        }
        state.queue.push_back(Queued { records, slot: Arc::clone(&slot) });
        loop {
            if let Some(outcome) = slot.take() {
                return outcome;
            }
            if state.leading || state.is_held {
                drop(state);
                std::thread::park();
                state = self.lock();
            } else {
                state = self.lead(state);
            }
        }
    }

    /// Writes what is queued as one frame, outside the lock, and tells everybody in it.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.leading = true;
        let batch = take_batch(&mut state.queue);
        let records_bytes = batch.iter().map(Queued::bytes).sum();
        let records = batch.iter().map(|queued| queued.records.len()).sum();
        let are_aborts = batch.iter().flat_map(|queued| &queued.records).all(|record| record.is_abort);
        let reserve = if are_aborts { 0 } else { ABORT_RESERVE_BYTES };
        let span = frame::span_of(records_bytes, records);
        let (mut state, room) = self.ensure_room(state, span + reserve);
        let outcome = match room {
            Err(error) => Err(error),
            Ok(()) => {
                let segment = Arc::clone(&state.current);
                let (number, position) = (state.next_frame, state.position);
                *state.unapplied.entry(segment.header.number).or_default() += records;
                drop(state);
                let written = write_frame(&segment, number, position, &batch);
                state = self.lock();
                self.settle(&mut state, segment.header.number, span, records, written)
            }
        };
        for queued in batch {
            let answer = match &outcome {
                Ok(segment) => Ok(*segment),
                Err(error) => Err(error.again()),
            };
            queued.slot.settle(answer);
        }
        if state.latched {
            for queued in std::mem::take(&mut state.queue) {
                queued.slot.settle(Err(self.latched_error()));
            }
        }
        self.stop_leading(&mut state);
        state
    }

    /// Gives the lead back: to the checkpoint that holds the log, else to the first change that waits.
    fn stop_leading(&self, state: &mut State) {
        state.leading = false;
        if state.is_held {
            self.changed.notify_all();
        } else if let Some(next) = state.queue.front() {
            next.slot.wake();
        }
    }

    /// Takes the outcome of a written frame into the state.
    fn settle(
        &self,
        state: &mut State,
        segment: u64,
        span: u64,
        records: usize,
        written: Result<(), WriteFailure>,
    ) -> Result<u64> {
        match written {
            Ok(()) => {
                state.position += span;
                state.next_frame += 1;
                Ok(segment)
            }
            Err(WriteFailure::Full(error)) => {
                if let Some(count) = state.unapplied.get_mut(&segment) {
                    *count -= records;
                }
                Err(Error::io("write log", path_of(segment), error))
            }
            Err(WriteFailure::Lost(error)) => {
                state.latched = true;
                tracing::error!(element = %self.element, %error, "the log could not be written; the element is read-only until it is reopened");
                Err(Error::io("write log", path_of(segment), error))
            }
        }
    }

    fn latched_error(&self) -> Error {
        Error::new(ErrorKind::Unavailable, "commit").about(self.element).because(
            "its log failed and it is read-only until the server is restarted; check the disk and the kernel's messages",
        )
    }

    /// Moves on to the next segment where the current one has no room for `span` bytes.
    fn ensure_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        span: u64,
    ) -> (MutexGuard<'a, State>, Result<()>) {
        if state.position + span <= SEGMENT_BYTES {
            return (state, Ok(()));
        }
        while state.closed.len() >= LIVE_SEGMENTS_MAX {
            if state.latched {
                return (state, Err(self.latched_error()));
            }
            if state.stalled {
                // This change is refused at once; the next may find that the checkpoint goes through again.
                self.checkpointer.ring(Call::Work);
                let error = Error::new(ErrorKind::Unavailable, "commit").about(self.element).because(
                    "its log is full and the last checkpoint failed: see the server's messages for the cause",
                );
                return (state, Err(error));
            }
            state.is_leader_waiting = true;
            self.changed.notify_all();
            self.checkpointer.ring(Call::Work);
            state = self.wait(state);
            state.is_leader_waiting = false;
        }
        // The checkpoint that this change waited for has opened a segment.
        if state.position + span <= SEGMENT_BYTES {
            return (state, Ok(()));
        }
        self.checkpointer.ring(Call::Work);
        self.rotate(state)
    }

    /// Closes the current segment and opens the next. The caller leads, or holds the log.
    fn rotate<'a>(&'a self, mut state: MutexGuard<'a, State>) -> (MutexGuard<'a, State>, Result<()>) {
        let number = state.current.header.number + 1;
        let first_frame = state.next_frame;
        let spare = state.spares.pop();
        drop(state);
        let prepared = salt().and_then(|salt| {
            let header = Header { number, first_frame, salt, element: self.element };
            Segment::prepare(&*self.disk, header, spare.as_deref())
                .map_err(|error| Error::io("prepare log segment", path_of(number), error))
        });
        let mut state = self.lock();
        match prepared {
            Ok(segment) => {
                let closed = state.current.header.number;
                state.closed.push_back(closed);
                state.current = Arc::new(segment);
                state.position = FRAMES_AT;
                (state, Ok(()))
            }
            Err(error) => {
                state.latched |= error.kind() != ErrorKind::StorageFull;
                state.spares.extend(spare);
                (state, Err(error))
            }
        }
    }

    /// Keeps the log from being written until the answer is dropped.
    fn hold(&self) -> Held<'_> {
        let mut state = self.lock();
        state.is_held = true;
        while state.leading && !state.is_leader_waiting {
            state = self.wait(state);
        }
        Held { log: self }
    }

    /// Waits until every change before the boundary is applied.
    ///
    /// *Errors*: `Unavailable` where the log is latched: what it holds must stay for recovery.
    fn wait_applied(&self, boundary: u64) -> Result<()> {
        let mut state = self.lock();
        while !state.latched && state.unapplied.range(..boundary).any(|(_, count)| *count > 0) {
            state = self.wait(state);
        }
        if state.latched { Err(self.latched_error()) } else { Ok(()) }
    }

    /// Ends a checkpoint: segments before `boundary` are used again or removed.
    pub(crate) fn free_before(&self, boundary: u64) -> Result<()> {
        let mut state = self.lock();
        while state.closed.front().is_some_and(|number| *number < boundary) {
            let Some(number) = state.closed.pop_front() else { break };
            state.unapplied.remove(&number);
            let (path, spare) = (path_of(number), spare_path_of(number));
            let freed = if state.spares.len() < SPARES_MAX {
                let renamed = self.disk.replace(&path, &spare);
                state.spares.extend(renamed.is_ok().then_some(spare));
                renamed
            } else {
                self.disk.remove(&path)
            };
            freed.map_err(|error| Error::io("free log segment", path, error))?;
        }
        self.changed.notify_all();
        Ok(())
    }
}

/// A log that nobody writes: no change leads, except one that waits for the checkpoint's end.
struct Held<'a> {
    log: &'a Log,
}

impl Held<'_> {
    /// Closes the current segment unless it is empty; the first segment after all that was written.
    ///
    /// Where a change waits for room on a full disk, the current segment stays, so that those before it
    /// can be freed.
    fn boundary(&self) -> Result<u64> {
        let mut state = self.log.lock();
        if state.latched {
            return Err(self.log.latched_error());
        }
        if state.position > FRAMES_AT {
            let outcome;
            (state, outcome) = self.log.rotate(state);
            match outcome {
                Err(error) if error.kind() == ErrorKind::StorageFull && state.is_leader_waiting => {}
                outcome => outcome?,
            }
        }
        Ok(state.current.header.number)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        state.is_held = false;
        if !state.leading {
            self.log.stop_leading(&mut state);
        }
    }
}

/// Begins a checkpoint of several logs: the boundary of each, before which every change is applied.
///
/// The boundaries are of one moment, at which no log was written: a change may follow on one in another
/// log, as where a version replaces one that lies elsewhere, and to forget the later alone would bring the
/// earlier back.
///
/// *Errors*: `Unavailable` where a log is latched, `StorageFull`, `Io`; the logs go on all the same.
pub(crate) fn begin_checkpoint(logs: &[&Log]) -> Result<Vec<u64>> {
    let held: Vec<Held<'_>> = logs.iter().map(|log| log.hold()).collect();
    let boundaries = held.iter().map(Held::boundary).collect::<Result<Vec<_>>>()?;
    drop(held);
    for (log, boundary) in logs.iter().zip(&boundaries) {
        log.wait_applied(*boundary)?;
    }
    Ok(boundaries)
}

fn salt() -> Result<u64> {
    getrandom::u64().map_err(|error| Error::new(ErrorKind::Io, "draw salt").caused_by(error))
}
