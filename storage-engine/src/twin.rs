//! Small documents that must be written on a full disk as well: two files of fixed size, overwritten
//! in place by turns.
//!
//! Each write goes to the file that does not hold the newest state, so that a torn write leaves the
//! state before it whole. Both files are made together and padded with spaces.

use std::io;

use serde_json::Value;

use crate::disk::Disk;
use crate::document::{self, Members};
use crate::error::{Error, ErrorKind, Result};

const SCHEMA: u64 = 1;
/// Size of each file; larger documents make it grow.
const FILE_BYTES: usize = 4096;
pub(crate) const BYTES_MAX: usize = 1024 * 1024;
const TURN: &str = "turn";
/// No document is written so often.
const TURN_MAX: u64 = u64::MAX / 2;

/// A document kept twice, as `<stem>.0.json` and `<stem>.1.json`.
#[derive(Debug)]
pub(crate) struct TwinDocument {
    stem: &'static str,
    turn: u64,
}

impl TwinDocument {
    /// Reads the newest state; `None` where neither file was ever written.
    ///
    /// *Errors*: `Corrupt` where no file is whole, `NewerFormat`, `Io`.
    pub(crate) fn open(disk: &dyn Disk, stem: &'static str) -> Result<(Self, Option<Members>)> {
        let mut newest: Option<(u64, Members)> = None;
        let mut damage = None;
        for path in paths(stem) {
            let bytes = match disk.read_whole(&path, BYTES_MAX) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("read", path, error)),
            };
            match document::parse(&bytes, SCHEMA, &path) {
                Ok(members) => {
                    let turn = members.get(TURN).and_then(Value::as_u64).unwrap_or(0);
                    if turn > TURN_MAX {
                        damage = Some(Error::new(ErrorKind::Corrupt, "read").about(&path));
                        continue;
                    }
                    if newest.as_ref().is_none_or(|(known, _)| *known < turn) {
                        newest = Some((turn, members));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Corrupt => damage = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (newest, damage) {
            (Some((turn, members)), _) => Ok((Self { stem, turn }, Some(members))),
            (None, Some(damage)) => Err(damage),
            (None, None) => Ok((Self { stem, turn: 0 }, None)),
        }
    }

    /// Writes the next state. *Durability*: durable on return; after an error the state before it stands.
    pub(crate) fn write(&mut self, disk: &dyn Disk, mut members: Members) -> Result<()> {
        let turn = self.turn + 1;
        members.insert("schema".into(), SCHEMA.into());
        members.insert(TURN.into(), turn.into());
        let mut bytes = document::render(&members, &["schema", TURN]);
        bytes.resize(bytes.len().max(FILE_BYTES), b' ');
        let [even, odd] = paths(self.stem);
        let path = if turn.is_multiple_of(2) { &even } else { &odd };
        self.put(disk, path, &bytes).map_err(|error| Error::io("write", path, error))?;
        self.turn = turn;
        Ok(())
    }

    fn put(&self, disk: &dyn Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file = match disk.open_to_write(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The first write makes both, so that none later needs room.
                for path in paths(self.stem) {
                    disk.write_durable(&path, bytes)?;
                }
                return Ok(());
            }
            other => other?,
        };
        file.write_at(bytes, 0)?;
        file.set_len(bytes.len() as u64)?;
        file.sync()
    }
}

/// Reads one file of the two.
///
/// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
pub(crate) fn read(disk: &dyn Disk, path: &str) -> Result<Members> {
    let bytes = disk.read_whole(path, BYTES_MAX).map_err(|error| Error::io("read", path, error))?;
    document::parse(&bytes, SCHEMA, path)
}

/// The two files of a document.
pub(crate) fn paths(stem: &str) -> [String; 2] {
    [format!("{stem}.0.json"), format!("{stem}.1.json")]
}
