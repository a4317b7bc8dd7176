//! One rule as a client sends it, checked.

use s3s::dto::NotificationConfigurationFilter;
use storage_engine::archive::notification::{NotificationRule, NotificationTarget};

use crate::refusal::{Answer, Code, Refusal};

const ARN: &str = "arn:artstore:webhook:::";
/// Most characters of an id.
const ID_CHARS_MAX: usize = 255;
/// Most bytes of a prefix or suffix: those of a key.
const FILTER_BYTES_MAX: usize = 1024;

/// The names of events (User Guide, "Supported event types for SQS, SNS, and Lambda"). Those of replication,
/// Intelligent-Tiering, lost objects and ACLs never come here.
const EVENTS: [&str; 28] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:TestEvent",
];

/// A rule as it was sent.
pub(super) struct Sent {
    pub(super) target: NotificationTarget,
    pub(super) id: Option<String>,
    pub(super) arn: String,
    pub(super) events: Vec<String>,
    pub(super) filter: Option<NotificationConfigurationFilter>,
}

/// The ARN of a webhook.
pub(super) fn arn(webhook: &str) -> String {
    format!("{ARN}{webhook}")
}

impl Sent {
    /// Checks everything but whether its webhook is there.
    ///
    /// *Errors*: `InvalidArgument`, `MalformedXML`.
    pub(super) fn check(self) -> Answer<NotificationRule> {
        let Self { target, id, arn, events, filter } = self;
        if events.is_empty() {
            return Err(Refusal::new(Code::MalformedXml));
        }
        if events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
            return Err(invalid("The event is not supported for notifications"));
        }
        let webhook = arn.strip_prefix(ARN).filter(|id| !id.is_empty());
        let webhook =
            webhook.ok_or_else(|| invalid("The ARN is not well formed: arn:artstore:webhook:::<id>"))?;
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) if id.chars().count() > ID_CHARS_MAX => {
                return Err(invalid("The id of a configuration has at most 255 characters"));
            }
            Some(id) => id,
            None => drawn()?,
        };
        let (mut prefix, mut suffix) = (None, None);
        let rules = filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules);
        for rule in rules.unwrap_or_default() {
            let name = rule.name.map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
            let place = match name.as_str() {
                "prefix" => &mut prefix,
                "suffix" => &mut suffix,
                _ => return Err(invalid("filter rule name must be either prefix or suffix")),
            };
            let value = rule.value.unwrap_or_default();
            if value.len() > FILTER_BYTES_MAX {
                return Err(invalid("Size of filter rule value cannot exceed 1024 bytes"));
            }
            if place.replace(value).is_some() {
                return Err(invalid("Cannot specify more than one prefix or suffix rule in a filter."));
            }
        }
        Ok(NotificationRule { id, target, webhook: webhook.to_owned(), events, prefix, suffix })
    }
}

pub(super) fn invalid(message: &'static str) -> Refusal {
    Refusal::because(Code::InvalidArgument, message)
}

/// An id for a rule that was sent without one.
fn drawn() -> Answer<String> {
    let bits = getrandom::u64().map_err(|_| Refusal::new(Code::InternalError))?;
    Ok(format!("{bits:016x}"))
}
