//! What the stored objects hold.

use crate::random::Random;
use crate::signature::sha256_hex;

/// Bytes at the front that tell one small object from another.
const STAMP_BYTES: usize = 16;

/// Content of objects of one size.
pub(crate) struct Content {
    block: Vec<u8>,
    /// Large objects are all alike, so that a client spends nothing on making them.
    is_stamped: bool,
    digest: String,
}

impl Content {
    /// Objects that differ in their first bytes.
    pub(crate) fn stamped(length: usize) -> Self {
        Self::new(length.max(STAMP_BYTES), true)
    }

    /// Objects that are all alike.
    pub(crate) fn alike(length: usize) -> Self {
        Self::new(length, false)
    }

    fn new(length: usize, is_stamped: bool) -> Self {
        let block = Random::new(length as u64).bytes(length);
        let digest = if is_stamped { String::new() } else { sha256_hex(&block) };
        Self { block, is_stamped, digest }
    }

    /// Room for one object at a time, for one client.
    pub(super) fn room(&self) -> Vec<u8> {
        if self.is_stamped { self.block.clone() } else { Vec::new() }
    }

    /// The content of an object.
    pub(super) fn of<'a>(&'a self, key: &str, room: &'a mut Vec<u8>) -> &'a [u8] {
        if !self.is_stamped {
            return &self.block;
        }
        let stamp = key.bytes().fold(0xcbf2_9ce4_8422_2325_u128, |sum, byte| {
            (sum ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        });
        for (place, byte) in room.iter_mut().zip(stamp.to_le_bytes()) {
            *place = byte;
        }
        room
    }

    /// SHA-256 in hex of what `of` has answered.
    pub(super) fn digest(&self, content: &[u8]) -> String {
        if self.is_stamped { sha256_hex(content) } else { self.digest.clone() }
    }
}
