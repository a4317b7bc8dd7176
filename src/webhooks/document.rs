//! What administrators send about webhooks and are answered, as JSON. Fields may be added, and are never renamed.

use serde::{Deserialize, Serialize};
use storage_engine::name::BucketName;
use uuid::Uuid;

use super::mailbox::{Dead, Mailbox};
use super::webhook::Webhook;

/// What makes a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookRequest {
    /// Name of the account whose buckets it is told of.
    pub(crate) account: String,
    /// Where it sends to.
    pub(crate) url: String,
    /// Names of events; `*` for all, `none` where only notification configurations use it.
    pub(crate) events: Vec<String>,
    /// The only bucket that it is told of; `null` for all of the account.
    pub(crate) bucket: Option<BucketName>,
    /// What keys begin with; empty for all.
    pub(crate) prefix: String,
}

/// Which webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRequest {
    /// Its id.
    pub(crate) id: Uuid,
}

/// A webhook, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookDocument {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its name for notification configurations.
    pub(crate) arn: String,
    /// Id of the account.
    pub(crate) account: String,
    /// Where it sends to.
    pub(crate) url: String,
    /// Names of events, or `*`.
    pub(crate) events: Vec<String>,
    /// The only bucket that it is told of.
    pub(crate) bucket: Option<BucketName>,
    /// What keys begin with.
    pub(crate) prefix: String,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: u64,
    /// Events that arrived.
    pub(crate) delivered: u64,
    /// Events that failed and will be tried again.
    pub(crate) aside: usize,
    /// Events that were given up and are kept.
    pub(crate) dead: usize,
    /// Events that were lost, since too many waited.
    pub(crate) lost: u64,
    /// Events of all kinds and buckets that it has not looked at yet.
    pub(crate) behind: u64,
    /// How the last try ended, where it failed.
    pub(crate) last_error: Option<String>,
}

/// A new webhook with its secret, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CreatedWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: WebhookDocument,
    /// What signs.
    pub(crate) secret: String,
}

/// An event that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadDocument {
    /// Id of the webhook.
    pub(crate) webhook: Uuid,
    /// Id of the delivery.
    pub(crate) id: String,
    /// Name of the event.
    pub(crate) event: String,
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: String,
    /// Tries.
    pub(crate) tries: u32,
    /// When it was given up, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// How the last try ended.
    pub(crate) reason: String,
}

/// How many events are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetriedDocument {
    /// So many.
    pub(crate) retried: usize,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TestedDocument {
    /// Id of the delivery.
    pub(crate) id: String,
    /// Why it failed; `null` where it arrived.
    pub(crate) failure: Option<String>,
}

impl WebhookDocument {
    pub(super) fn of(webhook: &Webhook, mailbox: &Mailbox, last_event: u64) -> Self {
        Self {
            id: webhook.id,
            arn: format!("arn:artstore:webhook:::{}", webhook.id),
            account: webhook.account.clone(),
            url: webhook.url.to_string(),
            events: webhook.events.iter().cloned().collect(),
            bucket: webhook.bucket.clone(),
            prefix: webhook.prefix.clone(),
            created_at_ms: webhook.created_at_ms,
            delivered: mailbox.progress.delivered,
            aside: mailbox.progress.aside.len(),
            dead: mailbox.dead.len(),
            lost: mailbox.progress.lost,
            behind: last_event.saturating_sub(mailbox.progress.cursor),
            last_error: mailbox.progress.last_error.clone(),
        }
    }
}

impl DeadDocument {
    pub(super) fn of(webhook: Uuid, dead: &Dead) -> Self {
        Self {
            webhook,
            id: dead.letter.id(),
            event: dead.letter.event_name().to_owned(),
            bucket: dead.letter.event.bucket.clone(),
            key: dead.letter.event.key.clone(),
            tries: dead.tries,
            time_ms: dead.time_ms,
            reason: dead.reason.clone(),
        }
    }
}
