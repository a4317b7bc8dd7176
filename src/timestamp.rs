//! Times as people write them: a day or RFC 3339, in milliseconds since 1970, in UTC.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::error::{Error, ErrorKind, Result};

/// Reads a day, which stands for its beginning, such as `2036-12-31`, or a time such as `2036-12-31T12:00:00Z`.
///
/// *Errors*: `InvalidSettings` for what is neither, and for times before 1970.
pub(crate) fn parse_timestamp(text: &str) -> Result<u64> {
    let day = || {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
        Some(date.midnight().assume_utc())
    };
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(day);
    let ms = time.and_then(|time| u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok());
    ms.ok_or_else(|| {
        Error::new(ErrorKind::InvalidSettings, "read time")
            .about(text)
            .because("expected a day such as 2036-12-31 or a time such as 2036-12-31T12:00:00Z")
    })
}

/// A time to the second; `-` for one that no calendar has.
pub(crate) fn show_timestamp(ms: u64) -> String {
    seconds_of(ms).and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| "-".to_owned())
}

/// The day of a time.
pub(crate) fn show_day(ms: u64) -> String {
    seconds_of(ms).map_or_else(|| "-".to_owned(), |time| time.date().to_string())
}

fn seconds_of(ms: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(ms / 1000).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{parse_timestamp, show_day, show_timestamp};

    /// What is shown is read again; a day is its beginning, and what is neither is refused.
    #[test]
    fn times_are_read_and_shown() {
        let noon = parse_timestamp("2036-12-31T13:00:00+01:00").expect("a time");
        assert_eq!(noon, parse_timestamp("2036-12-31").expect("a day") + 12 * 60 * 60 * 1000);
        assert_eq!((&*show_timestamp(noon), &*show_day(noon)), ("2036-12-31T12:00:00Z", "2036-12-31"));
        assert_eq!(parse_timestamp(&show_timestamp(noon)).expect("it is read"), noon);
        for refused in ["tomorrow", "", "2036-13-01", "1969-12-31", "2036-12-31T12:00:00"] {
            assert!(parse_timestamp(refused).is_err(), "{refused}");
        }
        assert_eq!((&*show_timestamp(u64::MAX), &*show_day(u64::MAX)), ("-", "-"));
    }
}
