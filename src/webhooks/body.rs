//! What is sent: docs/SEMANTICS.md has the fields. Fields may be added, and are never renamed.

use serde_json::{Value, json};
use storage_engine::outbox::{Event, EventKind};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::letter::{Form, Letter};

const REGION: &str = "us-east-1";

/// The body of a letter, in its try `attempt` from 1.
pub(super) fn body(letter: &Letter, attempt: u32) -> Vec<u8> {
    let event = &letter.event;
    let value = match &letter.form {
        Form::Plain => plain(&letter.id(), event, attempt),
        Form::Records { .. } if event.kind == EventKind::Test => test_event(event),
        Form::Records { rule } => json!({ "Records": [record(event, rule)] }),
    };
    value.to_string().into_bytes()
}

fn plain(id: &str, event: &Event, attempt: u32) -> Value {
    json!({
        "id": id,
        "type": event.kind.webhook_name(),
        "s3_event": event.kind.s3_name(),
        "time": rfc3339(event.time_ms),
        "account": event.owner,
        "bucket": event.bucket,
        "key": event.key,
        "version": event.version,
        "size": event.size,
        "etag": event.etag,
        "mode": event.mode,
        "class": event.mode.map(|mode| mode.storage_class()),
        "expires": event.expires_ms.map(rfc3339),
        "reason": event.reason,
        "requested_by": event.account,
        "request_id": event.request_id,
        "seq": event.seq,
        "attempt": attempt,
    })
}

/// A record of S3 (User Guide, "Event message structure").
fn record(event: &Event, rule: &str) -> Value {
    let name = event.kind.s3_name().unwrap_or_default();
    let mut object = json!({ "key": encoded(&event.key), "sequencer": format!("{:016X}", event.seq) });
    let members = [
        ("size", event.size.map(Value::from)),
        ("eTag", event.etag.clone().map(Value::from)),
        ("versionId", event.version.clone().map(Value::from)),
    ];
    for (member, value) in members {
        if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
            object.insert(member.to_owned(), value);
        }
    }
    let mut record = json!({
        "eventVersion": if is_later_kind(event.kind) { "2.3" } else { "2.1" },
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": rfc3339(event.time_ms),
        "eventName": name.strip_prefix("s3:").unwrap_or(name),
        "userIdentity": { "principalId": event.account },
        "requestParameters": {
            "sourceIPAddress": event.address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
        },
        "responseElements": { "x-amz-request-id": event.request_id, "x-amz-id-2": event.request_id },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule,
            "bucket": {
                "name": event.bucket,
                "ownerIdentity": { "principalId": event.owner },
                "arn": format!("arn:aws:s3:::{}", event.bucket),
            },
            "object": object,
        },
    });
    if let (Some(expires_ms), Some(record)) = (event.expires_ms, record.as_object_mut()) {
        let class = event.mode.map(|mode| mode.storage_class());
        let restored = json!({
            "lifecycleRestorationExpiryTime": rfc3339(expires_ms),
            "lifecycleRestoreStorageClass": class,
        });
        record.insert("glacierEventData".to_owned(), json!({ "restoreEventData": restored }));
    }
    record
}

/// Whether S3 describes the kind with the later version of its form.
fn is_later_kind(kind: EventKind) -> bool {
    let name = kind.s3_name().unwrap_or_default();
    name.starts_with("s3:Lifecycle") || name.starts_with("s3:ObjectTagging")
}

/// What S3 sends when a configuration is set.
fn test_event(event: &Event) -> Value {
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": rfc3339(event.time_ms),
        "Bucket": event.bucket,
        "RequestId": event.request_id,
        "HostId": event.request_id,
    })
}

/// A key as it stands in a record: of a form of the web, with its slashes.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' | b'/' => {
                text.push(char::from(byte))
            }
            b' ' => text.push('+'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn rfc3339(time_ms: u64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ms) * 1_000_000).ok();
    let whole =
        time.and_then(|time| time.replace_millisecond(0).ok()?.format(&Rfc3339).ok()).unwrap_or_default();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), time_ms % 1_000)
}
