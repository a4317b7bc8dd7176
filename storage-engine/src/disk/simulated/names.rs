//! Paths and names of the simulated machine: looking them up, giving and taking them.

use std::io;

use rustix::io::Errno;

use super::inode::{FileNode, FolderNode, InodeId, Node};
use super::journal::{Change, Setting};
use super::state::State;
use crate::disk::durable::parent;
use crate::disk::{DirEntry, EntryKind};

const NAME_BYTES_MAX: usize = 255;

impl State {
    /// The inode at `path` beneath `root`. No path leaves the root.
    pub(super) fn find(&self, root: InodeId, path: &str) -> io::Result<InodeId> {
        if path.starts_with('/') {
            return Err(Errno::XDEV.into());
        }
        let mut at = root;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            check_name(name)?;
            at = *self.folder(at)?.entries.get(name).ok_or(Errno::NOENT)?;
        }
        Ok(at)
    }

    /// The folder in which `path` is, or is to be, a name; and that name.
    fn place<'a>(&self, root: InodeId, path: &'a str) -> io::Result<(InodeId, &'a str)> {
        let folder = self.find(root, parent(path))?;
        self.folder(folder)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        if path.starts_with('/') {
            return Err(Errno::XDEV.into());
        }
        if name.is_empty() || name == "." {
            return Err(Errno::NOENT.into());
        }
        check_name(name)?;
        Ok((folder, name))
    }

    fn lookup(&self, folder: InodeId, name: &str) -> io::Result<Option<InodeId>> {
        Ok(self.folder(folder)?.entries.get(name).copied())
    }

    /// Gives names new meanings, at once for whoever reads, pending for the disk.
    fn set_names(&mut self, settings: Vec<Setting>) -> io::Result<()> {
        for setting in &settings {
            let Node::Folder(folder) = &mut self.inode_mut(setting.folder)?.node else {
                return Err(Errno::NOTDIR.into());
            };
            let before = match setting.target {
                Some(target) => folder.entries.insert(setting.name.clone(), target),
                None => folder.entries.remove(&setting.name),
            };
            if let Some(before) = before {
                self.inode_mut(before)?.linked = false;
            }
        }
        for target in settings.iter().filter_map(|setting| setting.target) {
            self.inode_mut(target)?.linked = true;
        }
        let order = self.next_order();
        self.journal.push(Change { order, settings });
        Ok(())
    }

    pub(super) fn create_file(&mut self, root: InodeId, path: &str) -> io::Result<InodeId> {
        let (folder, name) = self.place(root, path)?;
        if self.lookup(folder, name)?.is_some() {
            return Err(Errno::EXIST.into());
        }
        let id = self.add_inode(Node::File(FileNode::default()))?;
        self.set_names(vec![Setting { folder, name: name.to_owned(), target: Some(id) }])?;
        Ok(id)
    }

    /// The file at `path`, made where it is missing.
    pub(super) fn find_or_create_file(&mut self, root: InodeId, path: &str) -> io::Result<InodeId> {
        match self.create_file(root, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let id = self.find(root, path)?;
                self.file(id).map(|_| id)
            }
            other => other,
        }
    }

    /// The folder at `path`, made with every missing one above it.
    pub(super) fn create_folder(&mut self, root: InodeId, path: &str) -> io::Result<InodeId> {
        if path.is_empty() {
            return Ok(root);
        }
        self.create_folder(root, parent(path))?;
        let (folder, name) = self.place(root, path)?;
        if let Some(id) = self.lookup(folder, name)? {
            return match self.folder(id) {
                Ok(_) => Ok(id),
                Err(_) => Err(Errno::NOTDIR.into()),
            };
        }
        let id = self.add_inode(Node::Folder(FolderNode::default()))?;
        self.set_names(vec![Setting { folder, name: name.to_owned(), target: Some(id) }])?;
        Ok(id)
    }

    pub(super) fn remove_file(&mut self, root: InodeId, path: &str) -> io::Result<()> {
        let (folder, name) = self.place(root, path)?;
        let id = self.lookup(folder, name)?.ok_or(Errno::NOENT)?;
        self.file(id)?;
        self.set_names(vec![Setting { folder, name: name.to_owned(), target: None }])
    }

    pub(super) fn remove_folder(&mut self, root: InodeId, path: &str) -> io::Result<()> {
        let (folder, name) = self.place(root, path)?;
        let id = self.lookup(folder, name)?.ok_or(Errno::NOENT)?;
        if !self.folder(id)?.entries.is_empty() {
            return Err(Errno::NOTEMPTY.into());
        }
        self.set_names(vec![Setting { folder, name: name.to_owned(), target: None }])
    }

    pub(super) fn rename(
        &mut self,
        root: InodeId,
        from: &str,
        to: &str,
        may_replace: bool,
    ) -> io::Result<()> {
        let (source, source_name) = self.place(root, from)?;
        let (target, target_name) = self.place(root, to)?;
        let id = self.lookup(source, source_name)?.ok_or(Errno::NOENT)?;
        match self.lookup(target, target_name)? {
            Some(_) if !may_replace => return Err(Errno::EXIST.into()),
            Some(taken) if taken == id => return Ok(()),
            Some(taken) => self.check_replaceable(id, taken)?,
            None => {}
        }
        if self.leads_to(id, target) {
            return Err(Errno::INVAL.into());
        }
        self.set_names(vec![
            Setting { folder: source, name: source_name.to_owned(), target: None },
            Setting { folder: target, name: target_name.to_owned(), target: Some(id) },
        ])
    }

    /// rename(2): a file takes over a file, a folder an empty folder.
    fn check_replaceable(&self, id: InodeId, taken: InodeId) -> io::Result<()> {
        match (self.folder(id), self.folder(taken)) {
            (Err(_), Ok(_)) => Err(Errno::ISDIR.into()),
            (Ok(_), Err(_)) => Err(Errno::NOTDIR.into()),
            (Ok(_), Ok(folder)) if !folder.entries.is_empty() => Err(Errno::NOTEMPTY.into()),
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => Ok(()),
        }
    }

    /// Whether `target` is `id` or lies beneath it.
    fn leads_to(&self, id: InodeId, target: InodeId) -> bool {
        let beneath =
            |folder: &FolderNode| folder.entries.values().any(|entry| self.leads_to(*entry, target));
        id == target || self.folder(id).is_ok_and(beneath)
    }

    pub(super) fn entries(&self, root: InodeId, path: &str) -> io::Result<Vec<DirEntry>> {
        let folder = self.folder(self.find(root, path)?)?;
        let entry = |(name, id): (&String, &InodeId)| DirEntry {
            name: name.clone(),
            kind: if self.folder(*id).is_ok() { EntryKind::Dir } else { EntryKind::File },
        };
        Ok(folder.entries.iter().map(entry).collect())
    }
}

fn check_name(name: &str) -> io::Result<()> {
    if name == ".." {
        // Stricter than the real disk, which allows it as long as the path stays beneath the root.
        return Err(Errno::XDEV.into());
    }
    if name.contains('\0') {
        return Err(Errno::INVAL.into());
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(Errno::NAMETOOLONG.into());
    }
    Ok(())
}
