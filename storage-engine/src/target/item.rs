//! What is handed to an archive target: the bytes of one version, and what says whose they are.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::disk::{Disk, DiskFile};
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::sidecar::{OVERFLOW_BYTES_MAX, SIDECAR_BYTES_MAX, Sidecar};

/// Bytes read at once.
const PIECE_BYTES: usize = 1024 * 1024;

/// Reads the bytes of a version from an offset on, each block compared with its digest; none at its end.
pub type ReadPiece<'a> = &'a dyn Fn(u64) -> Result<Bytes>;

/// One version whose bytes are to be moved.
pub(crate) struct Item<'a> {
    /// The element that holds its sidecar.
    pub(crate) element: &'a Element,
    /// What the sidecar says.
    pub(crate) sidecar: &'a Sidecar,
    /// File name of the overflow sidecar, where there is one.
    pub(crate) overflow: Option<&'a str>,
    /// The bytes on the element.
    pub(crate) read: ReadPiece<'a>,
    /// Whether the work is to be given up.
    pub(crate) is_stopped: &'a dyn Fn() -> bool,
}

impl Item<'_> {
    /// The name of the bytes: the path of the data file in the element, such as
    /// `2026/11/20/11/report_ivanov_20261120T113000_a1b2c3d4.pdf`.
    pub(crate) fn name(&self) -> &str {
        self.sidecar.path.data()
    }

    /// The files that tell of the bytes, as they lie on the element: path and content, the sidecar last.
    pub(super) fn documents(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let overflow =
            self.overflow.map(|name| (format!("{}/{name}", self.sidecar.path.hour()), OVERFLOW_BYTES_MAX));
        let sidecar = (self.sidecar.path.sidecar(), SIDECAR_BYTES_MAX);
        let disk: &dyn Disk = &*self.element.disk;
        let read = |(path, bytes_max): (String, usize)| {
            let bytes =
                disk.read_whole(&path, bytes_max).map_err(|error| Error::io("read sidecar", &path, error))?;
            Ok((path, bytes))
        };
        overflow.into_iter().chain([sidecar]).map(read).collect()
    }

    /// Ends the work where that was asked for.
    ///
    /// *Errors*: `Unavailable`.
    pub(super) fn go_on(&self) -> Result<()> {
        if (self.is_stopped)() {
            return Err(Error::new(ErrorKind::Unavailable, "move bytes")
                .about(self.name())
                .because("the server is stopping: it goes on when it runs again"));
        }
        Ok(())
    }

    /// Compares the bytes of a file, which were moved, with the sidecar's SHA-256.
    ///
    /// *Errors*: `Corrupt`; `Unavailable` where the work was stopped; `Io`.
    pub(crate) fn compare(&self, file: &dyn DiskFile, operation: &'static str) -> Result<()> {
        let (mut sha256, mut buffer, mut at) = (Sha256::new(), vec![0; PIECE_BYTES], 0);
        loop {
            self.go_on()?;
            let count =
                file.read_at(&mut buffer, at).map_err(|error| Error::io(operation, self.name(), error))?;
            if count == 0 {
                return self.compare_digest(sha256.finalize().into(), operation);
            }
            sha256.update(buffer.get(..count).unwrap_or_default());
            at += count as u64;
        }
    }

    /// Compares a SHA-256 of bytes that were moved with the sidecar's.
    ///
    /// *Errors*: `Corrupt`.
    pub(super) fn compare_digest(&self, sha256: [u8; 32], operation: &'static str) -> Result<()> {
        if sha256 == self.sidecar.sha256 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupt, operation).about(self.name()).because(format_args!(
            "the bytes that came have the SHA-256 {} and the sidecar says {}",
            hex::encode(sha256),
            hex::encode(self.sidecar.sha256)
        )))
    }
}
