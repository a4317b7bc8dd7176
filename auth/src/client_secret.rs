//! The private half of a credential: the OAuth client secret, which is also the S3 secret key.
//!
//! SigV4 needs the secret itself, so it cannot be kept as a hash; on disk it is sealed by the master key.
//! Invariants: memory is zeroized on drop, `Debug` shows nothing, and comparison takes the same time
//! wherever the first difference lies.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::entropy::random_text;
use crate::{Error, ErrorKind, Result};

/// How many characters a generated secret has: 40 of 62 symbols are 238 bits.
const GENERATED_CHARS: usize = 40;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH_MIN: usize = 12;
const LENGTH_MAX: usize = 128;

/// A client secret: 12 to 128 printable ASCII characters without space.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Makes a fresh secret of 40 letters and digits, 238 random bits.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn generate() -> Result<Self> {
        random_text(ALPHABET, GENERATED_CHARS).map(Self)
    }

    /// The secret itself, for a signature or for the one answer that shows it to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret, in constant time for texts of the same length.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl FromStr for ClientSecret {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where the text breaks the rule of [`ClientSecret`]. The error does
    /// not repeat the text.
    fn from_str(text: &str) -> Result<Self> {
        if (LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Ok(Self(Zeroizing::new(text.to_owned())));
        }
        Err(Error::new(ErrorKind::InvalidArgument, "read client secret")
            .because("expected 12 to 128 printable ASCII characters without space"))
    }
}

impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.reveal())
    }
}

impl Eq for ClientSecret {}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(redacted)")
    }
}

#[cfg(test)]
mod tests;
