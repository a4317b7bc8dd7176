//! A body on its way in, and the bytes of an object on their way out.

use bytes::Bytes;

use super::object::Object;
use crate::digest::{ClientDigests, ContentDigest};
use crate::error::Result;

/// Bodies up to this many bytes are kept in memory and ride in the log record; longer ones are staged.
pub const INLINE_BYTES_MAX: usize = 64 * 1024;

/// A body that is arriving. Dropping it leaves nothing behind.
pub struct BodyWriter {}

/// A body that has arrived whole, matches what the client claimed, and is not published yet.
pub struct Body {
    pub(crate) digest: ContentDigest,
}

impl BodyWriter {
    /// Takes the next bytes.
    ///
    /// *Errors*: `EntityTooLarge`, `StorageFull`, `Io`.
    pub fn write(&mut self, _bytes: &Bytes) -> Result<()> {
        todo!()
    }

    /// Ends the body, compares the client's claims, and makes a staged body durable.
    ///
    /// *Errors*: `IncompleteBody`, `BadDigest`, `StorageFull`, `Io`.
    pub fn finish(self, _claimed: &ClientDigests) -> Result<Body> {
        todo!()
    }
}

impl Body {
    /// The digests of the bytes received.
    #[must_use]
    pub fn digest(&self) -> &ContentDigest {
        &self.digest
    }
}

/// An open object: keeps its bytes readable although the key is overwritten or deleted meanwhile.
pub struct ObjectReader {
    object: Object,
}

impl ObjectReader {
    /// What is read.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Reads up to `length` bytes from `offset`, fewer only at the end; every block they touch is
    /// checked first.
    ///
    /// *Errors*: `Corrupt` where a block is not what was written; `Io`.
    pub fn read_at(&self, _offset: u64, _length: usize) -> Result<Bytes> {
        todo!()
    }
}
