//! Changes of names that are not durable yet, in their order.

use std::collections::BTreeSet;

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
}

impl Change {
    fn shares_name_with(&self, names: &BTreeSet<(InodeId, String)>) -> bool {
        self.settings.iter().any(|setting| names.contains(&(setting.folder, setting.name.clone())))
    }

    fn names(&self) -> impl Iterator<Item = (InodeId, String)> {
        self.settings.iter().map(|setting| (setting.folder, setting.name.clone()))
    }
}

impl Journal {
    pub(super) fn push(&mut self, change: Change) {
        self.pending.push(change);
    }

    pub(super) fn pending(&self) -> &[Change] {
        &self.pending
    }

    /// Takes out, in order, what a sync of `folder` makes durable: every change of a name in it,
    /// and the earlier changes of the names that those touch elsewhere.
    pub(super) fn take_folder(&mut self, folder: InodeId) -> Vec<Change> {
        let mut names = BTreeSet::new();
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for change in self.pending.drain(..).rev() {
            let inside = change.settings.iter().any(|setting| setting.folder == folder);
            if inside || change.shares_name_with(&names) {
                names.extend(change.names());
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
    /// the same name, so that no rename can leave a file with two names.
    pub(super) fn take_surviving(&mut self, mut keep: impl FnMut(&Change) -> bool) -> Vec<Change> {
        let mut dead_names = BTreeSet::new();
        let mut surviving = Vec::new();
        for change in self.pending.drain(..) {
            if keep(&change) && !change.shares_name_with(&dead_names) {
                surviving.push(change);
            } else {
                dead_names.extend(change.names());
            }
        }
        surviving
    }
}
