//! Reading and writing small files of the owner's.
#![expect(
    clippy::disallowed_methods,
    reason = "the engine's disk keeps documents; these files are the program's own and lie outside its roots"
)]

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// The largest file that is read: config files, keys and credentials are far smaller.
const READ_BYTES_MAX: u64 = 1024 * 1024;
/// Bits of what is written: the owner's alone.
const FILE_BITS: u32 = 0o600;
/// Bits of folders made for such files.
const FOLDER_BITS: u32 = 0o700;
/// Bits of a log file: the group may read it, as the group of a log shipper does.
const LOG_BITS: u32 = 0o640;

/// What becomes of a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced; a reader sees the old content or the new.
    Replace,
    /// It stays, and the write fails with `AlreadyExists`.
    Keep,
}

/// Reads a whole text file.
///
/// *Errors*: `FileTooLarge` above 1 MiB; `InvalidData` where it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(READ_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > READ_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(text)
}

/// Writes a whole file that only the owner may read.
///
/// *Durability*: bytes and name survive a power cut on return. *Errors*: `AlreadyExists` with
/// [`Existing::Keep`].
pub(crate) fn write_durable(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    let partial = partial_path(path)?;
    let written = write_synced(&partial, bytes).and_then(|()| match existing {
        Existing::Replace => fs::rename(&partial, path),
        Existing::Keep => Ok(renameat_with(CWD, &partial, CWD, path, RenameFlags::NOREPLACE)?),
    });
    if let Err(error) = written {
        remove_if_present(&partial)?;
        return Err(error);
    }
    sync_folder_of(path)
}

/// Makes a folder and every missing one above it, for the owner alone. *Durability*: its name is durable.
pub(crate) fn create_folder_durable(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_BITS).create(path)?;
    sync_folder_of(path)
}

/// Opens a log file, which grows at its end only and is made where it is missing.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(LOG_BITS).open(path)
}

/// Takes a file's permissions from everybody but the owner.
pub(crate) fn close_to_others(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(FILE_BITS))
}

/// Whether anything has this name.
pub(crate) fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a file; one that is gone already is no error. Not durable.
pub(crate) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The name a file has while it is written; the process id keeps two writers apart.
fn partial_path(path: &Path) -> io::Result<PathBuf> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let mut partial = name.to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    Ok(path.with_file_name(partial))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a crashed process of the same id left is in the way of `create_new`.
    remove_if_present(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_BITS).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
