//! Control documents: accounts, settings and keys as opaque JSON, one durable file each.

use serde_json::Value;

use super::open::Archive;
use crate::disk::{Disk, EntryKind};
use crate::document::{self, Members};
use crate::error::{Error, ErrorKind, Result};

const ARCHIVE_PATH: &str = "control/archive.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 1024 * 1024;

/// The archive's own number; `None` before the first start.
///
/// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
pub(crate) fn read_archive_id(disk: &dyn Disk) -> Result<Option<u64>> {
    let bytes = match disk.read_whole(ARCHIVE_PATH, BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", ARCHIVE_PATH, error)),
    };
    let members = document::parse(&bytes, SCHEMA, ARCHIVE_PATH)?;
    let id = members.get("id").and_then(Value::as_u64);
    id.map(Some).ok_or_else(|| Error::new(ErrorKind::Corrupt, "read").about(ARCHIVE_PATH))
}

/// The archive's own number, drawn at the first start: the catalog of another archive does not fit.
pub(super) fn archive_id(disk: &dyn Disk) -> Result<u64> {
    match read_archive_id(disk)? {
        Some(id) => Ok(id),
        None => {
            let id =
                getrandom::u64().map_err(|error| Error::new(ErrorKind::Io, "draw id").caused_by(error))?;
            let mut members = Members::new();
            members.insert("schema".into(), SCHEMA.into());
            members.insert("id".into(), id.into());
            let bytes = document::render(&members, &["schema", "id"]);
            disk.write_durable(ARCHIVE_PATH, &bytes)
                .map_err(|error| Error::io("write", ARCHIVE_PATH, error))?;
            Ok(id)
        }
    }
}

impl Archive {
    /// Every document of a folder under `control/`, by file name; none where the folder is not there.
    ///
    /// *Errors*: `InvalidArgument` for a folder name that is none, `Io`.
    pub fn control_documents(&self, folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let folder = control_path(folder)?;
        let entries = match self.inner.disk.read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read folder", folder, error)),
        };
        let mut documents = Vec::new();
        for entry in entries {
            if entry.kind == EntryKind::File && entry.name.ends_with(".json") {
                let path = format!("{folder}/{}", entry.name);
                let bytes = self.inner.disk.read_whole(&path, BYTES_MAX);
                documents.push((entry.name, bytes.map_err(|error| Error::io("read", path, error))?));
            }
        }
        documents.sort_unstable();
        Ok(documents)
    }

    /// One document; `None` where it is not there.
    ///
    /// *Errors*: `InvalidArgument` for a name that is none, `Io`.
    pub fn control_document(&self, folder: &str, name: &str) -> Result<Option<Vec<u8>>> {
        let path = format!("{}/{}", control_path(folder)?, plain(name)?);
        match self.inner.disk.read_whole(&path, BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    /// Writes a document, replacing one of its name. *Durability*: durable on return.
    ///
    /// *Errors*: `InvalidArgument` for a name that is none, `StorageFull`, `Io`.
    pub fn put_control_document(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = control_path(folder)?;
        let path = format!("{folder}/{}", plain(name)?);
        let _alone = self.inner.control.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let disk = &self.inner.disk;
        let io = |error| Error::io("write", &path, error);
        if !disk.exists(&folder).map_err(io)? {
            disk.create_dir_durable(&folder).map_err(io)?;
        }
        disk.write_durable(&path, bytes).map_err(io)
    }

    /// Removes a document; one that is not there is no error. *Durability*: durable on return.
    ///
    /// *Errors*: `InvalidArgument` for a name that is none, `Io`.
    pub fn remove_control_document(&self, folder: &str, name: &str) -> Result<()> {
        let path = format!("{}/{}", control_path(folder)?, plain(name)?);
        self.inner.disk.remove_durable(&path).map_err(|error| Error::io("remove", path, error))
    }
}

fn control_path(folder: &str) -> Result<String> {
    Ok(format!("control/{}", plain(folder)?))
}

/// A name of letters, digits, dots, hyphens and underscores that begins with none of the last three.
fn plain(name: &str) -> Result<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && name.len() <= 200 && name.bytes().all(fits) {
        return Ok(name);
    }
    Err(Error::new(ErrorKind::InvalidArgument, "name control document")
        .about(name)
        .because("a name is up to 200 letters, digits, dots, hyphens and underscores, and begins with a letter or digit"))
}
