//! The four roles. What each may do stands in `decision.rs` alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// The role of an account; in JSON and on the command line `ADMIN`, `USER`, `READONLY` or `AUDITOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Everything, in every bucket.
    Admin,
    /// Its own buckets.
    User,
    /// Reads in its own buckets.
    Readonly,
    /// Configuration and health, never the content of an object.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::User, Self::Readonly, Self::Auditor];

    /// The form used in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::User => "USER",
            Self::Readonly => "READONLY",
            Self::Auditor => "AUDITOR",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    /// Reads a role in upper or lower case.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for any other word.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "read role")
                .about(text)
                .because("expected ADMIN, USER, READONLY or AUDITOR")
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
