//! Durable steps: each bundles the syncs that make it survive a power cut when it returns.

use std::io;

use super::Disk;

/// The suffix of a file that is being written; swept at start.
pub(crate) const PARTIAL_SUFFIX: &str = ".partial";

impl dyn Disk + '_ {
    /// Writes a whole small file under `path`, replacing what was there.
    ///
    /// A reader sees the old content or the new. *Durability*: bytes and name are durable on return;
    /// the folder must be durable already (`create_dir_durable`).
    pub fn write_durable(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let partial = format!("{path}{PARTIAL_SUFFIX}");
        let file = match self.create(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.remove(&partial)?;
                self.create(&partial)?
            }
            other => other?,
        };
        let written = file.write_at(bytes, 0).and_then(|()| file.sync());
        if let Err(error) = written {
            self.remove(&partial).ok();
            return Err(error);
        }
        self.replace(&partial, path)?;
        self.sync_dir(parent(path))
    }

    /// Removes a file; one that is gone already is no error. *Durability*: gone for good on return.
    pub fn remove_durable(&self, path: &str) -> io::Result<()> {
        match self.remove(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
        self.sync_dir(parent(path))
    }

    /// Creates a folder and every missing one above it. *Durability*: all of them are durable.
    pub fn create_dir_durable(&self, path: &str) -> io::Result<()> {
        self.create_dir(path)?;
        let mut at = path;
        while !at.is_empty() {
            self.sync_dir(at)?;
            at = parent(at);
        }
        self.sync_dir("")
    }

    /// Reads a whole file of at most `bytes_max` bytes.
    ///
    /// *Errors*: `FileTooLarge` above that, so that a damaged or foreign file costs no memory.
    pub fn read_whole(&self, path: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
        let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "larger than its kind allows");
        let file = self.open(path)?;
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        if len > bytes_max {
            return Err(too_large());
        }
        // One byte more, so that the end is seen although the file may have grown.
        let (mut bytes, mut filled) = (vec![0; len + 1], 0);
        loop {
            let count = file.read_at(bytes.get_mut(filled..).unwrap_or_default(), filled as u64)?;
            if count == 0 {
                bytes.truncate(filled);
                return Ok(bytes);
            }
            filled += count;
            if filled > bytes_max {
                return Err(too_large());
            }
            if filled == bytes.len() {
                bytes.resize(bytes.len().saturating_mul(2).min(bytes_max.saturating_add(1)), 0);
            }
        }
    }

    /// Whether a file or folder of this name exists.
    pub fn exists(&self, path: &str) -> io::Result<bool> {
        match self.open(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// The folder of a path; empty for the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
