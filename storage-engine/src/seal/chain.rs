//! The chain: `seals/chain`, a line for each seal in the order in which they were made.
//!
//! Its last line is what commits a seal, so that everything the line names is durable before it. Lines are
//! only appended, each synced before the next; what a stop left of an unfinished one is cut off.

use std::collections::HashMap;
use std::io;

use super::hour::Hour;
use super::lines::{LineReader, Read};
use super::seal_file::{Link, SEALS_DIR, SealFile, is_any};
use crate::disk::{Disk, DiskFile};
use crate::error::{Error, ErrorKind, Result};

/// The path of the chain in an element's root.
pub(crate) const CHAIN_PATH: &str = "seals/chain";
/// Most hours that a chain may cover: eight bytes of memory each, an hour of every day for a century.
const HOURS_MAX: usize = 1_000_000;

/// An element's chain as its process appends to it.
pub(crate) struct Chain {
    file: Box<dyn DiskFile>,
    /// Bytes of its whole lines.
    end: u64,
    last: Option<Link>,
    /// The last revision of each hour.
    revisions: HashMap<Hour, u32>,
    /// Whether nothing lies behind the whole lines and all of them are durable.
    is_settled: bool,
    /// Whether a sync failed: what is durable is not known until the element is opened anew.
    is_lost: bool,
}

impl Chain {
    /// Opens the chain of an element and reads it through; makes it where nothing was ever sealed.
    ///
    /// *Durability*: a chain that is made is durable on return.
    /// *Errors*: `Corrupt` where a line is damaged, a revision missing, or the last seal not what its line
    /// says; `StorageFull`, `Io`.
    pub(crate) fn open(disk: &dyn Disk) -> Result<Self> {
        let io = |error| Error::io("open chain of seals", CHAIN_PATH, error);
        let file = match disk.open_to_write(CHAIN_PATH) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::refuse_if_sealed(disk)?;
                disk.create_dir_durable(SEALS_DIR).map_err(io)?;
                let file = disk.create(CHAIN_PATH).map_err(io)?;
                disk.sync_dir(SEALS_DIR).map_err(io)?;
                file
            }
            opened => opened.map_err(io)?,
        };
        let mut chain =
            Self { file, end: 0, last: None, revisions: HashMap::new(), is_settled: false, is_lost: false };
        chain.read(disk)?;
        if let Some(last) = chain.last {
            let (_, root) = SealFile::read(disk, last.name)?;
            if root != last.root {
                return Err(corrupt(&last.name.path(), "it is not the seal that the chain ends with"));
            }
        }
        Ok(chain)
    }

    /// The seal at its end.
    pub(crate) fn last(&self) -> Option<Link> {
        self.last
    }

    /// The last revision of an hour; 0 where it was never sealed.
    pub(crate) fn revision(&self, hour: Hour) -> u32 {
        self.revisions.get(&hour).copied().unwrap_or(0)
    }

    /// Whether a seal is in the chain, by a walk over all of it.
    pub(crate) fn holds(disk: &dyn Disk, wanted: Link) -> Result<bool> {
        let io = |error| Error::io("read chain of seals", CHAIN_PATH, error);
        let mut lines = LineReader::open(disk, CHAIN_PATH).map_err(io)?;
        while let Some(read) = lines.next().map_err(io)? {
            if matches!(read, Read::Line(line) if line == wanted.line()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses whatever would be written for a seal that cannot be appended: the file of a seal that the chain may
    /// hold already must stay as it is.
    ///
    /// *Errors*: `Unavailable` after a sync that failed, until the chain is opened by another process.
    pub(crate) fn refuse_if_lost(&self) -> Result<()> {
        if !self.is_lost {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unavailable, "append to chain of seals").about(CHAIN_PATH).because(
            "it could not be synced and what of it is durable is not known: check the disk and restart the server",
        ))
    }

    /// Appends a seal, whose files are durable.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `StorageFull`, after which the next try may pass; `Io`, after which the chain refuses every
    /// seal until it is opened by another process.
    pub(crate) fn append(&mut self, link: Link) -> Result<()> {
        self.refuse_if_lost()?;
        if self.revisions.len() >= HOURS_MAX && !self.revisions.contains_key(&link.name.hour) {
            return Err(Error::new(ErrorKind::Unavailable, "append to chain of seals")
                .about(CHAIN_PATH)
                .because(format_args!("it covers {HOURS_MAX} hours: go on with another element")));
        }
        self.settle()?;
        let bytes = format!("{}\n", link.line());
        self.is_settled = false;
        self.write(bytes.as_bytes(), self.end)?;
        self.sync()?;
        self.is_settled = true;
        self.end += bytes.len() as u64;
        self.last = Some(link);
        self.revisions.insert(link.name.hour, link.name.revision);
        Ok(())
    }

    /// Cuts off what an unfinished append left, and makes the last line durable once more: it may be whole
    /// in memory alone, and the line behind it must not be durable without it.
    fn settle(&mut self) -> Result<()> {
        if self.is_settled {
            return Ok(());
        }
        self.file.set_len(self.end).map_err(failed)?;
        if let Some(last) = self.last {
            let bytes = format!("{}\n", last.line());
            self.write(bytes.as_bytes(), self.end - bytes.len() as u64)?;
        }
        self.sync()?;
        self.is_settled = true;
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file.write_at(bytes, offset).map_err(failed)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync().map_err(|error| {
            self.is_lost = true;
            failed(error)
        })
    }

    fn read(&mut self, disk: &dyn Disk) -> Result<()> {
        let io = |error| Error::io("read chain of seals", CHAIN_PATH, error);
        let mut lines = LineReader::open(disk, CHAIN_PATH).map_err(io)?;
        let mut malformed_at = None;
        while let Some(read) = lines.next().map_err(io)? {
            if let Some(at) = malformed_at {
                return Err(corrupt(CHAIN_PATH, format_args!("its line at byte {at} is damaged")));
            }
            let link = match &read {
                Read::Line(line) => Link::of_line(line),
                Read::Malformed => None,
            };
            let Some(link) = link else {
                malformed_at = Some(self.end);
                continue;
            };
            let before = self.revisions.insert(link.name.hour, link.name.revision).unwrap_or(0);
            if link.name.revision != before + 1 {
                let at = self.end;
                return Err(corrupt(
                    CHAIN_PATH,
                    format_args!("revision {} of {} is missing before byte {at}", before + 1, link.name.hour),
                ));
            }
            self.last = Some(link);
            self.end = lines.offset();
        }
        Ok(())
    }

    /// Refuses to begin a chain where seals lie that another chain led to.
    fn refuse_if_sealed(disk: &dyn Disk) -> Result<()> {
        if is_any(disk).map_err(|error| Error::io("read folder", SEALS_DIR, error))? {
            return Err(corrupt(CHAIN_PATH, "it is missing and seals lie beside it"));
        }
        Ok(())
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("append to chain of seals", CHAIN_PATH, error)
}

fn corrupt(path: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupt, "open chain of seals").about(path).because(format_args!(
        "{why}: bring it back from a backup; artstore seal verify says what else is wrong"
    ))
}
