//! One event for one webhook, in the form in which it is to be sent.

use serde::{Deserialize, Serialize};
use storage_engine::outbox::{Event, EventKind};

/// The form of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// Ours.
    Plain,
    /// S3's records, since a rule of the bucket is met.
    Records {
        /// Id of the rule.
        rule: String,
    },
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) form: Form,
    pub(super) event: Event,
}

impl Letter {
    /// A letter about an event; of the rules that it meets only the webhook's own is kept, in the form.
    pub(super) fn new(event: &Event, form: Form) -> Self {
        Self { form, event: Event { notify: Vec::new(), ..event.clone() } }
    }

    /// What a receiver tells repeats by: the same in every try, and never the same for two letters.
    pub(super) fn id(&self) -> String {
        let seq = self.event.seq;
        match self.form {
            Form::Plain => format!("{seq:016x}"),
            Form::Records { .. } => format!("{seq:016x}-s3"),
        }
    }

    /// The name of its event.
    pub(super) fn event_name(&self) -> &'static str {
        let kind: EventKind = self.event.kind;
        match self.form {
            Form::Plain => kind.webhook_name(),
            Form::Records { .. } => kind.s3_name().unwrap_or_else(|| kind.webhook_name()),
        }
    }
}
