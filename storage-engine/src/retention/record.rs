//! Until when a version is kept.

use serde_json::{Value, json};

use crate::document::Fields;
use crate::error::Result;
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// The member of a sidecar.
const MEMBER: &str = "retention";

/// Until when a version may not be removed or overwritten. It is never shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The end, in milliseconds since 1970.
    pub until_ms: u64,
    /// Who set it.
    pub origin: RetentionOrigin,
}

/// Who set a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionOrigin {
    /// The term of the element to which the version came.
    Element,
    /// An account, for this version.
    Account,
}

impl Retention {
    /// The one of two that ends later.
    pub(crate) fn later(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.until_ms > one.until_ms { other } else { one }),
            (one, other) => one.or(other),
        }
    }

    /// The value of the member.
    pub(crate) fn to_value(self) -> Value {
        json!({"until": to_rfc3339(self.until_ms), "origin": self.origin.as_str()})
    }

    /// Reads the member; `None` where there is none.
    ///
    /// *Errors*: `Corrupt`.
    pub(crate) fn of(fields: &mut Fields<'_>) -> Result<Option<Self>> {
        let Some(value) = fields.value(MEMBER) else { return Ok(None) };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let until_ms = text("until").and_then(from_rfc3339);
        let origin = text("origin").and_then(RetentionOrigin::parse);
        match (until_ms, origin) {
            (Some(until_ms), Some(origin)) => Ok(Some(Self { until_ms, origin })),
            _ => Err(fields.corrupt(MEMBER)),
        }
    }
}

impl RetentionOrigin {
    /// The origin as sidecars and answers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Element => "element",
            Self::Account => "account",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Element, Self::Account].into_iter().find(|origin| origin.as_str() == text)
    }
}
