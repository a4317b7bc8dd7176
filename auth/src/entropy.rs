//! Randomness from the operating system, for ids, nonces, keys and secrets.
//!
//! Nothing here falls back to a weaker source: no random bytes is an error.

use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Result};

/// How many random bytes one refill of [`random_text`] takes.
const REFILL_BYTES: usize = 64;

/// Draws `N` random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|source| Error::new(ErrorKind::NoEntropy, "draw random bytes").caused_by(source))?;
    Ok(bytes)
}

/// Draws `length` characters, each of `alphabet` with the same probability.
///
/// `alphabet` holds 1 to 128 distinct ASCII characters. A byte is cut to the bits that number them and
/// thrown away when no character has that number; a remainder instead would prefer the first ones.
pub(crate) fn random_text(alphabet: &[u8], length: usize) -> Result<Zeroizing<String>> {
    debug_assert!((1..=128).contains(&alphabet.len()) && alphabet.is_ascii());
    let mask = alphabet.len().next_power_of_two().wrapping_sub(1);
    // The full capacity at once: a string that grows leaves copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(length));
    while text.len() < length {
        let bytes = random_bytes::<REFILL_BYTES>()?;
        let drawn = bytes.iter().filter_map(|byte| alphabet.get(usize::from(*byte) & mask));
        let missing = length.saturating_sub(text.len());
        text.extend(drawn.take(missing).map(|symbol| char::from(*symbol)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
