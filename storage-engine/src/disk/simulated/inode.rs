//! Files and folders of the simulated machine, each with its volatile and its durable side.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::content::Content;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InodeId(pub(super) u64);

#[derive(Clone)]
pub(super) struct Inode {
    /// Whether a volatile name leads here. There are no hard links.
    pub(super) linked: bool,
    /// Open files and held locks; the room is given back when neither name nor handle is left.
    pub(super) handles: usize,
    pub(super) node: Node,
}

#[derive(Clone)]
pub(super) enum Node {
    File(FileNode),
    Folder(FolderNode),
}

#[derive(Clone, Default)]
pub(super) struct FolderNode {
    pub(super) entries: BTreeMap<String, InodeId>,
    pub(super) durable: BTreeMap<String, InodeId>,
}

#[derive(Clone, Default)]
pub(super) struct FileNode {
    pub(super) content: Content,
    pub(super) durable: Content,
    /// What leads from `durable` to `content`, in order, less what a failed sync has lost.
    pub(super) pending: Vec<Pending>,
}

/// An edit that is not durable.
#[derive(Clone)]
pub(super) struct Pending {
    /// Its place in the order of everything pending on the machine.
    pub(super) order: u64,
    pub(super) edit: Edit,
}

#[derive(Clone)]
pub(super) enum Edit {
    Write { offset: u64, bytes: Arc<[u8]> },
    SetLen { from: u64, to: u64 },
}

impl Inode {
    pub(super) fn new(node: Node) -> Self {
        Self { linked: true, handles: 0, node }
    }

    /// Blocks taken: one for itself, one for each page.
    pub(super) fn blocks(&self) -> u64 {
        match &self.node {
            _ if !self.is_live() => 0,
            Node::File(file) => 1 + file.content.pages(),
            Node::Folder(_) => 1,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.linked || self.handles > 0
    }
}

impl FileNode {
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64, order: u64) {
        self.content.write_at(bytes, offset);
        let edit = Edit::Write { offset, bytes: bytes.into() };
        self.pending.push(Pending { order, edit });
    }

    pub(super) fn set_len(&mut self, to: u64, order: u64) {
        let from = self.content.len();
        self.content.set_len(to);
        self.pending.push(Pending { order, edit: Edit::SetLen { from, to } });
    }

    /// Makes everything pending durable.
    pub(super) fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            pending.edit.apply(&mut self.durable);
        }
    }

    /// What a failed sync leaves: the bytes will never be durable. The length may be, as a file
    /// system may have it in its journal already.
    pub(super) fn lose_pending(&mut self, keep_length: bool, order: u64) {
        let (from, to) = (self.durable.len(), self.content.len());
        let lost = !self.pending.is_empty();
        self.pending.clear();
        if lost && keep_length && from != to {
            self.pending.push(Pending { order, edit: Edit::SetLen { from, to } });
        }
    }
}

impl Edit {
    pub(super) fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { offset, bytes } => content.write_at(bytes, *offset),
            Self::SetLen { to, .. } => content.set_len(*to),
        }
    }

    /// The length of the file after this edit, `len` being the one before.
    pub(super) fn len_after(&self, len: u64) -> u64 {
        match self {
            Self::Write { offset, bytes } if !bytes.is_empty() => len.max(offset + bytes.len() as u64),
            Self::Write { .. } => len,
            Self::SetLen { to, .. } => *to,
        }
    }
}
