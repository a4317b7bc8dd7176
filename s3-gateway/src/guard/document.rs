//! Documents in requests: bounded, and compared with what the client claims about them.
//!
//! s3s reads them whole and compares only the signed digest, whose failure it reports as its own.

use storage_engine::digest::ContentHasher;

use crate::intake::Claims;
use crate::refusal::{Answer, Code, Refusal};

/// Largest document, in bytes: 10,000 parts with checksums, or 1,000 keys of 1,024 bytes, fit.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Most tags in a document, start and end counted: 10,000 parts with number, ETag and a checksum have 80,000.
/// s3s makes a value of each element before anybody can count them.
const TAGS_MAX: usize = 100_000;

/// Checks a document while it arrives.
pub(super) struct DocumentCheck {
    claims: Claims,
    hasher: ContentHasher,
    size: usize,
    tags: usize,
}

impl DocumentCheck {
    pub(super) fn new(claims: Claims) -> Self {
        let hasher = ContentHasher::new(&claims.claimed_algorithms());
        Self { claims, hasher, size: 0, tags: 0 }
    }

    /// Takes the next bytes.
    ///
    /// *Errors*: `MaxMessageLengthExceeded`, `MalformedXML` for more elements than any document has.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Answer<()> {
        self.size += bytes.len();
        if self.size > DOCUMENT_BYTES_MAX {
            let message = format!("A document in a request has at most {DOCUMENT_BYTES_MAX} bytes");
            return Err(Refusal::because(Code::MaxMessageLengthExceeded, message));
        }
        self.tags += memchr::memchr_iter(b'<', bytes).count();
        if self.tags > TAGS_MAX {
            return Err(Refusal::because(
                Code::MalformedXml,
                "The document has more elements than any may have",
            ));
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// Compares the claims.
    ///
    /// *Errors*: `BadDigest`, `XAmzContentSHA256Mismatch`, `IncompleteBody`.
    pub(super) fn end(self) -> Answer<()> {
        self.claims.verify(&self.hasher.finish())
    }
}
