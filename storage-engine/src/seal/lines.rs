//! Files of lines: written and read in pieces, with the SHA-256 of the whole.

use std::io;

use sha2::{Digest as _, Sha256};

use super::line::Line;
use crate::disk::{Disk, DiskFile};

/// Bytes written or read at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest line: a path of an element has at most 270 bytes, each escaped.
const LINE_BYTES_MAX: usize = 4096;

/// A file of lines on its way, staged under a name that a start sweeps.
pub(crate) struct LineWriter<'a> {
    disk: &'a dyn Disk,
    staged: String,
    file: Box<dyn DiskFile>,
    buffer: Vec<u8>,
    written: u64,
    hasher: Sha256,
    is_staged: bool,
}

impl<'a> LineWriter<'a> {
    /// Begins a file; what a stop left under the name is replaced.
    pub(crate) fn create(disk: &'a dyn Disk, staged: String) -> io::Result<Self> {
        let file = match disk.create(&staged) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(&staged)?;
                disk.create(&staged)?
            }
            other => other?,
        };
        let hasher = Sha256::new();
        Ok(Self { disk, staged, file, buffer: Vec::new(), written: 0, hasher, is_staged: true })
    }

    pub(crate) fn push(&mut self, line: &Line) -> io::Result<()> {
        self.buffer.extend(line.to_string().bytes());
        self.buffer.push(b'\n');
        if self.buffer.len() >= PIECE_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands the last lines to the file; the digest of all of them, `None` where there is none.
    /// Not durable.
    pub(crate) fn finish(&mut self) -> io::Result<Option<[u8; 32]>> {
        self.flush()?;
        let digest = self.hasher.clone().finalize().into();
        Ok((self.written > 0).then_some(digest))
    }

    /// Makes the bytes durable and gives the file its name, which it takes over. The name is durable once
    /// its folder is synced.
    pub(crate) fn publish(mut self, path: &str) -> io::Result<()> {
        self.file.sync()?;
        self.disk.replace(&self.staged, path)?;
        self.is_staged = false;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.file.write_at(&self.buffer, self.written)?;
        self.hasher.update(&self.buffer);
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for LineWriter<'_> {
    fn drop(&mut self) {
        if self.is_staged
            && let Err(error) = self.disk.remove(&self.staged)
        {
            tracing::debug!(path = self.staged, %error, "a staged file of a seal stays until the next start");
        }
    }
}

/// What a reader meets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Line(Line),
    /// Something that is no line, or one without its line feed.
    Malformed,
}

/// Reads a file of lines from its beginning.
pub(crate) struct LineReader {
    file: Box<dyn DiskFile>,
    /// What was read and not handed out yet begins at `start`.
    buffer: Vec<u8>,
    start: usize,
    /// Bytes of the file that were handed out.
    offset: u64,
    hasher: Sha256,
}

impl LineReader {
    pub(crate) fn open(disk: &dyn Disk, path: &str) -> io::Result<Self> {
        let file = disk.open(path)?;
        Ok(Self { file, buffer: Vec::new(), start: 0, offset: 0, hasher: Sha256::new() })
    }

    /// Where the next line begins, in bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Read>> {
        Ok(self.next_of(Line::parse)?.map(|line| line.map_or(Read::Malformed, Read::Line)))
    }

    /// What `parse` makes of the next line, itself `None` where it is none or has no line feed.
    pub(crate) fn next_of<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> io::Result<Option<Option<T>>> {
        let mut is_too_long = false;
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', rest) {
                let text = rest.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
                let line = text.filter(|_| !is_too_long && length <= LINE_BYTES_MAX).and_then(&parse);
                self.consume(length + 1);
                return Ok(Some(line));
            }
            if rest.len() > LINE_BYTES_MAX {
                is_too_long = true;
                self.consume(rest.len());
            }
            if self.fill()? == 0 {
                let left = self.buffer.len() - self.start;
                self.consume(left);
                return Ok((left > 0 || is_too_long).then_some(None));
            }
        }
    }

    /// The SHA-256 of what was handed out: of the whole file once the end was reached.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hasher.clone().finalize().into()
    }

    fn consume(&mut self, count: usize) {
        let end = self.start + count;
        self.hasher.update(self.buffer.get(self.start..end).unwrap_or_default());
        self.start = end;
        self.offset += count as u64;
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let kept = self.buffer.len();
        self.buffer.resize(kept + PIECE_BYTES, 0);
        let at = self.offset + kept as u64;
        let read = self.file.read_at(self.buffer.get_mut(kept..).unwrap_or_default(), at);
        self.buffer.truncate(kept + read.as_ref().copied().unwrap_or(0));
        read
    }
}
