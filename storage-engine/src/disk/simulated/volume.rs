//! A simulated machine's files through the door that the engine knows.

use std::any::Any;
use std::fmt;
use std::io;

use rustix::io::Errno;

use super::content::PAGE_BYTES;
use super::inode::InodeId;
use super::machine::Machine;
use super::state::{Fault, Profile, State, Verdict, power_is_off};
use crate::disk::{DirEntry, Disk, DiskFile, DiskLock, Space};

/// What a machine without a bound answers.
const FREE_BYTES_UNBOUNDED: u64 = 1 << 40;
const HOLDER_BYTES_MAX: usize = 512;

/// A root folder on a simulated machine.
pub(super) struct Volume {
    machine: Machine,
    root: InodeId,
    epoch: u64,
    /// For the trace.
    path: String,
}

impl Volume {
    pub(super) fn new(machine: Machine, root: InodeId, epoch: u64, path: &str) -> Self {
        Self { machine, root, epoch, path: path.to_owned() }
    }

    /// Counts a handle on `id`.
    fn handle(&self, id: InodeId, path: &str, may_write: bool) -> io::Result<SimulatedFile> {
        self.machine.state().inode_mut(id)?.handles += 1;
        Ok(SimulatedFile {
            machine: self.machine.clone(),
            id,
            epoch: self.epoch,
            path: format!("{}/{path}", self.path),
            may_write,
        })
    }

    fn open_regular(&self, path: &str, may_write: bool) -> io::Result<Box<dyn DiskFile>> {
        let id = {
            let state = self.machine.state();
            state.check_power(self.epoch)?;
            let id = state.find(self.root, path)?;
            state.file(id)?;
            id
        };
        Ok(Box::new(self.handle(id, path, may_write)?))
    }

    fn rename(&self, from: &str, to: &str, may_replace: bool) -> io::Result<()> {
        let (root, verb) = (self.root, if may_replace { "replace" } else { "publish" });
        self.machine.state().change(
            self.epoch,
            format_args!("{verb} {} {from} -> {to}", self.path),
            |state| state.rename(root, from, to, may_replace),
        )
    }
}

impl Disk for Volume {
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let id = self.machine.state().change(
            self.epoch,
            format_args!("create {}/{path}", self.path),
            |state| state.create_file(self.root, path),
        )?;
        Ok(Box::new(self.handle(id, path, true)?))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_regular(path, false)
    }

    fn open_to_write(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_regular(path, true)
    }

    fn publish(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename(from, to, false)
    }

    fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename(from, to, true)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.machine.state().change(self.epoch, format_args!("remove {}/{path}", self.path), |state| {
            state.remove_file(self.root, path)
        })
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.machine.state().change(self.epoch, format_args!("remove_dir {}/{path}", self.path), |state| {
            state.remove_folder(self.root, path)
        })
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.machine.state().change(self.epoch, format_args!("create_dir {}/{path}", self.path), |state| {
            state.create_folder(self.root, path).map(|_| ())
        })
    }

    fn each_entry(&self, path: &str, take: &mut dyn FnMut(DirEntry)) -> io::Result<()> {
        let entries = {
            let state = self.machine.state();
            state.check_power(self.epoch)?;
            state.entries(self.root, path)?
        };
        entries.into_iter().for_each(take);
        Ok(())
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.machine.state().change(self.epoch, format_args!("sync_dir {}/{path}", self.path), |state| {
            let id = state.find(self.root, path)?;
            state.sync_folder(id)
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        let mut state = self.machine.state();
        match state.begin(self.epoch, format_args!("sync_all"))? {
            Verdict::Go => state.sync_all(),
            Verdict::Fails(fault) => {
                state.lose_some_pending()?;
                Err(fault.error())
            }
            Verdict::PowerFails => Err(power_is_off()),
        }
    }

    fn space(&self) -> io::Result<Space> {
        let state = self.machine.state();
        state.check_power(self.epoch)?;
        let free_bytes = match state.capacity.bytes {
            Some(_) => state.free_blocks().saturating_mul(PAGE_BYTES as u64),
            None => FREE_BYTES_UNBOUNDED,
        };
        Ok(Space { free_bytes, free_inodes: state.free_inodes() })
    }

    fn lock(&self, path: &str, holder: &str) -> io::Result<Box<dyn DiskLock>> {
        let id =
            self.machine.state().change(self.epoch, format_args!("lock {}/{path}", self.path), |state| {
                let id = state.find_or_create_file(self.root, path)?;
                if state.locks.contains(&id) {
                    let mut text = vec![0; HOLDER_BYTES_MAX];
                    let count = state.file(id)?.content.read_at(&mut text, 0);
                    text.truncate(count);
                    let text = String::from_utf8_lossy(&text).into_owned();
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
                }
                state.set_len(id, 0)?;
                state.write(id, holder.as_bytes(), 0)?;
                state.locks.insert(id);
                Ok(id)
            })?;
        Ok(Box::new(SimulatedLock { file: self.handle(id, path, true)? }))
    }

    fn file_system_id(&self) -> io::Result<u64> {
        self.machine.state().check_power(self.epoch)?;
        Ok(1)
    }
}

/// An open file on a simulated machine.
struct SimulatedFile {
    machine: Machine,
    id: InodeId,
    epoch: u64,
    /// The path at which it was opened, for the trace.
    path: String,
    may_write: bool,
}

impl SimulatedFile {
    fn check_writable(&self) -> io::Result<()> {
        if self.may_write { Ok(()) } else { Err(Errno::BADF.into()) }
    }

    /// Writes in one call, which may fail or be cut short.
    fn write(
        &self,
        state: &mut State,
        call: fmt::Arguments<'_>,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<()> {
        let (count, error) = match state.begin(self.epoch, call)? {
            Verdict::Go => return state.write(self.id, bytes, offset),
            Verdict::Fails(Fault::Io) => return Err(Fault::Io.error()),
            Verdict::Fails(Fault::NoSpace) => {
                // Room is taken by pages: up to the beginning of one the write is done.
                let pages = state.random.up_to(bytes.len().saturating_sub(1)) / PAGE_BYTES;
                (pages * PAGE_BYTES, Fault::NoSpace.error())
            }
            Verdict::PowerFails => (state.random.up_to(bytes.len()), power_is_off()),
        };
        state.write(self.id, bytes.get(..count).unwrap_or_default(), offset)?;
        Err(error)
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.machine.state();
        state.check_power(self.epoch)?;
        let count = state.file(self.id)?.content.read_at(buffer, offset);
        state.bytes_read += count as u64;
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        let call = format_args!("write {} {} at {offset}", self.path, bytes.len());
        self.write(&mut self.machine.state(), call, bytes, offset)
    }

    fn copy_range(&self, from: &dyn DiskFile, from_offset: u64, len: u64, offset: u64) -> io::Result<bool> {
        self.check_writable()?;
        let from: &dyn Any = from;
        let mut state = self.machine.state();
        let source = from.downcast_ref::<Self>().filter(|from| from.machine.is(&self.machine));
        // One of the profiles is a file system that cannot, so that suites go both ways.
        let Some(source) = source.filter(|_| state.profile != Profile::Torn) else { return Ok(false) };
        state.check_power(source.epoch)?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        if state.file(source.id)?.content.read_at(&mut bytes, from_offset) as u64 != len {
            return Ok(false);
        }
        let call =
            format_args!("copy {} {from_offset} to write {} {len} at {offset}", source.path, self.path);
        self.write(&mut state, call, &bytes, offset).map(|()| true)
    }

    fn len(&self) -> io::Result<u64> {
        let state = self.machine.state();
        state.check_power(self.epoch)?;
        Ok(state.file(self.id)?.content.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_writable()?;
        let call = format_args!("set_len {} {len}", self.path);
        self.machine.state().change(self.epoch, call, |state| state.set_len(self.id, len))
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.machine.state();
        match state.begin(self.epoch, format_args!("sync {}", self.path))? {
            Verdict::Go => state.sync_file(self.id),
            Verdict::Fails(fault) => {
                state.lose_pending(self.id)?;
                Err(fault.error())
            }
            Verdict::PowerFails => {
                if state.random.chance(1, 3) {
                    state.sync_file(self.id)?;
                }
                Err(power_is_off())
            }
        }
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        let mut state = self.machine.state();
        if state.epoch == self.epoch
            && let Ok(inode) = state.inode_mut(self.id)
        {
            inode.handles = inode.handles.saturating_sub(1);
        }
    }
}

struct SimulatedLock {
    file: SimulatedFile,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut state = self.file.machine.state();
        if state.epoch == self.file.epoch {
            state.locks.remove(&self.file.id);
        }
    }
}
