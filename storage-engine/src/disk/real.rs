//! The operating system's files, reached beneath one root folder.

use std::any::Any;
use std::ffi::CStr;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::{Errno, ReadWriteFlags};

use super::durable::parent;
use super::folders::Folders;
use super::{DirEntry, Disk, DiskFile, DiskLock, Disks, EntryKind, SharedDisk, Space};

/// Bits of files and folders the engine makes: documents are not the world's to read.
const FILE_BITS: u32 = 0o640;
const DIR_BITS: u32 = 0o750;
/// `openat2` answers EAGAIN while something above is being renamed (man openat2, RESOLVE_BENEATH).
const RESOLVE_TRIES_MAX: usize = 32;
const HOLDER_BYTES_MAX: usize = 512;
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// A root folder on the real disk.
///
/// The root's descriptor is held open for as long as the disk lives, so that `syncfs` reports every
/// write-back error since then (fsync(2), kernel 5.8) and a root that is renamed stays reachable.
pub struct RealDisk {
    root: OwnedFd,
    /// Folders that files were made, renamed or removed in of late.
    folders: Folders,
}

impl RealDisk {
    /// Opens an existing root folder.
    pub fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: fs::open(root, flags, Mode::empty())?, folders: Folders::default() })
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
        open_beneath(&self.root, if path.is_empty() { "." } else { path }, flags)
    }

    /// Does something in the folder of `path`, named by its last component. A folder that was removed
    /// since it was last opened is looked for again.
    fn in_folder_of<T>(&self, path: &str, what: impl Fn(&OwnedFd, &str) -> io::Result<T>) -> io::Result<T> {
        if path.starts_with('/') {
            return Err(Errno::XDEV.into());
        }
        let folder = parent(path);
        if let Some(known) = self.folders.get(folder) {
            match what(&known, last(path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.folders.forget(folder),
                done => return done,
            }
        }
        let opened = Arc::new(self.open_at(folder, OFlags::PATH | OFlags::DIRECTORY)?);
        self.folders.keep(folder, &opened);
        what(&opened, last(path))
    }

    fn open_regular(&self, path: &str, access: OFlags) -> io::Result<Box<dyn DiskFile>> {
        // NONBLOCK: a FIFO that somebody put in the tree must not hang the caller.
        regular(self.open_at(path, access | OFlags::NOFOLLOW | OFlags::NONBLOCK)?)
    }

    fn rename(&self, from: &str, to: &str, flags: RenameFlags) -> io::Result<()> {
        self.in_folder_of(from, |source, from| {
            self.in_folder_of(to, |target, to| Ok(fs::renameat_with(source, from, target, to, flags)?))
        })?;
        self.folders.forget_beneath(from);
        Ok(())
    }
}

fn open_beneath(folder: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let bits = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(FILE_BITS) } else { Mode::empty() };
    for _ in 0..RESOLVE_TRIES_MAX {
        match fs::openat2(folder, path, flags | OFlags::CLOEXEC, bits, RESOLVE) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
    Err(Errno::AGAIN.into())
}

fn regular(fd: OwnedFd) -> io::Result<Box<dyn DiskFile>> {
    match FileType::from_raw_mode(fs::fstat(&fd)?.st_mode) {
        FileType::RegularFile => Ok(Box::new(RealFile { fd })),
        FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
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
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        self.in_folder_of(path, |folder, name| {
            Ok(Box::new(RealFile { fd: open_beneath(folder, name, flags)? }) as Box<dyn DiskFile>)
        })
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_regular(path, OFlags::RDONLY)
    }

    fn open_at_once(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // AGAIN: not all of it is in memory (openat2(2), RESOLVE_CACHED).
        regular(fs::openat2(&self.root, path, flags, Mode::empty(), RESOLVE | ResolveFlags::CACHED)?)
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
        self.in_folder_of(path, |folder, name| Ok(fs::unlinkat(folder, name, AtFlags::empty())?))
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.in_folder_of(path, |folder, name| Ok(fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?))?;
        self.folders.forget_beneath(path);
        Ok(())
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        if path.is_empty() {
            return Ok(());
        }
        let make = || {
            self.in_folder_of(path, |folder, name| {
                Ok(fs::mkdirat(folder, name, Mode::from_raw_mode(DIR_BITS))?)
            })
        };
        let made = match make() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.create_dir(parent(path))?;
                make()
            }
            made => made,
        };
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.open_at(path, OFlags::PATH | OFlags::DIRECTORY).map(drop)
            }
            made => made,
        }
    }

    fn each_entry(&self, path: &str, take: &mut dyn FnMut(DirEntry)) -> io::Result<()> {
        let fd = self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
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
            take(DirEntry { name, kind });
        }
        Ok(())
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

    fn read_at_once(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let buffer = &mut [io::IoSliceMut::new(buffer)];
        match rustix::io::preadv2(&self.fd, buffer, offset, ReadWriteFlags::NOWAIT) {
            // A file system that does not know the flag.
            Err(Errno::OPNOTSUPP) => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read?),
        }
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

    fn forget_cached(&self, offset: u64, len: u64) -> io::Result<()> {
        Ok(fs::fadvise(&self.fd, offset, NonZeroU64::new(len), fs::Advice::DontNeed)?)
    }
}

struct RealLock {
    _file: RealFile,
}

impl DiskLock for RealLock {}
