//! A client secret as it lies in an account document: sealed, readable only with the master key.
//!
//! JSON: `algorithm` (always `xchacha20poly1305`), `key_id` (8 hex digits, which master key), `nonce`
//! (48 hex digits), `ciphertext` (hex, the secret and the 16-byte tag). The associated data is the account
//! id, so that a sealed secret moved into another account's document does not open.
//! Sealing and opening are `master_key.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The length of an XChaCha20-Poly1305 nonce.
pub(crate) const NONCE_BYTES: usize = 24;

/// How a secret is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealAlgorithm {
    /// ChaCha20-Poly1305 with a 24-byte nonce, which may be drawn at random without counting.
    XChaCha20Poly1305,
}

/// Which master key: the first four bytes of its SHA-256, shown as 8 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(#[serde(with = "hex::serde")] pub(crate) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A sealed client secret. Made by [`crate::MasterKey::seal`] or read from an account document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSecret {
    pub(crate) algorithm: SealAlgorithm,
    pub(crate) key_id: KeyId,
    #[serde(with = "hex::serde")]
    pub(crate) nonce: [u8; NONCE_BYTES],
    #[serde(with = "hex::serde")]
    pub(crate) ciphertext: Vec<u8>,
}

impl SealedSecret {
    /// The master key that opens it.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
