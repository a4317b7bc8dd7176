//! The day on which a restored copy ends.

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The end of a copy that is asked for at `now_ms` for `days`: rounded up to the next midnight in UTC (API page
/// "RestoreObject"; DECISIONS 26).
pub(crate) fn expiry(now_ms: u64, days: u32) -> u64 {
    now_ms.saturating_add(u64::from(days).saturating_mul(DAY_MS)).div_ceil(DAY_MS).saturating_mul(DAY_MS)
}
