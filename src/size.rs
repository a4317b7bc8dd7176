//! Sizes as people write them.

use crate::error::{Error, ErrorKind, Result};

/// Units by the letter before `iB`, as powers of 1024.
const UNITS: [(&str, u32); 5] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

/// Parses a number of bytes, such as `4096`, `500GiB` or `2TiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64> {
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| text.strip_suffix(unit).map(|digits| (digits, *shift)))
        .unwrap_or((text, 0));
    let number: Option<u64> = digits.trim().parse().ok();
    number.and_then(|number| number.checked_mul(1 << shift)).filter(|bytes| *bytes > 0).ok_or_else(|| {
        Error::new(ErrorKind::InvalidSettings, "read size")
            .about(format_args!("{text:?}"))
            .because("expected a number of bytes above 0, or one with KiB, MiB, GiB or TiB behind it")
    })
}

/// Parses a bound as [`parse_size`] does, or `0` for none.
pub(crate) fn parse_bound(text: &str) -> Result<u64> {
    if text == "0" { Ok(0) } else { parse_size(text) }
}

/// A number of bytes as people read it: at most one decimal, in the largest unit that leaves 1 or more.
pub(crate) fn show_size(bytes: u64) -> String {
    for (unit, shift) in UNITS {
        let one = 1_u64 << shift;
        if bytes >= one && shift > 0 {
            let tenths = bytes / (one / 10).max(1) % 10;
            return format!("{}.{tenths} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} B")
}
