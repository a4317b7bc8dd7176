//! What a power cut leaves, by the profile of the device.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::content::{Content, PAGE_BYTES};
use super::inode::{Edit, FileNode, Node, Pending};
use super::random::Random;
use super::state::{Profile, ROOT, State};

const SECTOR_BYTES: usize = 512;

impl State {
    /// Turns the machine on with what survived; whatever was volatile is gone.
    pub(super) fn restart(&mut self) {
        match self.profile {
            Profile::Ordered => self.keep_prefix(),
            Profile::Reordered => self.keep_by_chance(PAGE_BYTES),
            Profile::Torn => self.keep_by_chance(SECTOR_BYTES),
            Profile::LostEntries => self.keep_data_only(),
        }
        self.journal.take_all();
        for inode in self.inodes.values_mut() {
            inode.linked = false;
            match &mut inode.node {
                Node::File(file) => {
                    file.pending.clear();
                    file.content = file.durable.clone();
                }
                Node::Folder(folder) => folder.entries = folder.durable.clone(),
            }
        }
        self.keep_reachable();
        self.end_processes();
    }

    /// Makes every handle dead and turns the power on.
    pub(super) fn end_processes(&mut self) {
        for inode in self.inodes.values_mut() {
            inode.handles = 0;
        }
        self.locks.clear();
        self.faults.clear();
        self.crash_at = None;
        self.is_off = false;
        self.epoch += 1;
    }

    fn keep_prefix(&mut self) {
        let files = self.inodes.values().filter_map(|inode| match &inode.node {
            Node::File(file) => Some(file.pending.iter().map(|pending| pending.order)),
            Node::Folder(_) => None,
        });
        let mut orders: Vec<u64> = files.flatten().collect();
        orders.extend(self.journal.pending().iter().map(|change| change.order));
        orders.sort_unstable();
        let cut = self.random.up_to(orders.len());
        let first_lost = orders.get(cut).copied().unwrap_or(u64::MAX);
        for file in self.files_mut() {
            file.pending.retain(|pending| pending.order < first_lost);
            file.sync();
        }
        let surviving = self.journal.take_surviving(|change| change.order < first_lost);
        self.make_durable(&surviving);
    }

    fn keep_by_chance(&mut self, unit_bytes: usize) {
        let mut random = Random::new(self.random.next());
        let quarters = 1 + random.next() % 3;
        let surviving = self.journal.take_surviving(|_| random.chance(quarters, 4));
        self.make_durable(&surviving);
        for file in self.files_mut() {
            match random.up_to(3) {
                0 => keep_length_only(file, &mut random),
                1 => file.sync(),
                _ => keep_units(file, unit_bytes, &mut random),
            }
        }
    }

    fn keep_data_only(&mut self) {
        for file in self.files_mut() {
            file.sync();
        }
    }

    fn files_mut(&mut self) -> impl Iterator<Item = &mut FileNode> {
        self.inodes.values_mut().filter_map(|inode| match &mut inode.node {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        })
    }

    fn keep_reachable(&mut self) {
        let mut reached = BTreeSet::new();
        let mut left = vec![ROOT];
        while let Some(id) = left.pop() {
            if !reached.insert(id) {
                continue;
            }
            let Some(inode) = self.inodes.get_mut(&id) else { continue };
            inode.linked = true;
            if let Node::Folder(folder) = &inode.node {
                left.extend(folder.entries.values().copied());
            }
        }
        self.inodes.retain(|id, _| reached.contains(id));
    }
}

/// The length of some moment between the last sync and now.
fn surviving_length(file: &FileNode, random: &mut Random) -> u64 {
    let count = if random.chance(1, 2) { file.pending.len() } else { random.up_to(file.pending.len()) };
    let kept = file.pending.iter().take(count);
    kept.fold(file.durable.len(), |len, pending| pending.edit.len_after(len))
}

/// The classic: the file has its new length and none of its new bytes.
fn keep_length_only(file: &mut FileNode, random: &mut Random) {
    let len = surviving_length(file, random);
    file.durable.set_len(len);
}

/// Each unit of the file as it was at a moment of its own.
fn keep_units(file: &mut FileNode, unit_bytes: usize, random: &mut Random) {
    let len = surviving_length(file, random);
    let mut by_unit: BTreeMap<u64, Vec<&Edit>> = BTreeMap::new();
    for Pending { edit, .. } in &file.pending {
        for unit in units_of(edit, unit_bytes as u64) {
            by_unit.entry(unit).or_default().push(edit);
        }
    }
    let mut durable = file.durable.clone();
    for (unit, edits) in by_unit {
        let count = random.up_to(edits.len());
        let start = unit * unit_bytes as u64;
        for edit in edits.into_iter().take(count) {
            apply_within(edit, start..start + unit_bytes as u64, &mut durable);
        }
    }
    durable.set_len(len);
    file.durable = durable;
}

/// The units whose bytes an edit changes.
fn units_of(edit: &Edit, unit_bytes: u64) -> Range<u64> {
    let (start, end) = match edit {
        Edit::Write { offset, bytes } => (*offset, *offset + bytes.len() as u64),
        Edit::SetLen { from, to } => (*to, *from),
    };
    if start < end { start / unit_bytes..end.div_ceil(unit_bytes) } else { 0..0 }
}

fn apply_within(edit: &Edit, unit: Range<u64>, content: &mut Content) {
    match edit {
        Edit::Write { offset, bytes } => {
            let (start, end) = (unit.start.max(*offset), unit.end.min(offset + bytes.len() as u64));
            let inside = |at: u64| usize::try_from(at - offset).unwrap_or(usize::MAX);
            if let Some(part) = bytes.get(inside(start)..inside(end)) {
                content.write_at(part, start);
            }
        }
        Edit::SetLen { to, .. } => content.erase(unit.start.max(*to)..unit.end),
    }
}
