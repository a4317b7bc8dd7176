//! Days as rules count them: from an instant on, and then to the next midnight.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::error::{Error, ErrorKind, Result};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A midnight, UTC. In documents RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Midnight(u64);

impl Midnight {
    /// Takes milliseconds since 1970.
    ///
    /// *Errors*: `InvalidArgument` for another time of the day.
    pub fn new(ms: u64) -> Result<Self> {
        if ms.is_multiple_of(DAY_MS) {
            return Ok(Self(ms));
        }
        Err(Error::new(ErrorKind::InvalidArgument, "read lifecycle rule")
            .about(to_rfc3339(ms))
            .because("'Date' must be at midnight GMT"))
    }

    /// The first midnight later than `days` whole days after `ms` (User Guide, "Understanding object expiration":
    /// "adding the number of days … and rounding the resulting time to the next day midnight UTC").
    #[must_use]
    pub fn after(ms: u64, days: u32) -> Self {
        let end = ms.saturating_add(u64::from(days).saturating_mul(DAY_MS));
        Self((end / DAY_MS + 1).min(u64::MAX / DAY_MS) * DAY_MS)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.0
    }
}

impl Serialize for Midnight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for Midnight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let ms = from_rfc3339(&text).ok_or_else(|| D::Error::custom("not a time of RFC 3339"))?;
        Self::new(ms).map_err(D::Error::custom)
    }
}
