//! A sidecar as it lies on disk, read so that each way of being wrong is told apart.

use std::io;

use sha2::{Digest as _, Sha256};

use super::finding::{FindingKind, told};
use crate::disk::{Disk, parent};
use crate::error::{Error, ErrorKind};
use crate::sidecar::{self, OVERFLOW_BYTES_MAX, SIDECAR_BYTES_MAX, Sidecar, split_overflow};

/// A sidecar that can be read.
pub(crate) struct SidecarFile {
    pub(crate) sidecar: Sidecar,
    /// File name of its overflow sidecar.
    pub(crate) overflow: Option<String>,
}

/// Why a sidecar cannot be read.
pub(crate) struct Fault {
    pub(crate) kind: FindingKind,
    /// The path of the file that is wrong: the sidecar, or its overflow.
    pub(crate) path: String,
    pub(crate) detail: String,
    /// Whether a later release wrote it, so that it is not damaged.
    pub(crate) is_newer: bool,
}

impl SidecarFile {
    /// Reads the sidecar at `path` with its overflow. Whether it lies where it says is not looked at.
    pub(crate) fn read(disk: &dyn Disk, path: &str) -> Result<Self, Fault> {
        let bytes = disk.read_whole(path, SIDECAR_BYTES_MAX).map_err(|error| unread(path, &error))?;
        let (mut overflow, mut fault) = (None, None);
        let read = sidecar::decode(&bytes, path, |name| {
            overflow = Some(name.to_owned());
            let path = format!("{}/{name}", parent(path));
            read_overflow(disk, &path, name).map_err(|found| {
                fault = Some(found);
                Error::new(ErrorKind::Corrupt, "read overflow sidecar")
            })
        });
        match (read, fault) {
            (_, Some(fault)) => Err(fault),
            (Ok(sidecar), None) => Ok(Self { sidecar, overflow }),
            (Err(error), None) => Err(Fault {
                kind: FindingKind::UnreadableSidecar,
                path: path.to_owned(),
                detail: told(&error),
                is_newer: error.kind() == ErrorKind::NewerFormat,
            }),
        }
    }
}

fn unread(path: &str, error: &io::Error) -> Fault {
    let (kind, detail) = match error.kind() {
        io::ErrorKind::FileTooLarge => (
            FindingKind::UnreadableSidecar,
            format!("it is larger than the {SIDECAR_BYTES_MAX} bytes of a sidecar"),
        ),
        _ => (FindingKind::UnreadableFile, error.to_string()),
    };
    Fault { kind, path: path.to_owned(), detail, is_newer: false }
}

/// Reads an overflow sidecar and compares it with the digest in its name.
fn read_overflow(disk: &dyn Disk, path: &str, name: &str) -> Result<Vec<u8>, Fault> {
    let fault = |kind, detail: String| Fault { kind, path: path.to_owned(), detail, is_newer: false };
    let bytes = disk.read_whole(path, OVERFLOW_BYTES_MAX).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            fault(FindingKind::OverflowMissing, "its sidecar names it and it is not there".into())
        }
        io::ErrorKind::FileTooLarge => fault(
            FindingKind::OverflowDamaged,
            format!("it is larger than the {OVERFLOW_BYTES_MAX} bytes of an overflow sidecar"),
        ),
        _ => fault(FindingKind::UnreadableFile, error.to_string()),
    })?;
    let digest = hex::encode(Sha256::digest(&bytes));
    if split_overflow(name).is_none_or(|(_, digest8)| !digest.starts_with(digest8)) {
        let detail = "its digest is not the one that its name and its sidecar say";
        return Err(fault(FindingKind::OverflowDamaged, detail.into()));
    }
    Ok(bytes)
}
