//! The walk over an element's hours: every sidecar, and every file that is none of ours.

use std::sync::mpsc::{Receiver, RecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{Disk, EntryKind};
use crate::error::{Error, Result};
use crate::name::StoredPath;
use crate::sidecar::{self, OVERFLOW_BYTES_MAX, SIDECAR_BYTES_MAX, Sidecar};

/// What the walk finds in an hour.
pub(crate) enum Found {
    /// A sidecar, with the name of its overflow sidecar.
    Sidecar(Box<Sidecar>, Option<String>),
    /// A sidecar that cannot be read.
    Unreadable(String, Error),
}

const DIGITS: [usize; 4] = [4, 2, 2, 2];
/// Threads that read sidecars: enough for a disk that answers several at a time.
const READERS: usize = 4;
/// Sidecars that a reader takes at once.
const BATCH_SIDECARS: usize = 256;
/// Batches that wait for a reader, and as many that wait to be taken.
const BATCHES_MAX: usize = 8;

/// Names of sidecars in one folder.
struct Batch {
    folder: Arc<str>,
    names: Vec<String>,
}

/// Walks the hours of an element and hands every sidecar to `take`, in no order: several threads read.
///
/// *Errors*: `Io` where a folder cannot be read, `NewerFormat`, and what `take` answers. A damaged
/// sidecar is handed over, not an error.
pub(crate) fn scan(disk: &dyn Disk, take: &mut impl FnMut(Found) -> Result<()>) -> Result<()> {
    let (to_read, batches) = sync_channel::<Batch>(BATCHES_MAX);
    let (found, all_found) = sync_channel::<Result<Vec<Found>>>(BATCHES_MAX);
    let batches = &Mutex::new(batches);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let found = found.clone();
            scope.spawn(move || {
                // Whoever takes what is found ends the walk by not listening any more.
                while let Ok(batch) = next(batches)
                    && found.send(batch.read(disk)).is_ok()
                {}
            });
        }
        scope.spawn(move || {
            let ended = walk(disk, "", &DIGITS, &mut |batch| to_read.send(batch).is_ok());
            if let Err(error) = ended {
                found.send(Err(error)).ok();
            }
        });
        let taken = all_found.iter().try_for_each(|found| found?.into_iter().try_for_each(&mut *take));
        drop(all_found);
        // Readers that stopped listen no more; what waits for them is let go.
        if taken.is_err() {
            while next(batches).is_ok() {}
        }
        taken
    })
}

fn next(batches: &Mutex<Receiver<Batch>>) -> Result<Batch, RecvError> {
    batches.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

/// Hands the sidecars' names of every hour to `send`, until that says no.
fn walk(
    disk: &dyn Disk,
    folder: &str,
    digits: &[usize],
    send: &mut impl FnMut(Batch) -> bool,
) -> Result<bool> {
    let mut entries = disk.read_dir(folder).map_err(|error| Error::io("read folder", folder, error))?;
    entries.sort_unstable();
    let Some((width, deeper)) = digits.split_first() else {
        let folder: Arc<str> = folder.into();
        let sidecars = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
        let mut names = sidecars.map(|entry| entry.name).filter(|name| name.ends_with(".attr.json"));
        loop {
            let batch: Vec<String> = names.by_ref().take(BATCH_SIDECARS).collect();
            if batch.is_empty() {
                return Ok(true);
            }
            if !send(Batch { folder: Arc::clone(&folder), names: batch }) {
                return Ok(false);
            }
        }
    };
    for entry in entries {
        let is_part = entry.name.len() == *width && entry.name.bytes().all(|byte| byte.is_ascii_digit());
        if is_part && entry.kind == EntryKind::Dir {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            if !walk(disk, &path, deeper, send)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

impl Batch {
    fn read(&self, disk: &dyn Disk) -> Result<Vec<Found>> {
        self.names.iter().map(|name| read_sidecar(disk, &self.folder, name)).collect()
    }
}

fn read_sidecar(disk: &dyn Disk, folder: &str, name: &str) -> Result<Found> {
    let path = format!("{folder}/{name}");
    match read_pair(disk, &path) {
        Ok((sidecar, overflow)) => Ok(Found::Sidecar(Box::new(sidecar), overflow)),
        Err(error) if error.kind() == crate::ErrorKind::Corrupt => Ok(Found::Unreadable(path, error)),
        Err(error) => Err(error),
    }
}

/// Reads a sidecar and its overflow, and checks that it lies where it says.
pub(crate) fn read_pair(disk: &dyn Disk, path: &str) -> Result<(Sidecar, Option<String>)> {
    let bytes = disk.read_whole(path, SIDECAR_BYTES_MAX).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => Error::new(crate::ErrorKind::Corrupt, "read sidecar")
            .about(path)
            .because(format_args!("it is larger than the {SIDECAR_BYTES_MAX} bytes of a sidecar")),
        _ => Error::io("read sidecar", path, error),
    })?;
    let folder = crate::disk::parent(path);
    let mut overflow = None;
    let sidecar = sidecar::decode(&bytes, path, |name| {
        overflow = Some(name.to_owned());
        let path = format!("{folder}/{name}");
        disk.read_whole(&path, OVERFLOW_BYTES_MAX).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::new(crate::ErrorKind::Corrupt, "read overflow sidecar")
                .about(&path)
                .because("its sidecar names it and it is not there")
                .caused_by(error),
            _ => Error::io("read overflow sidecar", &path, error),
        })
    })?;
    if StoredPath::sidecar(&sidecar.path) != path {
        return Err(Error::new(crate::ErrorKind::Corrupt, "read sidecar")
            .about(path)
            .because(format_args!("it belongs to {}: it was moved or renamed", sidecar.path)));
    }
    Ok((sidecar, overflow))
}

#[cfg(test)]
mod tests;
