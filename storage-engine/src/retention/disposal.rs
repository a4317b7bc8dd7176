//! What a tombstone says of the disposal that it stands for.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::Fields;
use crate::error::{Error, ErrorKind, Result};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// The member of a sidecar.
const MEMBER: &str = "disposal";
/// Most characters of a reason.
pub const REASON_CHARS_MAX: usize = 300;

/// By what a version was disposed of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposal {
    /// The disposal run.
    pub run: Uuid,
    /// Why, in the words of who proposed it.
    pub reason: Arc<str>,
    /// The account or user who released it.
    pub released_by: Arc<str>,
    /// When the version went, in milliseconds since 1970.
    pub disposed_ms: u64,
}

impl Disposal {
    /// Checks the reason of a disposal: a line of text of at most [`REASON_CHARS_MAX`] characters.
    ///
    /// *Errors*: `InvalidArgument`.
    pub fn check_reason(reason: &str) -> Result<()> {
        let is_text = !reason.trim().is_empty() && !reason.chars().any(char::is_control);
        if is_text && reason.chars().count() <= REASON_CHARS_MAX {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidArgument, "give a reason for a disposal").because(format_args!(
            "it is a line of at most {REASON_CHARS_MAX} characters, which stays in every tombstone: say who decided it and by what rule"
        )))
    }

    /// The value of the member.
    pub(crate) fn to_value(&self) -> Value {
        json!({
            "run": self.run.to_string(),
            "reason": &*self.reason,
            "released_by": &*self.released_by,
            "at": to_rfc3339(self.disposed_ms),
        })
    }

    /// Reads the member; `None` where there is none.
    ///
    /// *Errors*: `Corrupt`.
    pub(crate) fn of(fields: &mut Fields<'_>) -> Result<Option<Self>> {
        let Some(value) = fields.value(MEMBER) else { return Ok(None) };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let run = text("run").and_then(|run| Uuid::try_parse(run).ok());
        match (run, text("reason"), text("released_by"), text("at").and_then(from_rfc3339)) {
            (Some(run), Some(reason), Some(released_by), Some(disposed_ms)) => {
                Ok(Some(Self { run, reason: reason.into(), released_by: released_by.into(), disposed_ms }))
            }
            _ => Err(fields.corrupt(MEMBER)),
        }
    }
}
