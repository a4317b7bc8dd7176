//! Segments: preallocated files of one size, written from the front and used again after a checkpoint.
//!
//! The first block is the header; frames follow. A file is filled with zeros when it is made, so
//! that writing a frame changes no metadata and its `fdatasync` waits for the frame alone.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `ARTLOG01` |
//! | 8 | 8 | number of the segment |
//! | 16 | 8 | number of its first frame |
//! | 24 | 8 | salt |
//! | 32 | 16 | id of the element |
//! | 48 | 4 | CRC-32C of bytes 0–47 |

use std::io;

use crate::digest::crc32c_of;
use crate::disk::{Disk, DiskFile};
use crate::error::{Error, ErrorKind, Result};
use crate::name::ElementId;

use super::frame::BLOCK_BYTES;

/// The folder of the log in its element.
pub(crate) const WAL_DIR: &str = ".artstore/wal";
/// Size of a segment.
pub(crate) const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Where the frames of a segment begin.
pub(super) const FRAMES_AT: u64 = BLOCK_BYTES;

const MAGIC: [u8; 8] = *b"ARTLOG01";
const MAGIC_FAMILY: [u8; 6] = *b"ARTLOG";
const HEADER_BYTES: usize = 52;
const ZEROS_BYTES: usize = 1024 * 1024;

/// What the header of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    pub(super) first_frame: u64,
    pub(super) salt: u64,
    pub(super) element: ElementId,
}

/// A segment that frames can be written to.
pub(super) struct Segment {
    pub(super) header: Header,
    pub(super) file: Box<dyn DiskFile>,
}

/// The path of segment `number`.
pub(super) fn path_of(number: u64) -> String {
    format!("{WAL_DIR}/{number:016x}.log")
}

/// The path of a file that waits to be used again.
pub(super) fn spare_path_of(number: u64) -> String {
    format!("{WAL_DIR}/{number:016x}.spare")
}

/// The number in the name of a segment or spare file.
pub(super) fn number_in(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    if digits.len() != 16 {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK_BYTES as usize);
        bytes.extend(MAGIC);
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.first_frame.to_le_bytes());
        bytes.extend(self.salt.to_le_bytes());
        bytes.extend(self.element.as_bytes());
        bytes.extend(crc32c_of(&[&bytes]).to_le_bytes());
        bytes.resize(BLOCK_BYTES as usize, 0);
        bytes
    }

    /// Reads a header.
    ///
    /// *Errors*: `NewerFormat` where it is the log of another release, `Corrupt` where it is none.
    pub(super) fn decode(bytes: &[u8], element: ElementId, path: &str) -> Result<Self> {
        let corrupt =
            |reason: &str| Error::new(ErrorKind::Corrupt, "read log segment").about(path).because(reason);
        let magic = bytes.get(..8).unwrap_or_default();
        if magic != MAGIC {
            if magic.starts_with(&MAGIC_FAMILY) {
                return Err(Error::new(ErrorKind::NewerFormat, "read log segment")
                    .about(path)
                    .because("the log has the format of a newer release: use that release"));
            }
            return Err(corrupt("it does not begin like a segment"));
        }
        let word =
            |at: usize| bytes.get(at..at + 8).and_then(|field| field.try_into().ok()).map(u64::from_le_bytes);
        let stored =
            bytes.get(48..HEADER_BYTES).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
        if stored != bytes.get(..48).map(|head| crc32c_of(&[head])) {
            return Err(corrupt("the checksum of its header does not match"));
        }
        if bytes.get(32..48) != Some(element.as_bytes()) {
            return Err(corrupt("it belongs to another element"));
        }
        match (word(8), word(16), word(24)) {
            (Some(number), Some(first_frame), Some(salt)) => Ok(Self { number, first_frame, salt, element }),
            _ => Err(corrupt("its header is cut")),
        }
    }
}

impl Segment {
    /// Makes a segment ready to be written: from `spare` where there is one, else a new file.
    ///
    /// *Durability*: header, zeros and name are durable on return.
    pub(super) fn prepare(disk: &dyn Disk, header: Header, spare: Option<&str>) -> io::Result<Self> {
        let path = path_of(header.number);
        let fresh = format!("{WAL_DIR}/fresh.partial");
        let (file, from) = match spare {
            Some(spare) => (disk.open_to_write(spare)?, spare),
            None => (fill(disk, &fresh)?, fresh.as_str()),
        };
        file.write_at(&header.encode(), 0)?;
        file.sync()?;
        disk.replace(from, &path)?;
        if let Err(error) = disk.sync_dir(WAL_DIR) {
            // It is not used: the spare keeps its name, and the next try finds it. Recovery passes over one that
            // keeps the new name all the same.
            disk.replace(&path, from)?;
            return Err(error);
        }
        Ok(Self { header, file })
    }
}

/// Makes a file of zeros; one that was cut short by a crash is begun again.
fn fill(disk: &dyn Disk, path: &str) -> io::Result<Box<dyn DiskFile>> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    let file = disk.create(path)?;
    let zeros = vec![0; ZEROS_BYTES];
    for at in (0..SEGMENT_BYTES).step_by(ZEROS_BYTES) {
        if let Err(error) = file.write_at(&zeros, at) {
            disk.remove(path).ok();
            return Err(error);
        }
    }
    Ok(file)
}
