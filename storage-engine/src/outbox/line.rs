//! One event as it stands in a segment of the outbox: a line of its position, the CRC-32C of the rest in eight
//! hex digits, and the event as JSON, with a blank between them.

use crate::digest::crc32c_of;
use crate::error::{Error, ErrorKind, Result};

use super::event::Event;
use super::segment::POSITION_MAX;

/// Adds the line of an event.
pub(super) fn write(bytes: &mut Vec<u8>, position: u64, event: &Event) -> Result<()> {
    let json = serde_json::to_string(event)
        .map_err(|error| Error::new(ErrorKind::InvalidArgument, "write event").caused_by(error))?;
    let crc = crc32c_of(&[&position.to_le_bytes(), json.as_bytes()]);
    bytes.extend(format!("{position} {crc:08x} {json}\n").into_bytes());
    Ok(())
}

/// Reads a line, without its end; `None` where it is not whole.
pub(super) fn read(line: &[u8]) -> Option<(u64, Event)> {
    let text = std::str::from_utf8(line).ok()?;
    let (position, rest) = text.split_once(' ')?;
    let (crc, json) = rest.split_once(' ')?;
    let position: u64 = position.parse().ok()?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    if crc != crc32c_of(&[&position.to_le_bytes(), json.as_bytes()]) {
        return None;
    }
    let event = serde_json::from_str(json).ok()?;
    (position <= POSITION_MAX).then_some((position, event))
}

/// The whole lines of a segment, up to a position; says how many others there are.
pub(super) fn read_all(bytes: &[u8], last: u64) -> (Vec<(u64, Event)>, usize) {
    let (mut events, mut damaged) = (Vec::new(), 0);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match read(line) {
            Some((position, event)) if position <= last => events.push((position, event)),
            Some(_) => {}
            None => damaged += 1,
        }
    }
    (events, damaged)
}
