//! Block digests: a CRC-32C for each block, so that a ranged read checks what it sends (DECISIONS 12).

use crc_fast::CrcAlgorithm;

/// Size of a block in bytes. The last block of an object may be shorter.
pub const BLOCK_BYTES: usize = 64 * 1024;

/// The CRC-32C of every block of an object, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockDigests(Vec<u32>);

impl BlockDigests {
    /// Wraps digests that were read from a sidecar or a derived file.
    #[must_use]
    pub fn new(digests: Vec<u32>) -> Self {
        Self(digests)
    }

    /// Number of blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no block: the object is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The digest of block number `index`.
    #[must_use]
    pub(crate) fn get(&self, index: usize) -> Option<u32> {
        self.0.get(index).copied()
    }

    /// Whether `block` is what block number `index` was when it was written.
    #[must_use]
    pub fn matches(&self, index: usize, block: &[u8]) -> bool {
        self.0.get(index).is_some_and(|digest| *digest == crc32c(block))
    }

    /// The derived file's content: each digest as four bytes, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|digest| digest.to_be_bytes()).collect()
    }

    /// Reads the derived file's content; `None` where its length is no multiple of four.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        rest.is_empty().then(|| Self(words.iter().map(|word| u32::from_be_bytes(*word)).collect()))
    }

    /// The form in sidecars: eight hex digits a block, joined.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.to_bytes())
    }

    /// Reads the form in sidecars.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&hex::decode(text).ok()?)
    }
}

/// CRC-32C of `bytes` (RFC 3720, appendix B.4).
#[must_use]
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    u32::try_from(crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes)).unwrap_or(u32::MAX)
}

/// Cuts a stream of bytes into blocks and digests each.
#[derive(Default)]
pub(crate) struct BlockHasher {
    digests: Vec<u32>,
    current: Option<crc_fast::Digest>,
    filled: usize,
}

impl BlockHasher {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let take = bytes.len().min(BLOCK_BYTES - self.filled);
            let (head, tail) = bytes.split_at(take);
            self.current.get_or_insert_with(|| crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)).update(head);
            self.filled += take;
            bytes = tail;
            if self.filled == BLOCK_BYTES {
                self.close_block();
            }
        }
    }

    fn close_block(&mut self) {
        if let Some(digest) = self.current.take() {
            self.digests.push(u32::try_from(digest.finalize()).unwrap_or(u32::MAX));
        }
        self.filled = 0;
    }

    pub(crate) fn finish(mut self) -> BlockDigests {
        self.close_block();
        BlockDigests(self.digests)
    }
}

/// CRC-32C of several pieces as one.
#[must_use]
pub(crate) fn crc32c_of(pieces: &[&[u8]]) -> u32 {
    let mut digest = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    for piece in pieces {
        digest.update(piece);
    }
    u32::try_from(digest.finalize()).unwrap_or(u32::MAX)
}
