//! Modes: what may still happen to a document, and the permit that every change needs.
//!
//! The mode lives on the element. POSIX bits, storage class and refusals all derive from it here,
//! so that no door can disagree with another. Only this module can make a [`Permit`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::timestamp::to_rfc3339;

const PERMISSION_BITS: u16 = 0o7777;
const WRITE_BITS: u16 = 0o222;

/// The mode of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Working documents: create, read, change, delete.
    Edit,
    /// Archive being filled: create and read; what is stored is final.
    Rw,
    /// Long-term archive: reading only.
    Ro,
    /// Sidecars here, bytes on removable media.
    Ar,
}

/// The S3 storage classes that this archive reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StorageClass {
    /// Mode edit.
    Standard,
    /// Mode rw.
    StandardIa,
    /// Mode ro.
    GlacierIr,
    /// Mode ar, near-line.
    Glacier,
    /// Mode ar, on the shelf.
    DeepArchive,
}

/// What a change does to a version that exists already, or to the element that is to hold a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A new version comes to the element.
    Create,
    /// The version is replaced by another with the same version id: its content is destroyed.
    Overwrite,
    /// What a client says about the version changes; its bytes stay.
    Annotate,
    /// The version is removed for good.
    Delete,
    /// A delete marker is removed; it destroys nothing.
    DeleteMarker,
    /// The version goes on to an element of the same or a stricter mode.
    Leave,
    /// A version comes from an element of the same or a looser mode.
    Receive,
    /// The element's own copy of a version's bytes goes, which are safe on its archive target.
    Release,
    /// The version is kept from removal, or for longer.
    Retain,
    /// The version is removed for good by a disposal that was released, and leaves a tombstone.
    Dispose,
}

/// Leave for one change, made at its commit point under the element's mode lock and the key's lock.
///
/// The engine's writing calls take a permit by value: a change without the check cannot be written.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// Grants or refuses `change` on an element of `mode`.
    ///
    /// *Errors*: `ModeForbids`, naming the mode.
    pub(crate) fn grant(mode: Mode, change: ChangeKind) -> Result<Self> {
        let granted = match (mode, change) {
            (Mode::Edit | Mode::Rw | Mode::Ro, ChangeKind::Release) | (Mode::Edit, ChangeKind::Dispose) => {
                false
            }
            (Mode::Edit, _)
            | (Mode::Rw, ChangeKind::Create | ChangeKind::Annotate)
            | (Mode::Rw | Mode::Ro, ChangeKind::Leave | ChangeKind::Receive)
            | (Mode::Ar, ChangeKind::Receive | ChangeKind::Release)
            | (Mode::Rw | Mode::Ro | Mode::Ar, ChangeKind::Dispose)
            | (_, ChangeKind::DeleteMarker | ChangeKind::Retain) => true,
            (Mode::Rw | Mode::Ro | Mode::Ar, _) => false,
        };
        if granted {
            return Ok(Self(()));
        }
        Err(Error::new(ErrorKind::ModeForbids, "change").about(mode).in_mode(mode).because(format_args!(
            "{} is refused in mode {mode}: {}",
            change.describe(),
            mode.promise()
        )))
    }

    /// Grants or refuses what is done to a version on an element of `mode` which is kept until `kept_until_ms` (0 where
    /// nothing keeps it); `now_ms` is the archive's time.
    ///
    /// *Errors*: `ModeForbids`; `Retained` where it would be destroyed before its time.
    pub(crate) fn grant_on(
        mode: Mode,
        change: ChangeKind,
        kept_until_ms: u64,
        now_ms: impl FnOnce() -> u64,
    ) -> Result<Self> {
        let permit = Self::grant(mode, change)?;
        if kept_until_ms > 0 && change.destroys() && kept_until_ms > now_ms() {
            return Err(Error::new(ErrorKind::Retained, "change").in_mode(mode).because(format_args!(
                "{} is refused: the version is kept until {}",
                change.describe(),
                to_rfc3339(kept_until_ms)
            )));
        }
        Ok(permit)
    }
}

impl ChangeKind {
    const ALL: [Self; 10] = [
        Self::Create,
        Self::Overwrite,
        Self::Annotate,
        Self::Delete,
        Self::DeleteMarker,
        Self::Leave,
        Self::Receive,
        Self::Release,
        Self::Retain,
        Self::Dispose,
    ];

    /// Whether the content of the version is gone afterwards.
    fn destroys(self) -> bool {
        matches!(self, Self::Overwrite | Self::Delete | Self::Dispose)
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Create => "a new object",
            Self::Overwrite => "overwriting",
            Self::Annotate => "changing metadata or tags",
            Self::Delete => "deletion",
            Self::DeleteMarker => "removing a delete marker",
            Self::Leave => "moving to another element",
            Self::Receive => "taking in from another element",
            Self::Release => "giving up bytes that are archived",
            Self::Retain => "keeping for longer",
            Self::Dispose => "disposal",
        }
    }
}

impl Mode {
    /// Every mode, from the loosest to the strictest.
    pub const ALL: [Self; 4] = [Self::Edit, Self::Rw, Self::Ro, Self::Ar];

    /// The mode as configuration, commands and messages write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Rw => "rw",
            Self::Ro => "ro",
            Self::Ar => "ar",
        }
    }

    /// Parses `edit`, `rw`, `ro` or `ar`.
    ///
    /// *Errors*: `InvalidArgument`.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "parse mode")
                .about(text)
                .because("a mode is one of edit, rw, ro, ar")
        })
    }

    /// The permission bits that a file shows in a mount: those that are stored for it, else those of the mode, without
    /// what the mode takes away.
    #[must_use]
    pub fn file_bits(self, stored: Option<u16>) -> u16 {
        masked(stored.unwrap_or(0o660), self == Self::Edit)
    }

    /// The permission bits that a folder shows in a mount, likewise.
    #[must_use]
    pub fn folder_bits(self, stored: Option<u16>) -> u16 {
        masked(stored.unwrap_or(0o770), matches!(self, Self::Edit | Self::Rw))
    }

    /// The class that objects of this mode report; in ar that is a setting of the element, and this the one
    /// where nobody chose.
    #[must_use]
    pub fn storage_class(self) -> StorageClass {
        match self {
            Self::Edit => StorageClass::Standard,
            Self::Rw => StorageClass::StandardIa,
            Self::Ro => StorageClass::GlacierIr,
            Self::Ar => StorageClass::Glacier,
        }
    }

    /// Refuses a transition of an element that is not one step towards stricter modes by command: rw to ro,
    /// ro to ar.
    ///
    /// *Errors*: `ModeForbids`, saying what there is instead.
    pub(crate) fn check_transition(self, to: Self) -> Result<()> {
        let instead = match (self, to) {
            (Self::Rw, Self::Ro) | (Self::Ro, Self::Ar) => return Ok(()),
            (Self::Edit, _) => "an element of mode edit stays one; its documents go on by artstore transfer",
            (Self::Ar, _) => {
                "an element of mode ar goes back only by its element.json while the server is stopped"
            }
            (_, Self::Edit | Self::Rw) => "modes only become stricter: rw, then ro, then ar",
            (Self::Rw, Self::Ar) => "ro comes before ar",
            (Self::Ro, Self::Ro) => "it has that mode",
        };
        Err(Error::new(ErrorKind::ModeForbids, "change mode")
            .about(format_args!("{self} to {to}"))
            .in_mode(self)
            .because(instead))
    }

    /// What an element refuses in mode `to` and does not in this one.
    pub(crate) fn refused_by(self, to: Self) -> Vec<&'static str> {
        let refused =
            |kind: &ChangeKind| Permit::grant(self, *kind).is_ok() && Permit::grant(to, *kind).is_err();
        ChangeKind::ALL.into_iter().filter(refused).map(ChangeKind::describe).collect()
    }

    fn promise(self) -> &'static str {
        match self {
            Self::Edit => "documents here may be changed",
            Self::Rw => "what is stored here is final",
            Self::Ro => "this element is only read",
            Self::Ar => "what is archived stays as it is",
        }
    }
}

/// Permission bits, without the right to write where nothing is written.
fn masked(bits: u16, is_written: bool) -> u16 {
    let bits = bits & PERMISSION_BITS;
    if is_written { bits } else { bits & !WRITE_BITS }
}

/// The mode that a storage class named by a client asks for.
///
/// *Errors*: those of [`class_of_name`].
pub fn mode_of_class_name(class: &str) -> Result<Mode> {
    class_of_name(class).map(StorageClass::mode)
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StorageClass {
    /// The mode whose objects report it.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::Standard => Mode::Edit,
            Self::StandardIa => Mode::Rw,
            Self::GlacierIr => Mode::Ro,
            Self::Glacier | Self::DeepArchive => Mode::Ar,
        }
    }

    /// The class as S3 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::StandardIa => "STANDARD_IA",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }
}

/// The class that a storage class named by a client comes to: the one that objects of its mode report.
///
/// *Errors*: `InvalidStorageClass` for a name that S3 does not know or this archive does not serve.
pub fn class_of_name(class: &str) -> Result<StorageClass> {
    match class {
        "STANDARD" | "REDUCED_REDUNDANCY" | "INTELLIGENT_TIERING" => Ok(StorageClass::Standard),
        "STANDARD_IA" | "ONEZONE_IA" => Ok(StorageClass::StandardIa),
        "GLACIER_IR" => Ok(StorageClass::GlacierIr),
        "GLACIER" => Ok(StorageClass::Glacier),
        "DEEP_ARCHIVE" => Ok(StorageClass::DeepArchive),
        _ => Err(Error::new(ErrorKind::InvalidStorageClass, "choose element")
            .about(class)
            .because("the storage class is not one that this archive serves")),
    }
}

#[cfg(test)]
mod tests;
