//! How a scrub reads: at its pace, from the device, and without ever writing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::disk::{DirEntry, Disk, DiskFile, DiskLock, SharedDisk, Space};

/// What a scrub has just done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes read.
    pub bytes: u64,
    /// Sidecars or rows of the catalog looked at.
    pub sidecars: u64,
}

/// Told of all work, waits as long as the work is ahead of what is allowed, and says whether to go on.
pub type Pace = Arc<dyn Fn(Work) -> bool + Send + Sync>;

/// Hands work to the pace, until it says stop.
#[derive(Clone)]
pub(super) struct Pacer {
    pace: Pace,
    is_stopped: Arc<AtomicBool>,
    bytes: Arc<AtomicU64>,
}

/// A disk that reads at a pace. Every call that would change something is refused.
pub(super) struct PacedDisk {
    disk: SharedDisk,
    pacer: Pacer,
}

struct PacedFile {
    file: Box<dyn DiskFile>,
    pacer: Pacer,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, is_stopped: Arc::default(), bytes: Arc::default() }
    }

    /// Whether the pass is to end here; what was read last may be cut short.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Counts bytes.
    pub(super) fn count(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes counted since the last call.
    pub(super) fn take_bytes(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }

    /// *Errors*: `Interrupted` once the pass is to end.
    pub(super) fn work(&self, work: Work) -> io::Result<()> {
        if self.is_stopped() || !(self.pace)(work) {
            self.is_stopped.store(true, Ordering::Release);
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

impl PacedDisk {
    pub(super) fn new(disk: &SharedDisk, pacer: &Pacer) -> Self {
        Self { disk: Arc::clone(disk), pacer: pacer.clone() }
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for PacedDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.open(path)?;
        Ok(Box::new(PacedFile { file, pacer: self.pacer.clone() }))
    }

    fn each_entry(&self, path: &str, take: &mut dyn FnMut(DirEntry)) -> io::Result<()> {
        self.pacer.work(Work::default())?;
        self.disk.each_entry(path, take)
    }

    fn space(&self) -> io::Result<Space> {
        self.disk.space()
    }

    fn file_system_id(&self) -> io::Result<u64> {
        self.disk.file_system_id()
    }

    fn create(&self, _path: &str) -> io::Result<Box<dyn DiskFile>> {
        refused()
    }

    fn open_to_write(&self, _path: &str) -> io::Result<Box<dyn DiskFile>> {
        refused()
    }

    fn publish(&self, _from: &str, _to: &str) -> io::Result<()> {
        refused()
    }

    fn replace(&self, _from: &str, _to: &str) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _path: &str) -> io::Result<()> {
        refused()
    }

    fn remove_dir(&self, _path: &str) -> io::Result<()> {
        refused()
    }

    fn create_dir(&self, _path: &str) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _path: &str) -> io::Result<()> {
        refused()
    }

    fn sync_all(&self) -> io::Result<()> {
        refused()
    }

    fn lock(&self, _path: &str, _holder: &str) -> io::Result<Box<dyn DiskLock>> {
        refused()
    }
}

impl DiskFile for PacedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let len = buffer.len() as u64;
        // Before, so that the device is read; after, so that what clients use stays in memory.
        self.file.forget_cached(offset, len)?;
        let count = self.file.read_at(buffer, offset)?;
        self.file.forget_cached(offset, len)?;
        self.pacer.count(count as u64);
        self.pacer.work(Work { bytes: count as u64, sidecars: 0 })?;
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        refused()
    }

    fn copy_range(&self, _from: &dyn DiskFile, _at: u64, _len: u64, _offset: u64) -> io::Result<bool> {
        refused()
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        refused()
    }

    fn sync(&self) -> io::Result<()> {
        refused()
    }
}
