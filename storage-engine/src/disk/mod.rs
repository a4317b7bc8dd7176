//! The door to the operating system's files: nothing else in the engine opens, writes or removes one.
//!
//! A [`Disk`] is one root folder. Paths are relative, joined by `/`, and never leave the root, even
//! through a symbolic link. Two implementations exist: [`RealDisk`] and, for the crash and fault
//! suites, the simulated one. The suite in `conformance.rs` runs over both.
//!
//! What is durable when a call returns is said at each; a name is durable only after
//! [`Disk::sync_dir`] of its folder or [`Disk::sync_all`]. The durable steps that bundle those calls
//! are in `durable.rs`.

mod durable;
mod folders;
mod real;
#[cfg(any(test, feature = "simulation"))]
pub mod simulated;

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) use durable::{PARTIAL_SUFFIX, parent};
pub use real::{RealDisk, RealDisks};

#[cfg(test)]
mod conformance;

/// One root folder.
///
/// *Concurrency*: every method may be called from any thread at any time.
pub trait Disk: Send + Sync {
    /// Creates a file for reading and writing; fails with `AlreadyExists` where the name is taken.
    /// Not durable.
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a regular file for reading.
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a regular file for reading if that needs no device: every name on the way is in the kernel's
    /// memory. Fails with `WouldBlock` where it may need one; a disk that cannot tell always does.
    fn open_at_once(&self, _path: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Opens an existing regular file for reading and writing.
    fn open_to_write(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another, free name; fails with `AlreadyExists` where it is taken
    /// (`RENAME_NOREPLACE`). Atomic, not durable.
    fn publish(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file another name, which it takes over. Atomic, not durable.
    fn replace(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file's name. Not durable.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Removes an empty folder. Not durable.
    fn remove_dir(&self, path: &str) -> io::Result<()>;

    /// Creates a folder and every missing one above it. Not durable.
    fn create_dir(&self, path: &str) -> io::Result<()>;

    /// Hands every entry of a folder to `take`, in no order and one at a time, so that a large folder
    /// takes no memory; the root is the empty path.
    fn each_entry(&self, path: &str, take: &mut dyn FnMut(DirEntry)) -> io::Result<()>;

    /// The entries of a folder, in no order.
    fn read_dir(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        self.each_entry(path, &mut |entry| entries.push(entry))?;
        Ok(entries)
    }

    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &str) -> io::Result<()>;

    /// Makes everything on the file system durable, names and bytes (`syncfs`). For checkpoints:
    /// it waits for strangers' data too.
    fn sync_all(&self) -> io::Result<()>;

    /// Room left.
    fn space(&self) -> io::Result<Space>;

    /// Takes the lock file at `path` for as long as the answer lives and writes `holder` into it.
    /// Fails with `WouldBlock`, carrying the holder's text, where another process has it.
    fn lock(&self, path: &str, holder: &str) -> io::Result<Box<dyn DiskLock>>;

    /// Which file system the root is on: two roots with different answers are on different ones.
    fn file_system_id(&self) -> io::Result<u64>;
}

/// Where disks come from: the real ones, or those of a simulated machine.
pub trait Disks: Send + Sync {
    /// Opens the folder at `root` as a disk; with `create`, makes it and every missing one above it.
    fn open(&self, root: &Path, create: bool) -> io::Result<SharedDisk>;
}

/// An open file. Offsets and lengths are in bytes.
pub trait DiskFile: Any + Send + Sync {
    /// Reads up to the buffer's length; 0 means the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Reads as [`Self::read_at`] does if the bytes are in the kernel's memory, else fails with
    /// `WouldBlock`; fewer than there are may come.
    fn read_at_once(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Writes all bytes. Not durable.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes `len` bytes at `offset` those of another file at `from_offset`, without this process seeing
    /// them: shared where the file system can, else copied in the kernel (`copy_file_range`). `false`
    /// where it cannot between these two files; what is at `offset` is then undefined up to `len` bytes.
    /// Not durable.
    fn copy_range(&self, from: &dyn DiskFile, from_offset: u64, len: u64, offset: u64) -> io::Result<bool>;

    /// Length of the file.
    fn len(&self) -> io::Result<u64>;

    /// Cuts or extends the file; what is added reads as zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes the file's bytes and length durable (`fdatasync`), not its name. After an error the
    /// bytes may be lost although a later call succeeds: never retry.
    fn sync(&self) -> io::Result<()>;

    /// Lets go of what the page cache holds of these bytes, as far as it is on the disk already, so that the
    /// next read comes from the device; `len` 0 means to the end. Advice that may change nothing.
    fn forget_cached(&self, _offset: u64, _len: u64) -> io::Result<()> {
        Ok(())
    }

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }
}

/// A lock that is held; dropping it gives the lock back.
pub trait DiskLock: Send + Sync {}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// Anything else: the engine makes none and follows none.
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name; names that are no UTF-8 are shown with replacement characters.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free bytes for this process.
    pub free_bytes: u64,
    /// Free inodes; `u64::MAX` where the file system makes them as needed.
    pub free_inodes: u64,
}

/// A shared disk.
pub type SharedDisk = Arc<dyn Disk>;
