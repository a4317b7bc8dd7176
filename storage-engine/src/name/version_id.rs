//! Version ids: what S3 shows as `x-amz-version-id`.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The id of one version of a key.
///
/// Objects made while versioning was never enabled, or is suspended, have the version `null`. Every
/// other id is 32 lower-case hex digits: the version's sequence number, then eight random bytes, so
/// that a version is found by its id in one seek and cannot be guessed from its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionId {
    /// The version `null`.
    Null,
    /// A version of its own.
    Unique {
        /// The version's own sequence number.
        seq: u64,
        /// Random bytes that make the id unguessable.
        nonce: u64,
    },
}

impl VersionId {
    /// Parses an id as it came from a client or a sidecar.
    ///
    /// *Errors*: `InvalidVersionId`.
    pub fn parse(text: &str) -> Result<Self> {
        if text == "null" {
            return Ok(Self::Null);
        }
        let invalid = || {
            Error::new(ErrorKind::InvalidVersionId, "parse version id")
                .about(text)
                .because("a version id is `null` or 32 lower-case hex digits")
        };
        let shaped =
            text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !shaped {
            return Err(invalid());
        }
        let bits = u128::from_str_radix(text, 16).map_err(|_| invalid())?;
        let (seq, nonce) = ((bits >> 64) as u64, bits as u64);
        Ok(Self::Unique { seq, nonce })
    }

    /// Whether this is the version `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self == Self::Null
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Unique { seq, nonce } => write!(f, "{seq:016x}{nonce:016x}"),
        }
    }
}

impl fmt::Debug for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
