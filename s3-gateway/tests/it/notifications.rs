//! Notification configurations through the door: what is set, what is refused, and what is then told.

use std::sync::{Arc, Mutex};

use s3_gateway::{Settings, WebhookOwners};
use storage_engine::outbox::EventKind;

use super::door::{Answer, Door};

/// A door with the bucket `docs`, and a webhook of each account.
async fn door() -> Door {
    let owners: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let known = Arc::clone(&owners);
    let webhooks = WebhookOwners::new(move |id| {
        let known = known.lock().expect("no test panics with it");
        known.iter().find(|(webhook, _)| webhook == id).map(|(_, owner)| owner.clone())
    });
    let door = Door::with(Settings { webhooks, ..Settings::default() });
    *owners.lock().expect("no test panics with it") =
        vec![("hook-1".to_owned(), door.user.id.clone()), ("foreign".to_owned(), door.other.id.clone())];
    assert_eq!(door.send(door.user.put("/docs").sign()).await.status, 200);
    door
}

fn queue(webhook: &str, events: &[&str], more: &str) -> String {
    let events: String = events.iter().map(|event| format!("<Event>{event}</Event>")).collect();
    format!(
        "<QueueConfiguration><Queue>arn:artstore:webhook:::{webhook}</Queue>{events}{more}</QueueConfiguration>"
    )
}

async fn set(door: &Door, rules: &str) -> Answer {
    let document = format!("<NotificationConfiguration>{rules}</NotificationConfiguration>");
    door.send(door.user.put("/docs?notification").body(document).sign()).await
}

async fn get(door: &Door) -> Answer {
    door.send(door.user.get("/docs?notification").sign()).await
}

fn filter(name: &str, value: &str) -> String {
    format!(
        "<Filter><S3Key><FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule></S3Key></Filter>"
    )
}

/// A configuration is shown as it was set, and an empty one removes it.
#[tokio::test]
async fn rules_are_shown_as_they_were_set() {
    let door = door().await;
    let before = get(&door).await;
    assert_eq!((before.status, before.element("Event")), (200, None));
    let rule = queue("hook-1", &["s3:ObjectCreated:*"], &format!("<Id>one</Id>{}", filter("Prefix", "in/")));
    let topic = "<TopicConfiguration><Topic>arn:artstore:webhook:::hook-1</Topic><Event>s3:ObjectRemoved:Delete</Event></TopicConfiguration>";
    let function = "<CloudFunctionConfiguration><CloudFunction>arn:artstore:webhook:::hook-1</CloudFunction><Event>s3:ObjectRestore:*</Event></CloudFunctionConfiguration>";
    assert_eq!(set(&door, &format!("{rule}{topic}{function}")).await.status, 200);
    let shown = get(&door).await;
    assert_eq!(shown.element("Queue"), Some("arn:artstore:webhook:::hook-1"));
    assert_eq!(shown.element("Topic"), Some("arn:artstore:webhook:::hook-1"));
    assert_eq!(shown.element("CloudFunction"), Some("arn:artstore:webhook:::hook-1"));
    assert_eq!((shown.element("Name"), shown.element("Value")), (Some("prefix"), Some("in/")));
    assert!(shown.elements("Id").contains(&"one"));
    assert_eq!(shown.elements("Id").len(), 3, "each has an id");
    assert_eq!(set(&door, "").await.status, 200);
    assert_eq!(get(&door).await.element("Event"), None);
}

/// What AWS refuses is refused, a webhook of somebody else among it, and changes nothing.
#[tokio::test]
async fn what_is_not_in_order_is_refused() {
    let door = door().await;
    let created = ["s3:ObjectCreated:*"];
    let id = "<Id>same</Id>";
    let cases = [
        queue("unknown", &created, ""),
        queue("foreign", &created, ""),
        queue("", &created, ""),
        queue("hook-1", &["s3:ObjectCreated:Teleport"], ""),
        queue("hook-1", &["s3:*"], ""),
        queue("hook-1", &created, &filter("infix", "a")),
        queue("hook-1", &created, &filter("prefix", &"a".repeat(1025))),
        queue("hook-1", &created, "") + &queue("hook-1", &["s3:ObjectCreated:Put"], &filter("prefix", "a")),
        queue("hook-1", &created, id) + &queue("hook-1", &["s3:ObjectRemoved:*"], id),
        "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:1:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>".to_owned(),
    ];
    for rules in cases {
        set(&door, &rules).await.refused(400, "InvalidArgument");
    }
    set(&door, "<EventBridgeConfiguration/>").await.refused(501, "NotImplemented");
    assert_eq!(get(&door).await.element("Event"), None);
    let apart = queue("hook-1", &created, &filter("suffix", ".pdf"))
        + &queue("hook-1", &created, &filter("suffix", ".txt"));
    assert_eq!(set(&door, &apart).await.status, 200);
}

/// What meets a rule is told to its webhook, under the name that S3 has for it, and nothing else is.
#[tokio::test]
async fn what_meets_a_rule_is_told() {
    let door = door().await;
    door.store("before", "1").await;
    let events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"];
    assert_eq!(set(&door, &queue("hook-1", &events, "<Id>one</Id>")).await.status, 200);
    door.store("a b", "1").await;
    let copy = door.user.put("/docs/copy").header("x-amz-copy-source", "/docs/before").sign();
    assert_eq!(door.send(copy).await.status, 200);
    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    assert_eq!(door.send(door.user.put("/docs/copy?tagging").body(tags).sign()).await.status, 200);
    assert_eq!(door.send(door.user.delete("/docs/copy?tagging").sign()).await.status, 204);
    assert_eq!(door.send(door.user.delete("/docs/copy").sign()).await.status, 204);
    assert_eq!(door.send(door.user.delete("/docs/never").sign()).await.status, 204);
    let page = door.archive.events(0, 100).unwrap();
    let told: Vec<(EventKind, &str)> =
        page.events.iter().map(|(_, event)| (event.kind, event.key.as_str())).collect();
    let wanted = [
        (EventKind::Test, ""),
        (EventKind::CreatedPut, "a b"),
        (EventKind::CreatedCopy, "copy"),
        (EventKind::TaggingPut, "copy"),
        (EventKind::TaggingDelete, "copy"),
        (EventKind::RemovedDelete, "copy"),
    ];
    assert_eq!(told, wanted);
    for (_, event) in &page.events {
        assert!(!event.is_for_owner);
        assert_eq!((event.notify.len(), &*event.notify[0].webhook), (1, "hook-1"));
        assert_eq!((&*event.account, &*event.owner), (&*door.user.id, &*door.user.id));
    }
}
