//! Changes of names that are not durable yet, in their order.

use std::collections::{BTreeMap, BTreeSet};

use super::inode::InodeId;

/// One name gets a new meaning, or none.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) folder: InodeId,
    pub(super) name: String,
    pub(super) target: Option<InodeId>,
}

/// An atomic change of names: one setting, or the two sides of a rename.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) order: u64,
    pub(super) settings: Vec<Setting>,
}

#[derive(Clone, Default)]
pub(super) struct Journal {
    pending: Vec<Change>,
    /// The folder that each inode was last put into.
    parents: BTreeMap<InodeId, InodeId>,
}

impl Change {
    fn shares_name_with(&self, names: &BTreeSet<(InodeId, String)>) -> bool {
        self.settings.iter().any(|setting| names.contains(&(setting.folder, setting.name.clone())))
    }

    /// What the change gives its first name.
    fn made(&self) -> Option<InodeId> {
        match self.settings.as_slice() {
            [only] => only.target,
            _ => None,
        }
    }

    /// The folder that a rename puts a name of another folder into.
    fn went_to(&self) -> Option<InodeId> {
        match self.settings.as_slice() {
            [from, to] if from.folder != to.folder => Some(to.folder),
            _ => None,
        }
    }

    fn names(&self) -> impl Iterator<Item = (InodeId, String)> {
        self.settings.iter().map(|setting| (setting.folder, setting.name.clone()))
    }
}

impl Journal {
    pub(super) fn push(&mut self, change: Change) {
        let placed = change.settings.iter().filter_map(|setting| Some((setting.target?, setting.folder)));
        self.parents.extend(placed);
        self.pending.push(change);
    }

    pub(super) fn pending(&self) -> &[Change] {
        &self.pending
    }

    /// Takes out, in order, what a sync of `folder` makes durable: every change of a name in it,
    /// the earlier changes of the names that those touch elsewhere, and the making of another folder
    /// that a file went to.
    pub(super) fn take_folder(&mut self, folder: InodeId) -> Vec<Change> {
        let (mut names, mut needed) = (BTreeSet::new(), BTreeSet::new());
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for change in self.pending.drain(..).rev() {
            let inside = change.settings.iter().any(|setting| setting.folder == folder);
            let makes_needed = change.made().is_some_and(|made| needed.contains(&made));
            if inside || makes_needed || change.shares_name_with(&names) {
                names.extend(change.names());
                needed.extend(change.went_to().into_iter().flat_map(|folder| path_up(&self.parents, folder)));
                taken.push(change);
            } else {
                left.push(change);
            }
        }
        left.reverse();
        taken.reverse();
        self.pending = left;
        taken
    }

    pub(super) fn take_all(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.pending)
    }

    /// Takes out the changes that `keep` lets survive. A change also dies with an earlier one of
    /// the same name, so that no rename can leave a file with two names, and with the making of the
    /// folder that it puts a name into, so that no rename can leave a file with none.
    pub(super) fn take_surviving(&mut self, mut keep: impl FnMut(&Change) -> bool) -> Vec<Change> {
        let (mut dead_names, mut never_made) = (BTreeSet::new(), BTreeSet::new());
        let mut surviving = Vec::new();
        for change in self.pending.drain(..) {
            let is_there = |folder| path_up(&self.parents, folder).all(|above| !never_made.contains(&above));
            let folders_are_there = change.settings.iter().all(|setting| is_there(setting.folder));
            if keep(&change) && folders_are_there && !change.shares_name_with(&dead_names) {
                surviving.push(change);
            } else {
                dead_names.extend(change.names());
                never_made.extend(change.made());
            }
        }
        surviving
    }
}

/// A folder and those above it.
fn path_up(parents: &BTreeMap<InodeId, InodeId>, folder: InodeId) -> impl Iterator<Item = InodeId> {
    std::iter::successors(Some(folder), |folder| parents.get(folder).copied())
}
