//! The values of the scrub's settings.

use std::num::NonZeroU64;
use std::str::FromStr;

use super::value::Expected;
use crate::size::parse_size;

/// Bytes per second; `none` or 0 for no rate at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRate(pub(crate) Option<u64>);

impl FromStr for ByteRate {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        if matches!(text, "none" | "0") {
            return Ok(Self(None));
        }
        let expected = Expected("bytes per second, such as 32MiB, or none");
        parse_size(text).map(|bytes| Self(Some(bytes))).map_err(|_| expected)
    }
}

/// A number of things per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PerSecond(pub(crate) NonZeroU64);

impl FromStr for PerSecond {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        text.parse().map(Self).map_err(|_| Expected("a whole number above 0"))
    }
}
