//! The operating system's files, reached beneath one root folder.

use std::any::Any;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

use super::durable::parent;
use super::{DirEntry, Disk, DiskFile, DiskLock, Disks, EntryKind, SharedDisk, Space};

/// Bits of files and folders the engine makes: documents are not the world's to read.
const FILE_BITS: u32 = 0o640;
const DIR_BITS: u32 = 0o750;
/// `openat2` answers EAGAIN while something above is being renamed (man openat2, RESOLVE_BENEATH).
const RESOLVE_TRIES_MAX: usize = 32;
const HOLDER_BYTES_MAX: usize = 512;

/// A root folder on the real disk.
///
/// The root's descriptor is held open for as long as the disk lives, so that `syncfs` reports every
/// write-back error since then (fsync(2), kernel 5.8) and a root that is renamed stays reachable.
pub struct RealDisk {
    root: OwnedFd,
}

impl RealDisk {
    /// Opens an existing root folder.
    pub fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: fs::open(root, flags, Mode::empty())? })
    }

    /// Creates the root folder, and every missing one above it, and opens it.
    pub fn create_root(root: &Path) -> io::Result<Self> {
        let mut missing = Vec::new();
        let mut at = Some(root);
        while let Some(path) = at.filter(|path| !path.as_os_str().is_empty()) {
            match fs::mkdir(path, Mode::from_raw_mode(DIR_BITS)) {
                Ok(()) => {
                    sync_parent(path)?;
                    break;
                }
                Err(Errno::EXIST) => break,
                Err(Errno::NOENT) => missing.push(path),
                Err(error) => return Err(error.into()),
            }
            at = path.parent();
        }
        for path in missing.into_iter().rev() {
            fs::mkdir(path, Mode::from_raw_mode(DIR_BITS))?;
            sync_parent(path)?;
        }
        Self::open(root)
    }

    fn open_at(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { "." } else { path };
        let bits =
            if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(FILE_BITS) } else { Mode::empty() };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..RESOLVE_TRIES_MAX {
            match fs::openat2(&self.root, path, flags | OFlags::CLOEXEC, bits, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
        Err(Errno::AGAIN.into())
    }

    fn folder_of(&self, path: &str) -> io::Result<OwnedFd> {
        if path.starts_with('/') {
            return Err(Errno::XDEV.into());
        }
        self.open_at(parent(path), OFlags::PATH | OFlags::DIRECTORY)
    }

    fn open_regular(&self, path: &str, access: OFlags) -> io::Result<Box<dyn DiskFile>> {
        // NONBLOCK: a FIFO that somebody put in the tree must not hang the caller.
        let fd = self.open_at(path, access | OFlags::NOFOLLOW | OFlags::NONBLOCK)?;
        match FileType::from_raw_mode(fs::fstat(&fd)?.st_mode) {
            FileType::RegularFile => Ok(Box::new(RealFile { fd })),
            FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }

    fn rename(&self, from: &str, to: &str, flags: RenameFlags) -> io::Result<()> {
        let (source, target) = (self.folder_of(from)?, self.folder_of(to)?);
        Ok(fs::renameat_with(source, last(from), target, last(to), flags)?)
    }
}

/// The disks of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisks;

impl Disks for RealDisks {
    fn open(&self, root: &Path, create: bool) -> io::Result<SharedDisk> {
        let disk = if create { RealDisk::create_root(root)? } else { RealDisk::open(root)? };
        Ok(Arc::new(disk))
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::open(above, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(fs::fsync(folder)?)
}

/// The last component of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Disk for RealDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let fd = self.open_at(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW)?;
        Ok(Box::new(RealFile { fd }))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_regular(path, OFlags::RDONLY)
    }

    fn open_to_write(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_regular(path, OFlags::RDWR)
    }

    fn publish(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename(from, to, RenameFlags::NOREPLACE)
    }

    fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename(from, to, RenameFlags::empty())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        Ok(fs::unlinkat(self.folder_of(path)?, last(path), AtFlags::empty())?)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        Ok(fs::unlinkat(self.folder_of(path)?, last(path), AtFlags::REMOVEDIR)?)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        if path.is_empty() {
            return Ok(());
        }
        let folder = match self.folder_of(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.create_dir(parent(path))?;
                self.folder_of(path)?
            }
            other => other?,
        };
        match fs::mkdirat(&folder, last(path), Mode::from_raw_mode(DIR_BITS)) {
            Err(Errno::EXIST) => self.open_at(path, OFlags::PATH | OFlags::DIRECTORY).map(drop),
            made => Ok(made?),
        }
    }

    fn read_dir(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let fd = self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut entries = Vec::new();
        for entry in fs::Dir::new(fd)? {
            let entry = entry?;
            if entry.file_name() == c"." || entry.file_name() == c".." {
                continue;
            }
            let name = text_of(entry.file_name());
            let kind = match entry.file_type() {
                FileType::RegularFile => EntryKind::File,
                FileType::Directory => EntryKind::Dir,
                FileType::Unknown => self.kind_of(path, &name)?,
                _ => EntryKind::Other,
            };
            entries.push(DirEntry { name, kind });
        }
        Ok(entries)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        Ok(fs::fsync(self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)?)?)
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.root)?)
    }

    fn space(&self) -> io::Result<Space> {
        let stat = fs::fstatvfs(&self.root)?;
        let free_inodes = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
        Ok(Space { free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize), free_inodes })
    }

    fn lock(&self, path: &str, holder: &str) -> io::Result<Box<dyn DiskLock>> {
        let fd = self.open_at(path, OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW)?;
        let file = RealFile { fd };
        match fs::flock(&file.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut text = vec![0; HOLDER_BYTES_MAX];
                let count = file.read_at(&mut text, 0).unwrap_or(0);
                text.truncate(count);
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    String::from_utf8_lossy(&text).into_owned(),
                ));
            }
            Err(error) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.write_at(holder.as_bytes(), 0)?;
        Ok(Box::new(RealLock { _file: file }))
    }

    fn file_system_id(&self) -> io::Result<u64> {
        Ok(fs::fstat(&self.root)?.st_dev)
    }
}

impl RealDisk {
    /// For file systems whose folders do not say what an entry is.
    fn kind_of(&self, folder: &str, name: &str) -> io::Result<EntryKind> {
        let folder = self.open_at(folder, OFlags::PATH | OFlags::DIRECTORY)?;
        let stat = fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Dir,
            _ => EntryKind::Other,
        })
    }
}

fn text_of(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

struct RealFile {
    fd: OwnedFd,
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::pread(&self.fd, &mut *buffer, offset))?)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut at) = (bytes, offset);
        while !rest.is_empty() {
            let count = rustix::io::retry_on_intr(|| rustix::io::pwrite(&self.fd, rest, at))?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(count..).unwrap_or_default();
            at += count as u64;
        }
        Ok(())
    }

    fn copy_range(&self, from: &dyn DiskFile, from_offset: u64, len: u64, offset: u64) -> io::Result<bool> {
        let from: &dyn Any = from;
        let Some(from) = from.downcast_ref::<Self>() else { return Ok(false) };
        let (mut from_at, mut at, mut left) = (from_offset, offset, len);
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX);
            match fs::copy_file_range(&from.fd, Some(&mut from_at), &self.fd, Some(&mut at), count) {
                // The source is shorter: whoever reads it finds out.
                Ok(0) => return Ok(false),
                Ok(count) => left = left.saturating_sub(count as u64),
                Err(Errno::INTR) => {}
                // PERM: what a container that does not know the call answers.
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(fs::fstat(&self.fd)?.st_size).unwrap_or(0))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Ok(fs::ftruncate(&self.fd, len)?)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(fs::fdatasync(self.fd.as_fd())?)
    }
}

struct RealLock {
    _file: RealFile,
}

impl DiskLock for RealLock {}
