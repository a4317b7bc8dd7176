//! The identity of an account. It never changes and is never reused; names and client ids may be.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::entropy::random_bytes;
use crate::{Error, ErrorKind, Result};

/// The id of an account: a UUID of version 7 in its canonical form, 36 lower-case characters.
///
/// Ordering is by time of creation, to the millisecond. Source: RFC 9562, sections 4 and 5.7.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId(Box<str>);

impl AccountId {
    /// Makes a fresh id for an account created at `now_ms`, in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn generate(now_ms: u64) -> Result<Self> {
        let random = random_bytes::<10>()?;
        let uuid = uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid();
        Ok(Self(uuid.hyphenated().to_string().into()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for anything but the canonical form of a UUID of version 7.
    fn from_str(text: &str) -> Result<Self> {
        let uuid = uuid::Uuid::try_parse(text).ok().filter(|uuid| uuid.get_version_num() == 7);
        match uuid {
            Some(uuid) if uuid.hyphenated().to_string() == text => Ok(Self(text.into())),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "read account id")
                .about(text)
                .because("expected a lower-case UUID of version 7")),
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl Borrow<str> for AccountId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
