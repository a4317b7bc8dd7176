//! The public half of a credential: the OAuth client id, which is also the S3 access key.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::entropy::random_text;
use crate::{Error, ErrorKind, Result};

/// What a generated id begins with.
const PREFIX: &str = "AS";
/// How many random characters follow, five bits each.
const RANDOM_CHARS: usize = 18;
/// The base32 alphabet of RFC 4648, section 6.
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LENGTH_MIN: usize = 3;
const LENGTH_MAX: usize = 128;

/// A client id: 3 to 128 characters of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
///
/// These are the characters that need no escaping in a SigV4 credential scope, which is split at `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientId(Box<str>);

impl ClientId {
    /// Makes a fresh id: `AS` and 18 upper-case base32 characters, 90 random bits.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn generate() -> Result<Self> {
        let random = random_text(BASE32, RANDOM_CHARS)?;
        Ok(Self(format!("{PREFIX}{}", random.as_str()).into()))
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where the text breaks the rule of [`ClientId`].
    fn from_str(text: &str) -> Result<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.into()));
        }
        Err(Error::new(ErrorKind::InvalidArgument, "read client id")
            .about(text)
            .because("expected 3 to 128 characters of A-Z, a-z, 0-9, '.', '_' and '-'"))
    }
}

impl TryFrom<String> for ClientId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
