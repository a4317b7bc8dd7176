//! What moved on from a sealed hour: `seals/YYYY/MM/DD/HH.moved`, a line of JSON for each document that went to
//! another element by right, with the place where it lies from then on.
//!
//! A seal names files, and nothing is removed from rw, ro and ar behind its back. The line says where to look for a
//! document that a seal names and that is not there; it proves nothing by itself: the sidecar where it leads does,
//! with the digest that was sealed. It is there for hours without a seal too, through which a document may have
//! come. Lines are appended, each by a change of the log, which writes it again after a
//! stop; so a line may come twice, and what is no line is passed over.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::line::Line;
use super::lines::LineReader;
use super::seal_file::SEALS_DIR;
use crate::disk::{Disk, SharedDisk, parent};
use crate::element::read_pair;
use crate::error::{Error, Result};
use crate::name::{ElementId, SIDECAR_SUFFIX, StoredPath};

/// What the file's name ends with.
pub(super) const MOVED_SUFFIX: &str = ".moved";
/// Most lines in memory, each of at most two paths.
const BATCH_LINES: usize = 50_000;
/// Most moves that are followed: each goes to a stricter mode, of which there are three.
const MOVES_MAX: usize = 8;

/// A document that moved on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    /// Where its data file lay.
    pub(crate) data: StoredPath,
    /// The element that it went to.
    pub(crate) element: ElementId,
    /// Where its data file lies there.
    pub(crate) to: StoredPath,
}

/// Where a document is that moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// Its sidecar is where the lines lead, with the digest that was sealed.
    There,
    /// It went to an element that is not at hand.
    Away,
    /// No line tells of it, or it is not where they lead.
    Unknown,
}

impl Moved {
    /// Appends the line. The caller lets nobody else do so for the element.
    ///
    /// *Durability*: none before the next checkpoint; the log can make it again until then.
    pub(crate) fn append(&self, disk: &dyn Disk) -> io::Result<()> {
        let path = path_of(self.data.hour());
        let file = match disk.open_to_write(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.create_dir(parent(&path))?;
                disk.create(&path)?
            }
            other => other?,
        };
        let (len, mut last) = (file.len()?, [b'\n']);
        if len > 0 {
            file.read_at(&mut last, len - 1)?;
        }
        // What a power cut left of a line is closed, so that it does not swallow the next.
        let mut line = if last == [b'\n'] { Vec::new() } else { vec![b'\n'] };
        serde_json::to_writer(&mut line, self)?;
        line.push(b'\n');
        file.write_at(&line, len)
    }
}

/// The lines of one hour, asked for paths in any order, fastest in theirs. Memory does not grow with the file: it is
/// read again for each batch of lines.
pub(crate) struct MovedLines<'a> {
    disk: &'a dyn Disk,
    path: String,
    batch_lines: usize,
    /// Every line from the path `from` on, up to the last of them where there are more.
    batch: BTreeMap<StoredPath, Moved>,
    from: Option<StoredPath>,
    is_complete: bool,
}

impl<'a> MovedLines<'a> {
    /// The lines of the hour in folder `hour`; none where there is no file.
    pub(crate) fn of(disk: &'a dyn Disk, hour: &str) -> Self {
        Self::in_batches(disk, hour, BATCH_LINES)
    }

    pub(super) fn in_batches(disk: &'a dyn Disk, hour: &str, batch_lines: usize) -> Self {
        let (path, batch) = (path_of(hour), BTreeMap::new());
        Self { disk, path, batch_lines, batch, from: None, is_complete: false }
    }

    /// The line of a data file.
    pub(crate) fn find(&mut self, data: &StoredPath) -> io::Result<Option<&Moved>> {
        let begins_before = self.from.as_ref().is_some_and(|from| from <= data);
        let ends_behind =
            self.is_complete || self.batch.last_key_value().is_some_and(|(last, _)| data <= last);
        if !(begins_before && ends_behind) {
            self.fill(data)?;
        }
        Ok(self.batch.get(data))
    }

    fn fill(&mut self, from: &StoredPath) -> io::Result<()> {
        self.batch.clear();
        self.is_complete = true;
        let mut lines = match LineReader::open(self.disk, &self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.from = Some(from.clone());
                return Ok(());
            }
            other => other?,
        };
        while let Some(read) = lines.next_of(|text| serde_json::from_str::<Moved>(text).ok())? {
            let Some(moved) = read.filter(|moved| moved.data >= *from) else { continue };
            self.batch.insert(moved.data.clone(), moved);
            if self.batch.len() > self.batch_lines {
                self.batch.pop_last();
                self.is_complete = false;
            }
        }
        self.from = Some(from.clone());
        Ok(())
    }
}

/// Where the data file of a line of a seal is, by the lines of its hour; `disk_of` knows the elements at hand.
///
/// *Errors*: `Corrupt`, `NewerFormat`, `Io` where a sidecar on the way cannot be read.
pub(crate) fn whereabouts(
    lines: &mut MovedLines<'_>,
    line: &Line,
    disk_of: &dyn Fn(ElementId) -> Option<SharedDisk>,
) -> Result<Whereabouts> {
    let io = |error| Error::io("read what moved on", &line.path, error);
    let Ok(data) = StoredPath::parse(&line.path) else { return Ok(Whereabouts::Unknown) };
    let mut next = lines.find(&data).map_err(io)?.cloned();
    for _ in 0..MOVES_MAX {
        let Some(Moved { element, to, .. }) = next else { return Ok(Whereabouts::Unknown) };
        let Some(disk) = disk_of(element) else { return Ok(Whereabouts::Away) };
        match read_pair(&*disk, &format!("{to}{SIDECAR_SUFFIX}")) {
            Ok((sidecar, _)) if sidecar.sha256 == line.digest => return Ok(Whereabouts::There),
            Ok(_) => return Ok(Whereabouts::Unknown),
            Err(error) if error.is_missing_file() => {
                next = MovedLines::of(&*disk, to.hour()).find(&to).map_err(io)?.cloned();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Whereabouts::Unknown)
}

fn path_of(hour: &str) -> String {
    format!("{SEALS_DIR}/{hour}{MOVED_SUFFIX}")
}
