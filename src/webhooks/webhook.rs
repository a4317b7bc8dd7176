//! A webhook as it is kept: one control document each. Fields may be added, and are never renamed.

use std::collections::BTreeSet;

use auth::SealedSecret;
use serde::{Deserialize, Serialize};
use storage_engine::name::BucketName;
use storage_engine::outbox::{Event, EventKind};
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::letter::{Form, Letter};
use crate::error::{Error, ErrorKind, Result};

/// The name that stands for every event.
const EVERYTHING: &str = "*";
/// What is given for a webhook that only the notification configurations of buckets use.
const NOTHING: &str = "none";

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Webhook {
    pub(super) id: Uuid,
    /// Id of the account whose buckets it is told of.
    pub(super) account: String,
    pub(super) url: Endpoint,
    /// Names of events, or `*`; empty where only notification configurations use it.
    pub(super) events: BTreeSet<String>,
    /// The only bucket that it is told of, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bucket: Option<BucketName>,
    /// What keys begin with.
    #[serde(default)]
    pub(super) prefix: String,
    /// What signs, sealed with the master key for this webhook.
    pub(super) secret: SealedSecret,
    /// Milliseconds since 1970.
    pub(super) created_at_ms: u64,
}

/// Reads the names of events as they are typed.
///
/// *Errors*: `Failed` naming one that there is not.
pub(super) fn read_events(names: &[String]) -> Result<BTreeSet<String>> {
    if names.iter().any(|name| name == NOTHING) && names.len() == 1 {
        return Ok(BTreeSet::new());
    }
    let known: BTreeSet<&str> = EventKind::ALL.iter().map(|kind| kind.webhook_name()).collect();
    match names.iter().find(|name| *name != EVERYTHING && !known.contains(name.as_str())) {
        None => Ok(names.iter().cloned().collect()),
        Some(unknown) => {
            let known: Vec<&str> = known.into_iter().collect();
            Err(Error::new(ErrorKind::Failed, "read events")
                .about(unknown)
                .because("there is no event of this name")
                .remedy(format_args!("name some of {}, or * for all, or none", known.join(", "))))
        }
    }
}

impl Webhook {
    /// What the secret is sealed for.
    pub(super) fn seal_name(id: Uuid) -> String {
        format!("webhook:{id}")
    }

    /// What it is to be sent of an event.
    pub(super) fn letters(&self, event: &Event) -> Vec<Letter> {
        let mut letters = Vec::new();
        if self.wants(event) {
            letters.push(Letter::new(event, Form::Plain));
        }
        let id = self.id.to_string();
        if let Some(notify) = event.notify.iter().find(|notify| notify.webhook == id) {
            letters.push(Letter::new(event, Form::Records { rule: notify.rule.clone() }));
        }
        letters
    }

    fn wants(&self, event: &Event) -> bool {
        let name = event.kind.webhook_name();
        event.is_for_owner
            && event.owner == self.account
            && self.events.iter().any(|wanted| wanted == EVERYTHING || wanted == name)
            && self.bucket.as_ref().is_none_or(|bucket| *bucket == event.bucket)
            && event.key.starts_with(&self.prefix)
    }
}
