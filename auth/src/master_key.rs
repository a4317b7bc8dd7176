//! The master key: what seals every client secret at rest.
//!
//! It owns the key's text form, sealing and opening. Where the key lies is the binary's business; it is
//! outside the data directory, so that a copy of the archive gives away no secret. Losing it costs
//! secrets, never documents.
//!
//! Text form: lines; empty ones and those beginning with `#` are skipped, and exactly one is left, the key
//! in 64 hex digits.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::entropy::random_bytes;
use crate::sealed_secret::NONCE_BYTES;
use crate::{AccountId, ClientSecret, Error, ErrorKind, KeyId, Result, SealAlgorithm, SealedSecret};

const KEY_BYTES: usize = 32;
const KEY_HEX_DIGITS: usize = 64;
const COMMENT: &str = "# ArtStore master key. Keep it apart from the data directory and in a backup:\n\
                       # without it the account secrets cannot be read and must be issued anew.\n";

/// A 256-bit key for XChaCha20-Poly1305. Zeroized on drop; `Debug` shows its id only.
///
/// ```
/// use auth::{AccountId, ClientSecret, MasterKey};
///
/// # fn main() -> auth::Result<()> {
/// let master_key = MasterKey::generate()?;
/// let account = AccountId::generate(1_795_132_800_000)?;
/// let secret = ClientSecret::generate()?;
/// let sealed = master_key.seal(&secret, &account)?;
/// assert_eq!(master_key.open(&sealed, &account)?, secret);
/// # Ok(())
/// # }
/// ```
pub struct MasterKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl MasterKey {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn generate() -> Result<Self> {
        Ok(Self { bytes: random_bytes()? })
    }

    /// Reads the text of a key file or of a systemd credential.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidMasterKey`], saying what was expected and never repeating the text.
    pub fn from_text(text: &str) -> Result<Self> {
        let invalid = || Error::new(ErrorKind::InvalidMasterKey, "read master key");
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let Some(digits) = lines.next() else {
            return Err(invalid().because("the text holds no key; expected one line of 64 hex digits"));
        };
        if lines.next().is_some() {
            return Err(
                invalid().because("the text holds more than one line; expected one key of 64 hex digits")
            );
        }
        if let Some(position) = digits.chars().position(|digit| !digit.is_ascii_hexdigit()) {
            let number = position.saturating_add(1);
            return Err(invalid().because(format_args!("character {number} of the key is not a hex digit")));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| {
            invalid().because(format_args!("expected {KEY_HEX_DIGITS} hex digits, found {}", digits.len()))
        })?;
        Ok(Self { bytes })
    }

    /// The text of a key file, ending in a line feed, which [`MasterKey::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.bytes.as_slice()));
        let mut text = Zeroizing::new(String::with_capacity(COMMENT.len() + KEY_HEX_DIGITS + 1));
        text.push_str(COMMENT);
        text.push_str(&digits);
        text.push('\n');
        text
    }

    /// Which key this is; tells nothing else about it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let digest: [u8; 32] = Sha256::digest(self.bytes.as_slice()).into();
        let [first, second, third, fourth, ..] = digest;
        KeyId([first, second, third, fourth])
    }

    /// Seals `secret` for the document of `account`, with a fresh nonce.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn seal(&self, secret: &ClientSecret, account: &AccountId) -> Result<SealedSecret> {
        self.seal_for(secret, account.as_str())
    }

    /// Seals `secret` for a document of another kind, which `owner` names among all that are sealed.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn seal_for(&self, secret: &ClientSecret, owner: &str) -> Result<SealedSecret> {
        let nonce = *random_bytes::<NONCE_BYTES>()?;
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: owner.as_bytes() };
        let ciphertext = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|source| {
            Error::new(ErrorKind::InvalidArgument, "seal client secret").about(owner).caused_by(source)
        })?;
        Ok(SealedSecret { algorithm: SealAlgorithm::XChaCha20Poly1305, key_id: self.id(), nonce, ciphertext })
    }

    /// Opens what [`MasterKey::seal`] made for the same `account`.
    ///
    /// # Errors
    /// [`ErrorKind::WrongMasterKey`] where another key sealed it, naming both; [`ErrorKind::Corrupt`] where
    /// it was changed or belongs to another account.
    pub fn open(&self, sealed: &SealedSecret, account: &AccountId) -> Result<ClientSecret> {
        self.open_for(sealed, account.as_str())
    }

    /// Opens what [`MasterKey::seal_for`] made for the same `owner`.
    ///
    /// # Errors
    /// Those of [`MasterKey::open`].
    pub fn open_for(&self, sealed: &SealedSecret, owner: &str) -> Result<ClientSecret> {
        let failed = |kind| Error::new(kind, "open sealed secret").about(owner);
        let present = self.id();
        if sealed.key_id != present {
            return Err(failed(ErrorKind::WrongMasterKey).because(format_args!(
                "it was sealed with master key {}, and the key given is {present}",
                sealed.key_id
            )));
        }
        let payload = Payload { msg: &sealed.ciphertext, aad: owner.as_bytes() };
        let plain = match sealed.algorithm {
            SealAlgorithm::XChaCha20Poly1305 => self.cipher().decrypt(&XNonce::from(sealed.nonce), payload),
        };
        let plain = plain
            .map(Zeroizing::new)
            .map_err(|_| failed(ErrorKind::Corrupt).because("it was changed, or sealed for another owner"))?;
        let text = std::str::from_utf8(&plain)
            .map_err(|_| failed(ErrorKind::Corrupt).because("the sealed bytes are not a secret"))?;
        text.parse().map_err(|source: Error| failed(ErrorKind::Corrupt).caused_by(source))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let bytes: &[u8; KEY_BYTES] = &self.bytes;
        XChaCha20Poly1305::new(bytes.into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
