//! The walk over an element's hours: every sidecar, and every file that is none of ours.

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

/// Walks the hours of an element in order of time and hands everything found to `take`.
///
/// *Errors*: `Io` where a folder cannot be read, `NewerFormat`, and what `take` answers. A damaged
/// sidecar is handed over, not an error.
pub(crate) fn scan(disk: &dyn Disk, take: &mut impl FnMut(Found) -> Result<()>) -> Result<()> {
    walk(disk, "", &DIGITS, take)
}

fn walk(
    disk: &dyn Disk,
    folder: &str,
    digits: &[usize],
    take: &mut impl FnMut(Found) -> Result<()>,
) -> Result<()> {
    let mut entries = disk.read_dir(folder).map_err(|error| Error::io("read folder", folder, error))?;
    entries.sort_unstable();
    let Some((width, deeper)) = digits.split_first() else {
        for entry in entries {
            if entry.kind == EntryKind::File && entry.name.ends_with(".attr.json") {
                take(read_sidecar(disk, folder, &entry.name)?)?;
            }
        }
        return Ok(());
    };
    for entry in entries {
        let is_part = entry.name.len() == *width && entry.name.bytes().all(|byte| byte.is_ascii_digit());
        if is_part && entry.kind == EntryKind::Dir {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            walk(disk, &path, deeper, take)?;
        }
    }
    Ok(())
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
