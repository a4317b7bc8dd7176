//! `parts.log` of an open upload, to which each part that arrived adds a line.
//!
//! A line is a JSON object and ends with a newline; a torn last line was never acknowledged and is
//! passed over. Of two lines with one number the later counts. What is remembered of the log makes a
//! part cost one line, however many there are.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::multipart::{PART_NUMBER_MAX, Part, UploadId};
use super::upload_store::folder;
use crate::digest::{Checksum, ChecksumAlgorithm};
use crate::disk::{Disk, PARTIAL_SUFFIX};
use crate::error::{Error, ErrorKind, Result};

const LOG_BYTES_MAX: usize = 32 * 1024 * 1024;
const LINE_BYTES_MAX: usize = 1024;
/// Lines of parts that were replaced, beside as many as there are parts, before the log is written anew.
const REPLACED_LINES_MAX: usize = 1000;
const WORDS: usize = (PART_NUMBER_MAX as usize).div_ceil(u64::BITS as usize) + 1;

/// A part as `parts.log` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartLine {
    pub(super) number: u16,
    /// The file's name in the upload's folder.
    pub(crate) file: String,
    pub(crate) size: u64,
    /// MD5 in hex: the part's ETag.
    pub(super) md5: String,
    /// CRC-64/NVME in base64: what the part's bytes are checked against when it is put together.
    pub(super) crc64nvme: String,
    /// The additional checksum that the client chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<(String, String)>,
    pub(super) modified_ms: u64,
}

impl PartLine {
    /// The additional checksum.
    pub(super) fn checksum(&self) -> Option<Checksum> {
        let (name, value) = self.checksum.as_ref()?;
        Some(Checksum { algorithm: ChecksumAlgorithm::parse(name)?, value: value.as_str().into() })
    }

    /// The line with its end.
    fn text(&self) -> Result<Vec<u8>> {
        let too_long = || Error::new(ErrorKind::InvalidArgument, "keep part").about(self.number);
        let mut text = serde_json::to_vec(self).map_err(|error| too_long().caused_by(error))?;
        text.push(b'\n');
        if text.len() > LINE_BYTES_MAX { Err(too_long()) } else { Ok(text) }
    }

    /// The part as the doors see it.
    pub(super) fn part(&self) -> Part {
        Part {
            number: self.number,
            size: self.size,
            etag: self.md5.clone(),
            checksum: self.checksum(),
            modified_ms: self.modified_ms,
        }
    }
}

/// A fresh name for a part's file.
pub(super) fn part_file(number: u16, id: Uuid) -> String {
    format!("{number:05}.{}.part", id.simple())
}

/// What is known of an upload's log without reading it: 1.25 KiB. At first nothing is, and after a
/// failure nothing is certain.
#[derive(Default)]
pub(super) struct PartsLog {
    known: Option<Known>,
    /// Bytes of the log that were durable when a write failed; what is behind them may be lost.
    trusted_len: Option<u64>,
}

/// A log whose bytes are all durable.
struct Known {
    len: u64,
    lines: usize,
    arrived: Arrived,
}

/// The numbers of the parts that are there, a bit for each.
struct Arrived {
    words: Box<[u64; WORDS]>,
    count: usize,
}

impl PartsLog {
    /// Keeps a part that lies in staging as `staged`.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `NoSuchUpload` where the upload is gone, `StorageFull`, `Io`.
    pub(super) fn add(&mut self, disk: &dyn Disk, id: UploadId, staged: &str, line: &PartLine) -> Result<()> {
        let folder = folder(id);
        let io = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(ErrorKind::NoSuchUpload, "keep part").about(id),
            _ => Error::io("keep part", id, error),
        };
        disk.publish(staged, &format!("{folder}/{}", line.file)).map_err(io)?;
        disk.sync_dir(&folder).map_err(io)?;
        let text = line.text()?;
        let path = format!("{folder}/parts.log");
        let replaced = match &mut self.known {
            Some(known) if known.has_room(line.number) => {
                let replaced = match known.arrived.has(line.number) {
                    true => files_of(&disk.read_whole(&path, LOG_BYTES_MAX).map_err(io)?, line.number),
                    false => Vec::new(),
                };
                let len = known.len;
                // Whatever the call leaves, the log is known again only once it has succeeded.
                let mut known = self.known.take();
                self.trusted_len = Some(len);
                let log = disk.open_to_write(&path).map_err(io)?;
                log.write_at(&text, len).and_then(|()| log.sync()).map_err(io)?;
                if let Some(known) = &mut known {
                    known.take(line.number, text.len());
                }
                self.known = known;
                replaced
            }
            Some(_) | None => self.write_anew(disk, &path, line, &text).map_err(io)?,
        };
        for file in replaced {
            disk.remove(&format!("{folder}/{file}")).ok();
        }
        Ok(())
    }

    /// Writes a new log with a line for each part: after a start or a failure what is in the old one may
    /// be in memory alone, and a line behind it must not be durable without it. Answers with the files
    /// that the new part replaces.
    fn write_anew(
        &mut self,
        disk: &dyn Disk,
        path: &str,
        line: &PartLine,
        text: &[u8],
    ) -> io::Result<Vec<String>> {
        let trusted_len = self.known.as_ref().map(|known| known.len).or(self.trusted_len);
        let mut bytes = match disk.read_whole(path, LOG_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        bytes.truncate(trusted_len.map_or(usize::MAX, |len| usize::try_from(len).unwrap_or(usize::MAX)));
        let replaced = files_of(&bytes, line.number);
        let mut kept: BTreeMap<u16, &[u8]> = BTreeMap::new();
        for (line, parsed) in lines(&bytes) {
            kept.insert(parsed.number, line);
        }
        kept.remove(&line.number);
        let mut known = Known { len: 0, lines: 0, arrived: Arrived::none() };
        let mut whole = Vec::with_capacity(bytes.len() + text.len());
        for (number, line) in kept {
            whole.extend_from_slice(line);
            whole.push(b'\n');
            known.take(number, line.len() + 1);
        }
        whole.extend_from_slice(text);
        known.take(line.number, text.len());
        self.known = None;
        self.trusted_len = trusted_len.or(Some(bytes.len() as u64));
        disk.write_durable(path, &whole)?;
        self.known = Some(known);
        Ok(replaced)
    }
}

impl Known {
    /// Whether another line may be added: the log stays as long as twice its parts and a margin.
    fn has_room(&self, number: u16) -> bool {
        let parts = self.arrived.count + usize::from(!self.arrived.has(number));
        self.lines < 2 * parts + REPLACED_LINES_MAX
    }

    fn take(&mut self, number: u16, text_len: usize) {
        self.len += text_len as u64;
        self.lines += 1;
        self.arrived.add(number);
    }
}

impl Arrived {
    fn none() -> Self {
        Self { words: Box::new([0; WORDS]), count: 0 }
    }

    fn has(&self, number: u16) -> bool {
        let (word, bit) = place_of(number);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn add(&mut self, number: u16) {
        let (word, bit) = place_of(number);
        if let Some(word) = self.words.get_mut(word).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.count += 1;
        }
    }
}

fn place_of(number: u16) -> (usize, u64) {
    let bits = usize::try_from(u64::BITS).unwrap_or(64);
    (usize::from(number) / bits, 1 << (usize::from(number) % bits))
}

/// Removes what a stop left of a log that was being written anew.
///
/// *Errors*: `Io`.
pub(super) fn sweep(disk: &dyn Disk, id: UploadId) -> Result<()> {
    let path = format!("{}/parts.log{PARTIAL_SUFFIX}", folder(id));
    match disk.remove(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| Error::io("sweep", path, error)),
    }
}

/// The parts that arrived, by number.
///
/// *Errors*: `NoSuchUpload` where the upload is gone, `Io`.
pub(crate) fn parts(disk: &dyn Disk, id: UploadId) -> Result<BTreeMap<u16, PartLine>> {
    let path = format!("{}/parts.log", folder(id));
    match disk.read_whole(&path, LOG_BYTES_MAX) {
        Ok(bytes) => Ok(lines(&bytes).map(|(_, line)| (line.number, line)).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Error::io("read parts", path, error)),
    }
}

/// The whole lines, as they are and as they are read.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (&[u8], PartLine)> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter_map(|line| Some((line, serde_json::from_slice(line).ok()?)))
}

/// The files that lines of this number name.
fn files_of(bytes: &[u8], number: u16) -> Vec<String> {
    lines(bytes).filter(|(_, line)| line.number == number).map(|(_, line)| line.file).collect()
}

const _: () = assert!(LINE_BYTES_MAX * (2 * PART_NUMBER_MAX as usize + REPLACED_LINES_MAX) < LOG_BYTES_MAX);
