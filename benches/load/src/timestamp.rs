//! Time as a signature writes it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 of the machine's clock.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `YYYYMMDDTHHMMSSZ`; days to dates as in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
pub(crate) fn basic_format(unix_seconds: u64) -> String {
    let (days, of_day) = (unix_seconds / 86_400 + 719_468, unix_seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::basic_format;

    /// Leap days, ends of years and the epoch come out as `date -u` says.
    #[test]
    fn dates_are_right_at_their_edges() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_798_761_599, "20261231T235959Z"),
        ] {
            assert_eq!(basic_format(seconds), expected);
        }
    }
}
