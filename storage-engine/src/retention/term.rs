//! The term of an element.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Retention, RetentionOrigin};
use crate::document::Fields;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// The member of `element.json`.
const MEMBER: &str = "retention";
/// Longest term, in days: a century.
pub const TERM_DAYS_MAX: u32 = 36_525;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What an element sets for the documents on it, counted from when each version was made.
///
/// In edit they go at its end; in rw, ro and ar they are kept until then, as their sidecars say from their coming on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionTerm {
    /// Its length, in days; at least 1.
    pub days: u32,
    /// So many days before its end owners are told.
    pub warn_days: u32,
    /// When it was set, in milliseconds since 1970: what it finds is told of before it goes.
    pub since_ms: u64,
}

/// The term of an element as it is set and shown, counted from when each version was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermSetting {
    /// Its length in days: in edit documents go then, in the other modes they are kept until then. 0 takes it away.
    pub days: u32,
    /// So many days before its end owners are told.
    pub warn_days: u32,
}

impl RetentionTerm {
    /// A term that is set now.
    ///
    /// *Errors*: `InvalidArgument` for one that is longer than a century, or shorter than its warning.
    pub(crate) fn new(days: u32, warn_days: u32, since_ms: u64) -> Result<Self> {
        if (1..=TERM_DAYS_MAX).contains(&days) && warn_days <= days {
            return Ok(Self { days, warn_days, since_ms });
        }
        Err(Error::new(ErrorKind::InvalidArgument, "set retention")
            .about(format_args!("{days} days"))
            .because(format_args!(
                "a term has 1 to {TERM_DAYS_MAX} days, and its warning of {warn_days} days lies within"
            )))
    }

    /// When a version made at `created_ms` goes from an element of mode edit, in milliseconds since 1970. What is older
    /// than a term that was just set stays for the time of the warning.
    #[must_use]
    pub fn expires_ms(&self, created_ms: u64) -> u64 {
        let warned_ms = self.since_ms.saturating_add(u64::from(self.warn_days) * DAY_MS);
        self.ends_ms(created_ms).max(warned_ms)
    }

    /// When owners are told that the end, at `end_ms`, is near; what is near it when the term is set, then.
    #[must_use]
    pub fn warns_ms(&self, end_ms: u64) -> u64 {
        end_ms.saturating_sub(u64::from(self.warn_days) * DAY_MS).max(self.since_ms)
    }

    /// Until when a version made at `created_ms` that comes to an element of this term is kept; `None` in edit.
    pub(crate) fn keeps(&self, mode: Mode, created_ms: u64) -> Option<Retention> {
        let until_ms = self.ends_ms(created_ms);
        (mode > Mode::Edit).then_some(Retention { until_ms, origin: RetentionOrigin::Element })
    }

    fn ends_ms(&self, created_ms: u64) -> u64 {
        created_ms.saturating_add(u64::from(self.days) * DAY_MS)
    }

    /// The value of the member.
    pub(crate) fn to_value(self) -> Value {
        json!({"days": self.days, "warn_days": self.warn_days, "since": to_rfc3339(self.since_ms)})
    }

    /// Reads the member; `None` where there is none.
    ///
    /// *Errors*: `Corrupt`.
    pub(crate) fn of(fields: &mut Fields<'_>) -> Result<Option<Self>> {
        let Some(value) = fields.value(MEMBER) else { return Ok(None) };
        let number = |name: &str| value.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let since_ms = value.get("since").and_then(Value::as_str).and_then(from_rfc3339);
        match (number("days"), number("warn_days"), since_ms) {
            (Some(days), Some(warn_days), Some(since_ms)) => {
                Self::new(days, warn_days, since_ms).map(Some).map_err(|_| fields.corrupt(MEMBER))
            }
            _ => Err(fields.corrupt(MEMBER)),
        }
    }
}

impl From<RetentionTerm> for TermSetting {
    fn from(term: RetentionTerm) -> Self {
        Self { days: term.days, warn_days: term.warn_days }
    }
}
