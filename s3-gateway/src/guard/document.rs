//! Documents in requests: bounded, and compared with what the client claims about them.
//!
//! s3s reads them whole and compares only the signed digest, whose failure it reports as its own.

use storage_engine::digest::ContentHasher;

use crate::intake::Claims;
use crate::refusal::{Answer, Code, Refusal};

/// Largest document, in bytes: 10,000 parts with checksums, or 1,000 keys of 1,024 bytes, fit.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Checks a document while it arrives.
pub(super) struct DocumentCheck {
    claims: Claims,
    hasher: ContentHasher,
    size: usize,
}

impl DocumentCheck {
    pub(super) fn new(claims: Claims) -> Self {
        let hasher = ContentHasher::new(&claims.claimed_algorithms());
        Self { claims, hasher, size: 0 }
    }

    /// Takes the next bytes.
    ///
    /// *Errors*: `MaxMessageLengthExceeded`.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Answer<()> {
        self.size += bytes.len();
        if self.size > DOCUMENT_BYTES_MAX {
            let message = format!("A document in a request has at most {DOCUMENT_BYTES_MAX} bytes");
            return Err(Refusal::because(Code::MaxMessageLengthExceeded, message));
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
