//! The data files of an hour's last seal, which a new seal must agree with.

use super::line::Line;
use super::lines::{LineReader, Read};
use super::make::damaged;
use super::seal_file::{SealFile, SealName};
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};

/// The manifest of data files of the last seal, read along with the new one: both are in order of path.
pub(super) struct Earlier {
    lines: Option<LineReader>,
    next: Option<Line>,
    path: String,
    expected: Option<[u8; 32]>,
}

impl Earlier {
    /// Opens the manifest that `seal` names; there may be none.
    pub(super) fn open(disk: &dyn Disk, name: SealName, seal: Option<&SealFile>) -> Result<Self> {
        let expected = seal.and_then(|seal| seal.data);
        let path = name.data_path();
        let lines = expected.map(|_| LineReader::open(disk, &path)).transpose();
        let lines = lines.map_err(|error| Error::io("read manifest", &path, error))?;
        let mut earlier = Self { lines, next: None, path, expected };
        earlier.advance()?;
        Ok(earlier)
    }

    /// Goes on to the file of `line`, or to the end.
    ///
    /// *Errors*: `Corrupt` where the file had another digest, or where the manifest is not what its seal says; what
    /// `leave` says of a file that is gone.
    pub(super) fn pass(
        &mut self,
        line: Option<&Line>,
        leave: &mut dyn FnMut(&Line) -> Result<()>,
    ) -> Result<()> {
        while let Some(next) = &self.next {
            if line.is_some_and(|line| next.path > line.path) {
                return Ok(());
            }
            match line.filter(|line| line.path == next.path) {
                Some(line) if line.digest == next.digest => {}
                Some(line) => {
                    let (now, then) = (hex::encode(line.digest), hex::encode(next.digest));
                    let why = format_args!("its sidecar says SHA-256 {now} and its last seal {then}");
                    return Err(damaged(&line.path, why));
                }
                None => leave(next)?,
            }
            self.advance()?;
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<()> {
        let Some(lines) = &mut self.lines else { return Ok(()) };
        let read = lines.next().map_err(|error| Error::io("read manifest", &self.path, error))?;
        self.next = match read {
            Some(Read::Line(line)) => Some(line),
            Some(Read::Malformed) => return Err(self.differs()),
            None if self.expected != Some(lines.digest()) => return Err(self.differs()),
            None => None,
        };
        Ok(())
    }

    fn differs(&self) -> Error {
        Error::new(ErrorKind::Corrupt, "read manifest")
            .about(&self.path)
            .because("it is not what its seal says: bring it back from a backup")
    }
}
