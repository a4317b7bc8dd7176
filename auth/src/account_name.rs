//! The name of an account, as people and commands write it.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The name of an account: 1 to 64 characters of `a-z`, `0-9`, `.`, `_` and `-`, the first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountName(Box<str>);

impl AccountName {
    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where the text breaks the rule of [`AccountName`].
    fn from_str(text: &str) -> Result<Self> {
        let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let starts_well = text.bytes().next().is_some_and(is_alphanumeric);
        let continues_well = text.bytes().all(|byte| is_alphanumeric(byte) || b"._-".contains(&byte));
        if starts_well && continues_well && text.len() <= NAME_CHARS_MAX {
            return Ok(Self(text.into()));
        }
        Err(Error::new(ErrorKind::InvalidArgument, "read account name").about(text).because(
            "expected 1 to 64 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit",
        ))
    }
}

impl TryFrom<String> for AccountName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl Borrow<str> for AccountName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
