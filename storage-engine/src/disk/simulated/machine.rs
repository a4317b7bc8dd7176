//! The simulated machine as a test holds it: power, faults, room, and what was called.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::inode::InodeId;
use super::state::{Fault, Profile, ROOT, State};
use super::volume::Volume;
use crate::disk::{Disks, SharedDisk};

/// A simulated computer with one file system, which every root shares.
///
/// Calls that change or sync something are counted from 1, over restarts too; reading is not.
/// The same seed and the same calls leave the same after a power cut.
///
/// ```
/// use storage_engine::disk::simulated::{Machine, Profile};
///
/// let machine = Machine::new(Profile::LostEntries, 7);
/// let disk = machine.disk("data")?;
/// disk.create("note")?.sync()?;
/// machine.reboot();
/// assert!(!machine.disk("data")?.exists("note")?, "its folder was not synced");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Machine {
    state: Arc<Mutex<State>>,
}

/// How much the machine's file system holds; `None` is without bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Room in bytes, used in blocks of 4,096.
    pub bytes: Option<u64>,
    /// Most files and folders, the roots among them.
    pub inodes: Option<u64>,
}

impl Machine {
    /// Makes a machine with an empty file system. `seed` decides what each power cut leaves.
    #[must_use]
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(profile, seed))) }
    }

    /// The disk whose root is the folder `root`, made with every missing one above it.
    ///
    /// *Durability*: the root is durable on return. Making it counts as one call, finding it as none.
    pub fn disk(&self, root: &str) -> io::Result<SharedDisk> {
        let root = root.trim_start_matches('/');
        let mut state = self.state();
        let epoch = state.epoch;
        state.check_power(epoch)?;
        let id = match state.find(ROOT, root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                state.change(epoch, format_args!("create root {root}"), |state| create_root(state, root))?
            }
            found => found?,
        };
        state.folder(id)?;
        Ok(Arc::new(Volume::new(self.clone(), id, epoch, root)))
    }

    /// The disk whose root is the existing folder `root`; `NotFound` where there is none.
    pub fn open_disk(&self, root: &str) -> io::Result<SharedDisk> {
        let root = root.trim_start_matches('/');
        let state = self.state();
        state.check_power(state.epoch)?;
        let id = state.find(ROOT, root)?;
        state.folder(id)?;
        Ok(Arc::new(Volume::new(self.clone(), id, state.epoch, root)))
    }

    /// How many calls have changed or synced something.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// How many bytes were read from files.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.state().bytes_read
    }

    /// Lets the power fail during call number `call`, which may be half done; it and every later
    /// one answers an error of kind `Other`.
    pub fn crash_at(&self, call: u64) {
        self.state().crash_at = Some(call);
    }

    /// Turns the power off now.
    pub fn power_off(&self) {
        self.state().is_off = true;
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// Lets call number `call` fail, once.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        self.state().faults.insert(call, fault);
    }

    /// Takes back what [`Self::fail_at`] and [`Self::crash_at`] have planned.
    pub fn clear_plans(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.crash_at = None;
    }

    /// Sets how much fits; what is there already stays.
    pub fn set_capacity(&self, capacity: Capacity) {
        self.state().capacity = capacity;
    }

    /// Cuts the power and turns it on again: what survives is by the profile, locks are free, old
    /// handles are dead, plans are cleared.
    pub fn reboot(&self) {
        self.state().restart();
    }

    /// Ends the processes, as SIGKILL does: nothing is lost, locks are free, old handles are dead
    /// and plans are cleared. After a planned power cut: as if the process had been killed there.
    pub fn kill_processes(&self) {
        self.state().end_processes();
    }

    /// Another machine with the same disk, pending edits and all, on which no process runs. Its
    /// calls count from 1.
    #[must_use]
    pub fn fork(&self, profile: Profile, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().fork(profile, seed))) }
    }

    /// The newest calls, oldest first, for messages of tests that fail.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        self.state().trace()
    }

    /// Whether this is the same machine.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disks for Machine {
    fn open(&self, root: &Path, create: bool) -> io::Result<SharedDisk> {
        let root = root.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        if create { self.disk(root) } else { self.open_disk(root) }
    }
}

fn create_root(state: &mut State, root: &str) -> io::Result<InodeId> {
    let id = state.create_folder(ROOT, root)?;
    let mut above = root;
    while !above.is_empty() {
        above = crate::disk::durable::parent(above);
        let folder = state.find(ROOT, above)?;
        state.sync_folder(folder)?;
    }
    Ok(id)
}
