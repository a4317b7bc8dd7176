//! What the stored objects hold.

use crate::random::Random;
use crate::signature::sha256_hex;

/// Bytes that tell one object from another.
const STAMP_BYTES: usize = 16;
/// The size of the blocks that Garage splits objects into, of which it keeps equal ones once.
const PART_BYTES: usize = 1 << 20;

/// Content of objects of one size.
pub(crate) struct Content {
    block: Vec<u8>,
    /// From one stamp to the next; without stamps all objects are alike.
    stamped_every: Option<usize>,
    digest: String,
}

impl Content {
    /// Objects that differ in their first bytes.
    pub(crate) fn stamped(length: usize) -> Self {
        let length = length.max(STAMP_BYTES);
        Self::new(length, Some(length))
    }

    /// Objects that differ in each MiB: a server that keeps equal parts once has to write all of them.
    pub(crate) fn stamped_throughout(length: usize) -> Self {
        Self::new(length, Some(PART_BYTES))
    }

    /// Objects that are all alike, so that a client spends nothing on their digests.
    pub(crate) fn alike(length: usize) -> Self {
        Self::new(length, None)
    }

    fn new(length: usize, stamped_every: Option<usize>) -> Self {
        let block = Random::new(length as u64).bytes(length);
        let digest = if stamped_every.is_some() { String::new() } else { sha256_hex(&block) };
        Self { block, stamped_every, digest }
    }

    /// Room for one object at a time, for one client.
    pub(super) fn room(&self) -> Vec<u8> {
        if self.stamped_every.is_some() { self.block.clone() } else { Vec::new() }
    }

    /// The content of an object.
    pub(super) fn of<'a>(&'a self, key: &str, room: &'a mut Vec<u8>) -> &'a [u8] {
        let Some(every) = self.stamped_every else {
            return &self.block;
        };
        let stamp = key.bytes().fold(0xcbf2_9ce4_8422_2325_u128, |sum, byte| {
            (sum ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        });
        for part in room.chunks_mut(every) {
            for (place, byte) in part.iter_mut().zip(stamp.to_le_bytes()) {
                *place = byte;
            }
        }
        room
    }

    /// SHA-256 in hex of what `of` has answered.
    pub(super) fn digest(&self, content: &[u8]) -> String {
        if self.stamped_every.is_some() { sha256_hex(content) } else { self.digest.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Content, PART_BYTES};

    /// No part of a large object is met twice, within it or in another.
    #[test]
    fn parts_of_large_objects_differ() {
        let content = Content::stamped_throughout(3 * PART_BYTES);
        let mut room = content.room();
        let mut parts = HashSet::new();
        for key in ["/bucket/one", "/bucket/two"] {
            let object = content.of(key, &mut room);
            parts.extend(object.chunks(PART_BYTES).map(<[u8]>::to_vec));
        }
        assert_eq!(parts.len(), 6);
    }
}
