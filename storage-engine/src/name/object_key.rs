//! Object keys, by the S3 page "Naming Amazon S3 objects".

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// The key of an object in its bucket: 1 to 1,024 bytes of UTF-8, any characters.
///
/// A key is a name, never a path on disk: `..`, empty segments and control characters are kept as
/// they are and reach no file name (stored names are made by [`super::StoredName`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Arc<str>);

/// The longest key, in bytes.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

impl ObjectKey {
    /// Parses a key.
    ///
    /// *Errors*: `KeyTooLong` above 1,024 bytes, `InvalidArgument` when empty.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "parse key").because("a key is not empty"));
        }
        if text.len() > KEY_BYTES_MAX {
            return Err(Error::new(ErrorKind::KeyTooLong, "parse key")
                .because("a key has at most 1024 bytes of UTF-8"));
        }
        Ok(Self(text.into()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last `/`: the name a person gave the document. Empty for a directory marker.
    #[must_use]
    pub fn last_segment(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
