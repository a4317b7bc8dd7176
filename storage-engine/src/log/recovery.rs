//! Reading a log after a stop: every whole frame counts, a torn tail is passed over, anything else
//! is corruption and is refused (DURABILITY rule 6).

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame::{self, BLOCK_BYTES};
use super::record::{Attachments, Record};
use super::segment::{FRAMES_AT, Header, SEGMENT_BYTES, WAL_DIR, number_in, path_of, spare_path_of};
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};
use crate::name::ElementId;

/// Where the reading of a log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogStart {
    /// The first segment that may hold changes since the last checkpoint.
    pub(crate) segment: u64,
    /// Whether that segment was there when the checkpoint was marked.
    pub(crate) must_exist: bool,
}

impl Recovered {
    /// Frees the segments read and those before them, once a checkpoint that covers what they hold is durable.
    ///
    /// Not before: a mark that was read may lie in the cache alone, as after a kill, and a power cut brings the
    /// one before it back, which names segments that this one no longer does.
    pub(crate) fn free(&mut self, disk: &dyn Disk) -> Result<()> {
        let past = std::mem::take(&mut self.past);
        for number in past.into_iter().chain(std::mem::take(&mut self.live)) {
            let (path, spare) = (path_of(number), spare_path_of(number));
            disk.replace(&path, &spare).map_err(|error| Error::io("free log segment", path, error))?;
            self.spares.push(spare);
        }
        Ok(())
    }
}

/// What a log says after a stop.
pub(crate) struct Recovered {
    /// Number for the next segment.
    pub(crate) next_segment: u64,
    /// Number for the next frame.
    pub(crate) next_frame: u64,
    /// Segments from before the last checkpoint, the oldest first.
    pub(crate) past: Vec<u64>,
    /// Segments that hold changes since the last checkpoint, the oldest first.
    pub(crate) live: VecDeque<u64>,
    /// Files to be used again.
    pub(crate) spares: Vec<String>,
    /// Bytes of the torn tail that was passed over: 0 after a clean stop.
    pub(crate) torn_bytes: u64,
}

impl Recovered {
    /// Makes the last frame durable, which a process that was killed may have left in memory alone: nothing of
    /// its changes may be on the disk without it.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn sync(&self, disk: &dyn Disk) -> Result<()> {
        let Some(last) = self.live.back() else { return Ok(()) };
        let path = path_of(*last);
        let synced = disk.open(&path).and_then(|file| file.sync());
        synced.map_err(|error| Error::io("sync log", path, error))
    }
}

/// Reads the log of `element` from `start` on and hands each record to `take`, in order. Changes
/// nothing on disk.
///
/// *Errors*: `Corrupt` where a frame is damaged that was durable once, or a segment is missing;
/// `NewerFormat`; what `take` answers.
pub(crate) fn read(
    disk: &dyn Disk,
    element: ElementId,
    start: LogStart,
    mut take: impl FnMut(Record, Attachments) -> Result<()>,
) -> Result<Recovered> {
    let io = |error| Error::io("read log", WAL_DIR, error);
    let (mut numbers, mut spares) = (Vec::new(), Vec::new());
    for entry in disk.read_dir(WAL_DIR).map_err(io)? {
        numbers.extend(number_in(&entry.name, ".log"));
        spares.extend(number_in(&entry.name, ".spare").map(spare_path_of));
    }
    numbers.sort_unstable();
    let highest = numbers.last().copied();
    let mut recovered = Recovered {
        next_segment: highest.map_or(1, |n| n + 1).max(start.segment),
        next_frame: 1,
        past: Vec::new(),
        live: VecDeque::new(),
        spares,
        torn_bytes: 0,
    };
    if start.must_exist && !numbers.contains(&start.segment) {
        return Err(Error::new(ErrorKind::Corrupt, "read log").about(path_of(start.segment)).because(
            "the segment that the last checkpoint names is missing, and with it changes that were acknowledged: bring it back",
        ));
    }
    let mut expected = None;
    let live = numbers.partition_point(|number| *number < start.segment);
    let live = numbers.split_off(live);
    recovered.past = numbers;
    for number in live {
        let read = read_segment(disk, element, number, &mut take)?;
        if expected.is_some_and(|expected| read.was_not_used(expected)) && Some(number) == highest {
            recovered.past.push(number);
            continue;
        }
        if expected.is_some_and(|expected| expected != (number, read.header.first_frame)) {
            return Err(Error::new(ErrorKind::Corrupt, "read log")
                .about(path_of(number))
                .because("changes before this segment are missing: a durable frame or a segment was lost"));
        }
        recovered.torn_bytes = read.torn_bytes;
        recovered.next_frame = read.next_frame;
        recovered.live.push_back(number);
        expected = Some((number + 1, read.next_frame));
    }
    Ok(recovered)
}

struct ReadSegment {
    header: Header,
    next_frame: u64,
    torn_bytes: u64,
}

impl ReadSegment {
    /// Whether it was prepared and not taken into use, while frames went on in the segment before it: it holds
    /// none, and begins before the `expected` one.
    fn was_not_used(&self, expected: (u64, u64)) -> bool {
        let is_empty = self.next_frame == self.header.first_frame && self.torn_bytes == 0;
        is_empty && self.header.number == expected.0 && self.header.first_frame < expected.1
    }
}

fn read_segment(
    disk: &dyn Disk,
    element: ElementId,
    number: u64,
    take: &mut impl FnMut(Record, Attachments) -> Result<()>,
) -> Result<ReadSegment> {
    let path = path_of(number);
    let bytes =
        disk.read_whole(&path, SEGMENT_BYTES as usize).map_err(|e| Error::io("read log", &path, e))?;
    let bytes = Bytes::from(bytes);
    let header = Header::decode(&bytes, element, &path)?;
    if header.number != number {
        return Err(Error::new(ErrorKind::Corrupt, "read log")
            .about(path)
            .because("it is named for another number"));
    }
    let (mut at, mut next_frame) = (FRAMES_AT, header.first_frame);
    while let Some(found) = frame::decode(&rest_of(&bytes, at), next_frame, header.salt) {
        for record in &found.records {
            let (record, attachments) = Record::decode(record)?;
            take(record, attachments)?;
        }
        at += found.span;
        next_frame += 1;
    }
    let torn_bytes = torn_tail(&bytes, at, next_frame, header.salt, &path)?;
    Ok(ReadSegment { header, next_frame, torn_bytes })
}

/// Length of what an unfinished frame left at `at`; frames are written one after the other, so that
/// a whole later frame behind it means that a durable one was damaged.
fn torn_tail(bytes: &Bytes, at: u64, next_frame: u64, salt: u64, path: &str) -> Result<u64> {
    let mut torn = 0;
    for start in (at..bytes.len() as u64).step_by(BLOCK_BYTES as usize) {
        let rest = rest_of(bytes, start);
        let Some(number) = frame::number_in(&rest, salt) else { continue };
        torn = torn.max(bytes.len() as u64 - at);
        if number > next_frame && frame::decode(&rest, number, salt).is_some() {
            return Err(Error::new(ErrorKind::Corrupt, "read log").about(path).because(format_args!(
                "frame {next_frame} is damaged and frame {number} behind it is whole: the disk changed durable bytes"
            )));
        }
    }
    Ok(torn)
}

fn rest_of(bytes: &Bytes, at: u64) -> Bytes {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at..)
}
