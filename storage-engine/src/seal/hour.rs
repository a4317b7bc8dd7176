//! An hour of the calendar, in UTC: what one seal covers.

use std::fmt;

use time::{Date, Month};

/// Day number of 1970-01-01 in the Julian calendar count.
const JULIAN_DAY_1970: i32 = 2_440_588;
const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_HOURS: u32 = 24;

/// An hour of the years 1970 to 9999, counted from the first one of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Hour(u32);

impl Hour {
    /// The hour before all others.
    pub(crate) const FIRST: Self = Self(0);

    /// The hour of a folder `YYYY/MM/DD/HH`; `None` where that is no date.
    pub(crate) fn parse(folder: &str) -> Option<Self> {
        let bytes = folder.as_bytes();
        let is_shaped = bytes.len() == 13
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 | 10 => *byte == b'/',
                _ => byte.is_ascii_digit(),
            });
        if !is_shaped {
            return None;
        }
        let number = |from, to| folder.get(from..to).and_then(|digits| digits.parse::<u16>().ok());
        let (year, month, day, hour) = (number(0, 4)?, number(5, 7)?, number(8, 10)?, number(11, 13)?);
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
        let days = u32::try_from(date.to_julian_day().checked_sub(JULIAN_DAY_1970)?).ok()?;
        let hour = u32::from(hour);
        (hour < DAY_HOURS).then(|| Self(days * DAY_HOURS + hour))
    }

    /// The hour of this number, as [`Self::number`] gave it.
    pub(crate) fn of_number(number: u32) -> Self {
        Self(number)
    }

    /// Hours since the beginning of 1970.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The hour that follows.
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The first millisecond since 1970 that lies behind it.
    pub(crate) fn end_ms(self) -> u64 {
        (u64::from(self.0) + 1) * HOUR_MS
    }
}

/// Writes the folder, `YYYY/MM/DD/HH`.
impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = crate::timestamp::utc(u64::from(self.0) * HOUR_MS);
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        write!(f, "{year:04}/{month:02}/{day:02}/{:02}", date.hour())
    }
}
