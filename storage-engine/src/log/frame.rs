//! Frames: the unit that is written, synced and checksummed as one.
//!
//! A frame begins on a block of 4,096 bytes and is padded with zeros to the next, so that a block
//! once synced is never written again and a torn write can only hurt the frame being written.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `ASF1` |
//! | 4 | 4 | length of the payload |
//! | 8 | 8 | number of the frame, counted over all segments |
//! | 16 | 8 | salt of the segment |
//! | 24 | 4 | CRC-32C of bytes 0–23 and the payload |
//! | 28 | 4 | number of records |
//! | 32 | – | records, each `u32` length and bytes |
//!
//! Integers are little-endian. The salt, drawn anew whenever a segment is used again, keeps what an
//! earlier use left behind, and what a client wrote into a body, from passing for a frame.

use bytes::Bytes;

use crate::digest::crc32c_of;

/// Frames begin on a multiple of this.
pub(super) const BLOCK_BYTES: u64 = 4096;
const HEADER_BYTES: usize = 32;
const MAGIC: [u8; 4] = *b"ASF1";

/// The records of one frame.
pub(super) struct Frame {
    pub(super) records: Vec<Bytes>,
    /// Bytes it takes in the segment, padding included.
    pub(super) span: u64,
}

/// Bytes a frame of these records takes, padding included.
pub(super) fn span_of(records_bytes: usize, records: usize) -> u64 {
    ((HEADER_BYTES + records_bytes + 4 * records) as u64).next_multiple_of(BLOCK_BYTES)
}

/// Writes a frame.
pub(super) fn encode(number: u64, salt: u64, records: &[&[u8]]) -> Vec<u8> {
    let payload_len = records.iter().map(|record| record.len() + 4).sum::<usize>();
    let mut bytes = Vec::with_capacity((HEADER_BYTES + payload_len).next_multiple_of(BLOCK_BYTES as usize));
    bytes.extend(MAGIC);
    bytes.extend((payload_len as u32).to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(salt.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((records.len() as u32).to_le_bytes());
    for record in records {
        bytes.extend((record.len() as u32).to_le_bytes());
        bytes.extend_from_slice(record);
    }
    let checksum = checksum(&bytes);
    if let Some(field) = bytes.get_mut(24..28) {
        field.copy_from_slice(&checksum.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES as usize), 0);
    bytes
}

fn checksum(frame: &[u8]) -> u32 {
    let parts = [frame.get(..24), frame.get(28..)].map(Option::unwrap_or_default);
    crc32c_of(&parts)
}

/// The number in a header of this salt; `None` where there is no such header.
pub(super) fn number_in(header: &[u8], salt: u64) -> Option<u64> {
    let matches = header.get(..4) == Some(&MAGIC) && word(header, 16) == Some(salt);
    word(header, 8).filter(|_| matches)
}

/// Reads frame `number` from the bytes at its beginning; `None` where it is not whole.
pub(super) fn decode(bytes: &Bytes, number: u64, salt: u64) -> Option<Frame> {
    if number_in(bytes, salt) != Some(number) {
        return None;
    }
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    let frame = bytes.get(..HEADER_BYTES + length)?;
    let stored = u32::from_le_bytes(frame.get(24..28)?.try_into().ok()?);
    if stored != checksum(frame) {
        return None;
    }
    let count = u32::from_le_bytes(frame.get(28..32)?.try_into().ok()?);
    let (mut at, mut records) = (HEADER_BYTES, Vec::new());
    for _ in 0..count {
        let (len, _) = frame.get(at..)?.split_first_chunk::<4>()?;
        let end = at + 4 + u32::from_le_bytes(*len) as usize;
        records.push(bytes.slice_ref(frame.get(at + 4..end)?));
        at = end;
    }
    Some(Frame { records, span: (HEADER_BYTES as u64 + length as u64).next_multiple_of(BLOCK_BYTES) })
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}
