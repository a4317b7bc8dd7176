//! Days and turns of restores.

use super::expiry;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A copy ends at a midnight: the day of the request does not count, and one that is asked for at midnight has whole
/// days.
#[test]
fn a_copy_ends_at_midnight() {
    let midnight = 20_000 * DAY_MS;
    for (asked, days, end) in [
        (midnight, 1, midnight + DAY_MS),
        (midnight + 1, 1, midnight + 2 * DAY_MS),
        (midnight + DAY_MS - 1, 1, midnight + 2 * DAY_MS),
        (midnight + 1, 30, midnight + 31 * DAY_MS),
    ] {
        assert_eq!(expiry(asked, days), end, "{days} days from {}", asked - midnight);
    }
    assert!(expiry(u64::MAX - 1, u32::MAX) > 0, "a clock at its end is no fault");
}
