//! Times of the engine in the type of s3s.

use s3s::dto::Timestamp;
use time::OffsetDateTime;

/// Converts milliseconds since 1970; `None` beyond the calendar.
pub(crate) fn timestamp(ms: u64) -> Option<Timestamp> {
    let nanoseconds = i128::from(ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().map(Timestamp::from)
}
