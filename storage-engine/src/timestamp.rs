//! Times as documents write them: RFC 3339 in UTC with milliseconds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The last instant of the year 9999, in seconds since 1970: the end of what RFC 3339 writes.
const SECONDS_MAX: i64 = 253_402_300_799;

/// `ms` since 1970 as a UTC date, held within the years 1970 to 9999.
pub(crate) fn utc(ms: u64) -> OffsetDateTime {
    let seconds = i64::try_from(ms / 1000).unwrap_or(SECONDS_MAX).min(SECONDS_MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Writes `ms` since 1970, such as `2026-11-20T11:30:00.125Z`.
pub(crate) fn to_rfc3339(ms: u64) -> String {
    let time = utc(ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        ms % 1000
    )
}

/// Reads an RFC 3339 time; `None` where it is none or lies before 1970.
pub(crate) fn from_rfc3339(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}
