//! A rule of a bucket's notification configuration: which events a webhook is told of (API page
//! "PutBucketNotificationConfiguration").

use serde::{Deserialize, Serialize};

use crate::outbox::EventKind;

/// What S3 takes the receiver for. All are webhooks here; a configuration is shown as it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationTarget {
    /// `TopicConfiguration`.
    Topic,
    /// `QueueConfiguration`.
    Queue,
    /// `CloudFunctionConfiguration`.
    Function,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRule {
    /// Its id, which the records that are sent carry.
    pub id: String,
    /// What S3 takes the receiver for.
    pub target: NotificationTarget,
    /// Id of the webhook.
    pub webhook: String,
    /// Names of events, such as `s3:ObjectCreated:Put`, or `s3:ObjectCreated:*` for all of a kind.
    pub events: Vec<String>,
    /// What the key begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What the key ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

impl NotificationRule {
    /// Whether an event of this kind and key is one that the rule names.
    #[must_use]
    pub fn meets(&self, kind: EventKind, key: &str) -> bool {
        let Some(name) = kind.s3_name() else { return false };
        let is_named = self.events.iter().any(|event| match event.strip_suffix('*') {
            Some(family) => name.starts_with(family),
            None => name == event,
        });
        is_named
            && self.prefix.as_deref().is_none_or(|prefix| key.starts_with(prefix))
            && self.suffix.as_deref().is_none_or(|suffix| key.ends_with(suffix))
    }
}
