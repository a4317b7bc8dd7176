//! Shares and digests as people write them.

use crate::error::{Error, ErrorKind, Result};

/// Hex digits of a SHA-256.
const DIGEST_CHARS: usize = 64;

/// Parses a share in percent, such as `1%` or `0.5`: above 0, at most 100.
pub(super) fn parse_percent(text: &str) -> Result<f64> {
    let number: Option<f64> = text.strip_suffix('%').unwrap_or(text).trim().parse().ok();
    number.filter(|percent| *percent > 0.0 && *percent <= 100.0).ok_or_else(|| {
        Error::new(ErrorKind::InvalidSettings, "read share")
            .about(format_args!("{text:?}"))
            .because("expected a share in percent, such as 1% or 0.5%")
    })
}

/// Parses a root digest: 64 hex digits.
pub(super) fn parse_root(text: &str) -> Result<[u8; 32]> {
    let mut root = [0; 32];
    let is_hex = text.len() == DIGEST_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = text.as_bytes().chunks(2).zip(&mut root);
    let parsed = pairs.map(|(pair, byte)| {
        let digits = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
        Some(())
    });
    if is_hex && parsed.collect::<Option<Vec<()>>>().is_some() {
        return Ok(root);
    }
    Err(Error::new(ErrorKind::InvalidSettings, "read root")
        .about(format_args!("{text:?}"))
        .because("expected the 64 hex digits of a root, as in seals/chain"))
}
