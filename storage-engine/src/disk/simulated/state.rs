//! Everything a simulated machine is: its inodes, what is pending, its power, and the calls so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;

use rustix::io::Errno;

use super::content::PAGE_BYTES;
use super::inode::{FileNode, FolderNode, Inode, InodeId, Node};
use super::journal::{Change, Journal};
use super::machine::Capacity;
use super::random::Random;

/// The trace keeps this many calls, the newest.
const TRACE_CALLS_MAX: usize = 500;
const FILE_BYTES_MAX: u64 = i64::MAX as u64;
pub(super) const ROOT: InodeId = InodeId(0);

/// What survives a power cut of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A prefix, in the order in which the calls were made.
    Ordered,
    /// Each page of each file, each length and each change of names by itself.
    Reordered,
    /// As [`Self::Reordered`], but by sectors of 512 bytes: a write may be there in pieces.
    Torn,
    /// All bytes and lengths, and no change of names.
    LostEntries,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 4] = [Self::Ordered, Self::Reordered, Self::Torn, Self::LostEntries];
}

/// How one call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// EIO. A sync that fails loses the bytes it was to write.
    Io,
    /// ENOSPC. A write that fails may have been done in part; a sync loses its bytes as with EIO.
    NoSpace,
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::Io => Errno::IO.into(),
            Self::NoSpace => Errno::NOSPC.into(),
        }
    }
}

/// What becomes of a call that changes or syncs something.
pub(super) enum Verdict {
    Go,
    /// The power fails during the call.
    PowerFails,
    Fails(Fault),
}

#[derive(Clone)]
pub(super) struct State {
    pub(super) profile: Profile,
    pub(super) random: Random,
    pub(super) capacity: Capacity,
    pub(super) inodes: BTreeMap<InodeId, Inode>,
    pub(super) journal: Journal,
    pub(super) locks: BTreeSet<InodeId>,
    pub(super) crash_at: Option<u64>,
    pub(super) faults: BTreeMap<u64, Fault>,
    pub(super) is_off: bool,
    /// Rises when the machine or its processes start anew: older handles are dead.
    pub(super) epoch: u64,
    pub(super) calls: u64,
    /// Bytes that were read from files.
    pub(super) bytes_read: u64,
    trace: VecDeque<String>,
    orders: u64,
    inode_ids: u64,
}

impl State {
    pub(super) fn new(profile: Profile, seed: u64) -> Self {
        let root = Inode::new(Node::Folder(FolderNode::default()));
        Self {
            profile,
            random: Random::new(seed),
            capacity: Capacity::default(),
            inodes: BTreeMap::from([(ROOT, root)]),
            journal: Journal::default(),
            locks: BTreeSet::new(),
            crash_at: None,
            faults: BTreeMap::new(),
            is_off: false,
            epoch: 0,
            calls: 0,
            bytes_read: 0,
            trace: VecDeque::new(),
            orders: 0,
            inode_ids: 0,
        }
    }

    /// Refuses a handle of a machine that is off or has been started anew since.
    pub(super) fn check_power(&self, epoch: u64) -> io::Result<()> {
        if self.is_off || epoch != self.epoch { Err(power_is_off()) } else { Ok(()) }
    }

    /// Counts a call that changes or syncs, and says what becomes of it.
    pub(super) fn begin(&mut self, epoch: u64, call: fmt::Arguments<'_>) -> io::Result<Verdict> {
        self.check_power(epoch)?;
        self.calls += 1;
        let fault = self.faults.remove(&self.calls);
        let power_fails = self.crash_at == Some(self.calls);
        let fate = match fault {
            _ if power_fails => ": the power fails".to_owned(),
            Some(fault) => format!(": fails with {fault:?}"),
            None => String::new(),
        };
        if self.trace.len() == TRACE_CALLS_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(format!("{:>6} {call}{fate}", self.calls));
        if power_fails {
            self.is_off = true;
            return Ok(Verdict::PowerFails);
        }
        Ok(fault.map_or(Verdict::Go, Verdict::Fails))
    }

    /// Runs a call that is done wholly or not at all.
    pub(super) fn change<T>(
        &mut self,
        epoch: u64,
        call: fmt::Arguments<'_>,
        act: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.begin(epoch, call)? {
            Verdict::Go => act(self),
            Verdict::Fails(fault) => Err(fault.error()),
            Verdict::PowerFails => {
                if self.random.chance(1, 2) {
                    act(self)?;
                }
                Err(power_is_off())
            }
        }
    }

    /// The same disk in another machine, which counts its calls from 1.
    pub(super) fn fork(&self, profile: Profile, seed: u64) -> Self {
        let mut fork = Self { profile, random: Random::new(seed), calls: 0, ..self.clone() };
        fork.trace.clear();
        fork.end_processes();
        fork
    }

    pub(super) fn trace(&self) -> Vec<String> {
        self.trace.iter().cloned().collect()
    }

    /// The next place in the order of what is pending.
    pub(super) fn next_order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    pub(super) fn file(&self, id: InodeId) -> io::Result<&FileNode> {
        match self.inodes.get(&id).map(|inode| &inode.node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Folder(_)) => Err(Errno::ISDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    fn file_mut(&mut self, id: InodeId) -> io::Result<&mut FileNode> {
        match self.inodes.get_mut(&id).map(|inode| &mut inode.node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Folder(_)) => Err(Errno::ISDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    pub(super) fn folder(&self, id: InodeId) -> io::Result<&FolderNode> {
        match self.inodes.get(&id).map(|inode| &inode.node) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(Errno::NOTDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    pub(super) fn inode_mut(&mut self, id: InodeId) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&id).ok_or_else(|| Errno::NOENT.into())
    }

    /// Makes an inode without a name.
    ///
    /// *Errors*: `StorageFull` where no inode or block is left.
    pub(super) fn add_inode(&mut self, node: Node) -> io::Result<InodeId> {
        if self.free_inodes() == 0 || self.free_blocks() == 0 {
            return Err(Errno::NOSPC.into());
        }
        self.inode_ids += 1;
        let id = InodeId(self.inode_ids);
        self.inodes.insert(id, Inode::new(node));
        Ok(id)
    }

    pub(super) fn free_blocks(&self) -> u64 {
        let Some(bytes) = self.capacity.bytes else { return u64::MAX };
        let used: u64 = self.inodes.values().map(Inode::blocks).sum();
        (bytes / PAGE_BYTES as u64).saturating_sub(used)
    }

    pub(super) fn free_inodes(&self) -> u64 {
        let Some(inodes) = self.capacity.inodes else { return u64::MAX };
        inodes.saturating_sub(self.inodes.values().filter(|inode| inode.is_live()).count() as u64)
    }

    /// Writes what there is room for; an error where that is not all.
    pub(super) fn write(&mut self, id: InodeId, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(bytes.len() as u64).filter(|end| *end <= FILE_BYTES_MAX);
        if end.is_none() {
            return Err(Errno::FBIG.into());
        }
        let (free, order) = (self.free_blocks(), self.next_order());
        let file = self.file_mut(id)?;
        let count = file.content.fitting(offset, bytes.len(), free);
        file.write(bytes.get(..count).unwrap_or_default(), offset, order);
        if count < bytes.len() { Err(Errno::NOSPC.into()) } else { Ok(()) }
    }

    pub(super) fn set_len(&mut self, id: InodeId, len: u64) -> io::Result<()> {
        if len > FILE_BYTES_MAX {
            return Err(Errno::FBIG.into());
        }
        let order = self.next_order();
        self.file_mut(id)?.set_len(len, order);
        Ok(())
    }

    pub(super) fn sync_file(&mut self, id: InodeId) -> io::Result<()> {
        self.file_mut(id)?.sync();
        Ok(())
    }

    /// What a failed sync of one file leaves behind.
    pub(super) fn lose_pending(&mut self, id: InodeId) -> io::Result<()> {
        let (keep_length, order) = (self.random.chance(1, 2), self.next_order());
        self.file_mut(id)?.lose_pending(keep_length, order);
        Ok(())
    }

    /// What a failed sync of everything leaves behind: any file may have lost its bytes.
    pub(super) fn lose_some_pending(&mut self) -> io::Result<()> {
        let pending = |inode: &Inode| matches!(&inode.node, Node::File(file) if !file.pending.is_empty());
        let files: Vec<InodeId> =
            self.inodes.iter().filter(|(_, inode)| pending(inode)).map(|(id, _)| *id).collect();
        for id in files {
            if self.random.chance(1, 2) {
                self.lose_pending(id)?;
            }
        }
        Ok(())
    }

    pub(super) fn sync_folder(&mut self, id: InodeId) -> io::Result<()> {
        self.folder(id)?;
        let changes = self.journal.take_folder(id);
        self.make_durable(&changes);
        Ok(())
    }

    pub(super) fn sync_all(&mut self) -> io::Result<()> {
        let changes = self.journal.take_all();
        self.make_durable(&changes);
        for inode in self.inodes.values_mut() {
            if let Node::File(file) = &mut inode.node {
                file.sync();
            }
        }
        self.inodes.retain(|_, inode| inode.is_live());
        Ok(())
    }

    pub(super) fn make_durable(&mut self, changes: &[Change]) {
        for setting in changes.iter().flat_map(|change| &change.settings) {
            let inode = self.inodes.get_mut(&setting.folder);
            let Some(Node::Folder(folder)) = inode.map(|inode| &mut inode.node) else { continue };
            match setting.target {
                Some(target) => folder.durable.insert(setting.name.clone(), target),
                None => folder.durable.remove(&setting.name),
            };
        }
    }
}

pub(super) fn power_is_off() -> io::Error {
    io::Error::other("power is off")
}
