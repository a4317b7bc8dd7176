//! A seal: the file `seals/YYYY/MM/DD/HH.<revision>`, whose lines are its manifests and the seal before it.

use std::io;

use sha2::{Digest as _, Sha256};

use super::hour::Hour;
use super::hours::days;
use super::line::Line;
use super::moved::MOVED_SUFFIX;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};

/// The folder of seals in an element's root.
pub(crate) const SEALS_DIR: &str = "seals";
/// Bytes of a seal: three lines.
const BYTES_MAX: usize = 4096;

/// Which hour, and the how-many-th of its seals, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SealName {
    pub(crate) hour: Hour,
    pub(crate) revision: u32,
}

impl SealName {
    /// The path from the element's root.
    pub(crate) fn path(self) -> String {
        format!("{SEALS_DIR}/{}.{}", self.hour, self.revision)
    }

    /// The path of the manifest of data files.
    pub(crate) fn data_path(self) -> String {
        format!("{}.data", self.path())
    }

    /// The path of the manifest of sidecars.
    pub(crate) fn sidecars_path(self) -> String {
        format!("{}.sidecars", self.path())
    }

    /// Reads a path as [`Self::path`] writes it.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let (hour, revision) = path.strip_prefix(SEALS_DIR)?.strip_prefix('/')?.split_once('.')?;
        let name = Self { hour: Hour::parse(hour)?, revision: revision.parse().ok()? };
        (name.revision > 0 && name.path() == path).then_some(name)
    }
}

/// Whether anything of a seal of any hour is there.
pub(super) fn is_any(disk: &dyn Disk) -> io::Result<bool> {
    let mut found = false;
    let walked = days(disk, SEALS_DIR, &mut |day| {
        if !found {
            let folder = format!("{SEALS_DIR}/{day}");
            disk.each_entry(&folder, &mut |entry| found |= !entry.name.ends_with(MOVED_SUFFIX))?;
        }
        Ok(())
    });
    match walked {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|()| found),
    }
}

/// A seal and its root digest: one line of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: SealName,
    pub(crate) root: [u8; 32],
}

impl Link {
    pub(crate) fn line(self) -> Line {
        Line { digest: self.root, path: self.name.path() }
    }

    pub(crate) fn of_line(line: &Line) -> Option<Self> {
        Some(Self { name: SealName::parse(&line.path)?, root: line.digest })
    }
}

/// What a seal says. A manifest without lines does not exist and is not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealFile {
    pub(crate) data: Option<[u8; 32]>,
    pub(crate) sidecars: Option<[u8; 32]>,
    /// The seal before it in the chain; `None` in the first.
    pub(crate) previous: Option<Link>,
}

impl SealFile {
    /// The bytes of the seal under its name.
    pub(crate) fn encode(&self, name: SealName) -> Vec<u8> {
        self.lines(name).iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }

    /// Its lines in the order in which they stand.
    pub(crate) fn lines(&self, name: SealName) -> Vec<Line> {
        let data = self.data.map(|digest| Line { digest, path: name.data_path() });
        let sidecars = self.sidecars.map(|digest| Line { digest, path: name.sidecars_path() });
        [data, sidecars, self.previous.map(Link::line)].into_iter().flatten().collect()
    }

    /// Reads the seal of this name; also its root digest.
    ///
    /// *Errors*: `Corrupt` where it is not of its form; `Io`, also where it is not there.
    pub(crate) fn read(disk: &dyn Disk, name: SealName) -> Result<(Self, [u8; 32])> {
        let path = name.path();
        let bytes =
            disk.read_whole(&path, BYTES_MAX).map_err(|error| Error::io("read seal", &path, error))?;
        let seal = Self::decode(&bytes, name).ok_or_else(|| {
            Error::new(ErrorKind::Corrupt, "read seal")
                .about(&path)
                .because("it does not name its manifests and the seal before it: bring it back from a backup")
        })?;
        Ok((seal, Sha256::digest(&bytes).into()))
    }

    fn decode(bytes: &[u8], name: SealName) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut seal = Self { data: None, sidecars: None, previous: None };
        for line in text.lines() {
            let line = Line::parse(line)?;
            if line.path == name.data_path() {
                seal.data = Some(line.digest);
            } else if line.path == name.sidecars_path() {
                seal.sidecars = Some(line.digest);
            } else {
                seal.previous = Some(Link::of_line(&line)?);
            }
        }
        // No line twice, in another order or without its line feed.
        (seal.encode(name) == bytes).then_some(seal)
    }
}
