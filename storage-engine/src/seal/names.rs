//! The names in an hour folder in order, in memory that does not grow with the folder.
//!
//! The folder is read again for each batch of names: an hour of a million objects is read twenty times,
//! which takes less time than to read its sidecars once.

use std::collections::BTreeSet;
use std::collections::btree_set::IntoIter;
use std::io;

use crate::disk::{DirEntry, Disk, EntryKind};
use crate::name::SIDECAR_SUFFIX;
use crate::sidecar::split_overflow;

/// Most names in memory, each of at most 255 bytes.
const BATCH_NAMES: usize = 50_000;

/// Names in order of their bytes, each once.
pub(crate) struct Names<'a> {
    disk: &'a dyn Disk,
    folder: String,
    wanted: fn(&DirEntry) -> Option<&str>,
    batch_names: usize,
    batch: IntoIter<String>,
    last: Option<String>,
    is_complete: bool,
}

impl<'a> Names<'a> {
    /// The names that `wanted` answers for the entries of a folder; none where the folder is not there.
    pub(crate) fn of(disk: &'a dyn Disk, folder: String, wanted: fn(&DirEntry) -> Option<&str>) -> Self {
        Self::in_batches(disk, folder, wanted, BATCH_NAMES)
    }

    pub(super) fn in_batches(
        disk: &'a dyn Disk,
        folder: String,
        wanted: fn(&DirEntry) -> Option<&str>,
        batch_names: usize,
    ) -> Self {
        let batch = BTreeSet::new().into_iter();
        Self { disk, folder, wanted, batch_names, batch, last: None, is_complete: false }
    }

    /// The next name; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(name) = self.batch.next() {
                self.last = Some(name.clone());
                return Ok(Some(name));
            }
            if self.is_complete {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut batch = BTreeSet::new();
        let (mut is_complete, last) = (true, self.last.as_deref());
        let read = self.disk.each_entry(&self.folder, &mut |entry| {
            let Some(name) = (self.wanted)(&entry).filter(|name| last.is_none_or(|last| *name > last)) else {
                return;
            };
            let is_full = batch.len() >= self.batch_names;
            if is_full && batch.last().is_some_and(|largest: &String| name >= largest.as_str()) {
                is_complete &= batch.last().is_some_and(|largest| name == largest);
                return;
            }
            batch.insert(name.to_owned());
            if batch.len() > self.batch_names {
                batch.pop_last();
                is_complete = false;
            }
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
        self.batch = batch.into_iter();
        self.is_complete = is_complete;
        Ok(())
    }
}

/// The stored name that a file belongs to, as data file or sidecar; overflow sidecars have none.
pub(crate) fn stored(entry: &DirEntry) -> Option<&str> {
    if entry.kind != EntryKind::File || split_overflow(&entry.name).is_some() {
        return None;
    }
    Some(entry.name.strip_suffix(SIDECAR_SUFFIX).unwrap_or(&entry.name))
}

/// The name of a sidecar or overflow sidecar.
pub(crate) fn sidecars(entry: &DirEntry) -> Option<&str> {
    let is_sidecar = entry.name.ends_with(SIDECAR_SUFFIX) || split_overflow(&entry.name).is_some();
    (entry.kind == EntryKind::File && is_sidecar).then_some(&entry.name)
}

/// Every name, whatever has it.
pub(crate) fn all(entry: &DirEntry) -> Option<&str> {
    Some(&entry.name)
}
