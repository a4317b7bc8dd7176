//! The queue itself: noted in memory, written in batches, read by position.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::event::Event;
use super::line;
use super::segment::{SEGMENT_BYTES_MAX, Segment};
use crate::disk::SharedDisk;
use crate::error::Result;

/// Most events that are kept for receivers that are away.
pub(super) const EVENTS_MAX: u64 = 1_000_000;
/// Most bytes of them.
pub(super) const BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Written events that are kept in memory as well, for receivers that keep up.
const RECENT_MAX: usize = 1_000;
/// Most events that wait in memory while the outbox cannot be written; a log that is checkpointed holds fewer.
pub(super) const UNWRITTEN_MAX: u64 = 200_000;

/// Some events in their order.
#[derive(Debug)]
pub struct EventPage {
    /// Positions and events.
    pub events: Vec<(u64, Arc<Event>)>,
    /// Everything up to and with this position is behind whoever read the page.
    pub position: u64,
    /// How many events before it are lost, since too many waited.
    pub lost: u64,
}

/// The queue.
pub(crate) struct Outbox {
    disk: SharedDisk,
    state: Mutex<State>,
    /// Held while segments are written or removed; the segment that is written, where one is.
    writing: Mutex<Option<Segment>>,
}

#[derive(Default)]
struct State {
    /// What is written, in order; the one that is being written stands last.
    segments: VecDeque<Segment>,
    /// Position of the last event; the first has 1.
    last: u64,
    /// Position of the last event that is durable.
    written: u64,
    /// The last events, those that are not written among them.
    recent: VecDeque<(u64, Arc<Event>)>,
}

impl Outbox {
    /// Finds what is there.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn open(disk: SharedDisk) -> Result<Self> {
        let segments = Segment::find_all(&*disk)?;
        let last = segments.back().map_or(0, |segment| segment.last);
        let state = State { segments, last, written: last, recent: VecDeque::new() };
        Ok(Self { disk, state: Mutex::new(state), writing: Mutex::new(None) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event of a change that is visible. Never waits for the disk.
    pub(crate) fn note(&self, event: Event) {
        let mut state = self.lock();
        state.last += 1;
        let position = state.last;
        state.recent.push_back((position, Arc::new(event)));
        if state.last - state.written > UNWRITTEN_MAX {
            state.written += 1;
            if state.written.is_multiple_of(1_000) {
                tracing::error!(
                    position,
                    "events are lost, since the outbox cannot be written: make its disk well and restart the server"
                );
            }
        }
        state.forget_recent();
    }

    /// Position of the last event, written or not.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// Position of the last event that is durable: a cursor that is kept must not lie beyond it.
    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    /// Writes what was noted. *Durability*: what was noted before the call is durable on return.
    ///
    /// *Errors*: `StorageFull`, `Io`: then it waits in memory, and in the log.
    pub(crate) fn persist(&self) -> Result<()> {
        let mut current = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((bytes, first, last)) = self.unwritten()? {
            let mut segment = match current.take() {
                Some(segment) if segment.bytes < SEGMENT_BYTES_MAX as u64 && segment.last + 1 == first => {
                    segment
                }
                Some(_) | None => Segment::create(&*self.disk, first)?,
            };
            segment.append(&*self.disk, &bytes, last)?;
            *current = Some(segment);
            let mut state = self.lock();
            state.written = state.written.max(last);
            match state.segments.back_mut() {
                Some(known) if known.first == segment.first => *known = segment,
                Some(_) | None => state.segments.push_back(segment),
            }
            state.forget_recent();
            drop(state);
            self.keep_bounds();
        }
        Ok(())
    }

    /// The lines that are to be written next, with the positions of the first and the last.
    fn unwritten(&self) -> Result<Option<(Vec<u8>, u64, u64)>> {
        let waiting: Vec<(u64, Arc<Event>)> = {
            let state = self.lock();
            let count = usize::try_from(state.last - state.written).unwrap_or(usize::MAX);
            let begin = state.recent.len().saturating_sub(count);
            state.recent.iter().skip(begin).take(RECENT_MAX).cloned().collect()
        };
        let (Some((first, _)), Some((last, _))) = (waiting.first(), waiting.last()) else { return Ok(None) };
        let mut bytes = Vec::new();
        for (position, event) in &waiting {
            line::write(&mut bytes, *position, event)?;
        }
        Ok(Some((bytes, *first, *last)))
    }

    /// Lets the oldest go where too many wait.
    fn keep_bounds(&self) {
        loop {
            let oldest = {
                let mut state = self.lock();
                let bytes: u64 = state.segments.iter().map(|segment| segment.bytes).sum();
                let first = state.segments.front().map_or(0, |segment| segment.first);
                let is_within = bytes <= BYTES_MAX && state.written.saturating_sub(first) < EVENTS_MAX;
                if is_within || state.segments.len() < 2 {
                    return;
                }
                state.segments.pop_front()
            };
            let Some(oldest) = oldest else { return };
            let lost = oldest.last.saturating_sub(oldest.first) + 1;
            tracing::error!(
                lost,
                "events are lost, since too many wait for receivers that are away: see artstore webhook list"
            );
            self.remove(oldest);
        }
    }

    /// Lets go of what everybody has been told: the segments up to and with `position`.
    pub(crate) fn release(&self, position: u64) {
        let current = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let told = {
            let mut state = self.lock();
            let is_told = |segment: &Segment| {
                segment.last <= position && current.is_none_or(|current| current.first != segment.first)
            };
            let count = state.segments.iter().take_while(|segment| is_told(segment)).count();
            // One stays, so that positions go on after a start.
            let count = count.min(state.segments.len().saturating_sub(1));
            state.segments.drain(..count).collect::<Vec<_>>()
        };
        told.into_iter().for_each(|segment| self.remove(segment));
    }

    fn remove(&self, segment: Segment) {
        if let Err(error) = segment.remove(&*self.disk) {
            tracing::warn!(%error, "a part of the outbox that is no longer needed could not be removed");
        }
    }

    /// Reads up to `max` events behind a position.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn read(&self, after: u64, max: usize) -> Result<EventPage> {
        let (segment, written) = {
            let state = self.lock();
            let first_recent = state.recent.front().map_or(state.last + 1, |(position, _)| *position);
            if after + 1 >= first_recent {
                let recent = state.recent.iter().skip_while(|(position, _)| *position <= after);
                let events: Vec<_> = recent.take(max).cloned().collect();
                let position = events.last().map_or(after.min(state.last), |(position, _)| *position);
                return Ok(EventPage { events, position, lost: 0 });
            }
            let found =
                state.segments.iter().find(|segment| segment.last > after && segment.last >= segment.first);
            (found.copied(), first_recent - 1)
        };
        // What is neither written nor in memory is lost.
        let Some(segment) = segment else {
            return Ok(EventPage { events: Vec::new(), position: written, lost: written - after });
        };
        let (mut events, damaged) = line::read_all(&segment.read(&*self.disk)?, segment.last);
        events.retain(|(position, _)| *position > after && *position >= segment.first);
        events.truncate(max);
        if damaged > 0 {
            tracing::error!(
                path = segment.path(),
                damaged,
                "lines of the outbox are damaged and passed over"
            );
        }
        let lost = segment.first.saturating_sub(after + 1);
        let position = events.last().map_or(segment.last, |(position, _)| *position);
        let events = events.into_iter().map(|(position, event)| (position, Arc::new(event))).collect();
        Ok(EventPage { events, position, lost })
    }

    /// The sequence numbers of the events behind a position: those that a replay of the log need not note again.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn numbers_after(&self, position: u64) -> Result<BTreeSet<u64>> {
        let segments: Vec<Segment> =
            self.lock().segments.iter().filter(|segment| segment.last > position).copied().collect();
        let mut numbers = BTreeSet::new();
        for segment in segments {
            let (events, _) = line::read_all(&segment.read(&*self.disk)?, segment.last);
            numbers.extend(events.iter().filter(|(at, _)| *at > position).map(|(_, event)| event.seq));
        }
        Ok(numbers)
    }
}

impl State {
    fn forget_recent(&mut self) {
        while self.recent.len() > RECENT_MAX
            && self.recent.front().is_some_and(|(position, _)| *position <= self.written)
        {
            self.recent.pop_front();
        }
    }
}
