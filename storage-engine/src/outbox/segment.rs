//! The files of the outbox: `outbox/<position of the first event>.events`, written from their beginning to
//! their end and never changed, removed when everybody has been told what they hold.

use std::collections::VecDeque;

use super::line;
use crate::disk::{Disk, EntryKind};
use crate::error::{Error, Result};

/// The folder.
pub(super) const FOLDER: &str = "outbox";
/// Size at which a segment is full, in bytes; the events written at once may go beyond it.
pub(super) const SEGMENT_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a segment that are read.
pub(super) const READ_BYTES_MAX: usize = 8 * SEGMENT_BYTES_MAX;
const SUFFIX: &str = ".events";
/// No position is higher, so that they can be counted on.
pub(super) const POSITION_MAX: u64 = u64::MAX / 2;

/// A segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Position of its first event.
    pub(super) first: u64,
    /// Position of its last event; `first - 1` where it has none.
    pub(super) last: u64,
    /// Its size.
    pub(super) bytes: u64,
}

impl Segment {
    pub(super) fn path(self) -> String {
        format!("{FOLDER}/{:020}{SUFFIX}", self.first)
    }

    /// The segments that are there, in order. Of the last one, whose end a stop may have torn, whole lines count.
    ///
    /// *Errors*: `Io`.
    pub(super) fn find_all(disk: &dyn Disk) -> Result<VecDeque<Self>> {
        let entries = match disk.read_dir(FOLDER) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(VecDeque::new()),
            Err(error) => return Err(Error::io("read folder", FOLDER, error)),
        };
        let named = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        let mut firsts: Vec<u64> =
            named.filter_map(|entry| entry.name.strip_suffix(SUFFIX)?.parse().ok()).collect();
        firsts.retain(|first| (1..=POSITION_MAX).contains(first));
        firsts.sort_unstable();
        let mut segments = VecDeque::with_capacity(firsts.len());
        for (at, first) in firsts.iter().enumerate() {
            let mut segment = Self { first: *first, last: first.saturating_sub(1), bytes: 0 };
            match firsts.get(at + 1) {
                Some(next) => {
                    let path = segment.path();
                    let len = disk.open(&path).and_then(|file| file.len());
                    segment.bytes = len.map_err(|error| Error::io("read outbox", path, error))?;
                    segment.last = next.saturating_sub(1);
                }
                None => {
                    let bytes = segment.read(disk)?;
                    let (events, _) = line::read_all(&bytes, u64::MAX);
                    segment.bytes = bytes.len() as u64;
                    segment.last = events.last().map_or(segment.last, |(position, _)| *position);
                }
            }
            segments.push_back(segment);
        }
        Ok(segments)
    }

    /// Its bytes.
    ///
    /// *Errors*: `Io`.
    pub(super) fn read(self, disk: &dyn Disk) -> Result<Vec<u8>> {
        let path = self.path();
        disk.read_whole(&path, READ_BYTES_MAX).map_err(|error| Error::io("read outbox", path, error))
    }

    /// Begins a segment. *Durability*: its name is durable on return.
    ///
    /// *Errors*: `StorageFull`, `Io`.
    pub(super) fn create(disk: &dyn Disk, first: u64) -> Result<Self> {
        let segment = Self { first, last: first.saturating_sub(1), bytes: 0 };
        let path = segment.path();
        let created = disk.create_dir_durable(FOLDER).and_then(|()| {
            // What a try that failed, or a torn line, has left under this name holds no event.
            match disk.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            disk.create(&path)?;
            disk.sync_dir(FOLDER)
        });
        created.map_err(|error| Error::io("write outbox", path, error))?;
        Ok(segment)
    }

    /// Adds bytes that end with the event at `last`. *Durability*: durable on return.
    ///
    /// *Errors*: `StorageFull`, `Io`; the segment is not to be written any more then.
    pub(super) fn append(&mut self, disk: &dyn Disk, bytes: &[u8], last: u64) -> Result<()> {
        let path = self.path();
        let written = disk.open_to_write(&path).and_then(|file| {
            file.write_at(bytes, self.bytes)?;
            file.sync()
        });
        written.map_err(|error| Error::io("write outbox", path, error))?;
        self.bytes += bytes.len() as u64;
        self.last = last;
        Ok(())
    }

    /// Removes it. Not durable: what comes back after a power cut is told again or removed again.
    pub(super) fn remove(self, disk: &dyn Disk) -> Result<()> {
        let path = self.path();
        match disk.remove(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|error| Error::io("remove outbox segment", path, error)),
        }
    }
}
