//! What is sent.

use serde_json::{Value, json};
use storage_engine::mode::Mode;
use storage_engine::outbox::{Event, EventKind, Notify};

use super::world::event;
use crate::webhooks::body::body;
use crate::webhooks::letter::{Form, Letter};
use crate::webhooks::signature::sign;

fn sent(event: &Event, form: Form) -> Value {
    serde_json::from_slice(&body(&Letter::new(event, form), 3)).unwrap()
}

/// The signature is what Python's `hmac.new(secret, b"1795132800." + body, "sha256").hexdigest()` gives.
#[test]
fn the_signature_is_the_hmac_of_timestamp_and_body() {
    assert_eq!(
        sign("secret-of-the-webhook", 1_795_132_800, br#"{"id":"1"}"#),
        "v1=077ae941c046d89bf65b3fa14e2670167677506a57a161d5c906db41dc0e4aee"
    );
}

/// Our own form has the documented fields, absent ones as null.
#[test]
fn the_plain_form_has_its_fields() {
    let stored = Event {
        size: Some(7),
        etag: Some("e".to_owned()),
        mode: Some(Mode::Rw),
        ..event(0x2a, EventKind::CreatedPut)
    };
    let wanted = json!({
        "id": "000000000000002a", "type": "object_created", "s3_event": "s3:ObjectCreated:Put",
        "time": "2026-11-20T00:00:00.007Z", "account": "owner", "bucket": "docs", "key": "a b/ä+",
        "version": null, "size": 7, "etag": "e", "mode": "rw", "class": "STANDARD_IA", "expires": null,
        "reason": null, "requested_by": "somebody", "request_id": "R", "seq": 42, "attempt": 3,
    });
    assert_eq!(sent(&stored, Form::Plain), wanted);
    let failed = Event { reason: Some("no medium".to_owned()), ..event(1, EventKind::RestoreFailed) };
    let sent = sent(&failed, Form::Plain);
    assert_eq!(
        (&sent["type"], &sent["s3_event"], &sent["reason"]),
        (&json!("restore_failed"), &Value::Null, &json!("no medium"))
    );
}

/// S3's form is that of the User Guide: name without its prefix, key encoded, sequencer that rises with the change.
#[test]
fn records_are_those_of_s3() {
    let stored = Event {
        size: Some(7),
        etag: Some("e".to_owned()),
        version: Some("v".to_owned()),
        ..event(42, EventKind::CreatedCopy)
    };
    let form = || Form::Records { rule: "one".to_owned() };
    let body = sent(&stored, form());
    let record = &body["Records"][0];
    assert_eq!(body["Records"].as_array().unwrap().len(), 1);
    assert_eq!((&record["eventVersion"], &record["eventSource"]), (&json!("2.1"), &json!("aws:s3")));
    assert_eq!(
        (&record["eventName"], &record["eventTime"]),
        (&json!("ObjectCreated:Copy"), &json!("2026-11-20T00:00:00.007Z"))
    );
    assert_eq!(record["s3"]["bucket"]["name"], "docs");
    assert_eq!(record["s3"]["configurationId"], "one");
    assert_eq!(
        record["s3"]["object"],
        json!({ "key": "a+b/%C3%A4%2B", "sequencer": "000000000000002A", "size": 7, "eTag": "e", "versionId": "v" })
    );
    let removed = sent(&event(43, EventKind::RemovedDelete), form());
    assert_eq!(
        removed["Records"][0]["s3"]["object"],
        json!({ "key": "a+b/%C3%A4%2B", "sequencer": "000000000000002B" })
    );
    let restored = Event { expires_ms: Some(1_795_132_800_007), ..event(44, EventKind::RestoreCompleted) };
    let data = &sent(&restored, form())["Records"][0]["glacierEventData"]["restoreEventData"];
    assert_eq!(data["lifecycleRestorationExpiryTime"], "2026-11-20T00:00:00.007Z");
    let tested = sent(&event(45, EventKind::Test), form());
    assert_eq!((&tested["Event"], &tested["Bucket"]), (&json!("s3:TestEvent"), &json!("docs")));
}

/// A letter carries nothing of the rules of other webhooks, and its two forms have ids of their own.
#[test]
fn letters_have_ids_of_their_own() {
    let mut both = event(1, EventKind::CreatedPut);
    both.notify = vec![Notify { rule: "one".to_owned(), webhook: "w".to_owned() }];
    let plain = Letter::new(&both, Form::Plain);
    let records = Letter::new(&both, Form::Records { rule: "one".to_owned() });
    assert!(plain.event.notify.is_empty());
    assert_ne!(plain.id(), records.id());
    assert_eq!((plain.event_name(), records.event_name()), ("object_created", "s3:ObjectCreated:Put"));
}
