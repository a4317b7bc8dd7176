//! A length of time among the settings.

use std::str::FromStr;
use std::time::Duration;

use super::value::Expected;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval(pub(crate) Duration);

/// Seconds in the units of an interval.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// Longest interval: ten years.
const DAYS_MAX: u64 = 3_653;

impl FromStr for Interval {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(*seconds)
        });
        let is_allowed = |seconds: &u64| (1..=DAYS_MAX * 86_400).contains(seconds);
        seconds
            .filter(is_allowed)
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or(Expected("a time up to ten years, such as 30d, 12h, 90m or 45s"))
    }
}
