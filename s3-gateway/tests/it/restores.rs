//! API page "RestoreObject", and what the other operations say of archived bytes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use storage_engine::mode::Mode;

use super::door::{Answer, Door, caller};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ONGOING: &str = "ongoing-request=\"true\"";

/// A door with an archived object `a` in `docs`.
async fn door() -> Door {
    let door = Door::with_bucket().await;
    door.make_shelf(&caller());
    door.store("a", "archived").await;
    door.bring_to(&caller(), "docs", "a", Mode::Ar);
    door
}

async fn restore(door: &Door, body: &str) -> Answer {
    let draft = door.user.post("/docs/a?restore");
    let draft = if body.is_empty() { draft } else { draft.body(body.to_owned()) };
    door.send(draft.sign()).await
}

fn request(days: i64, tier: &str) -> String {
    format!(
        "<RestoreRequest><Days>{days}</Days><GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters></RestoreRequest>"
    )
}

/// The midnight to which `days` from now are rounded up, as the header writes it; today and, where the test runs over
/// midnight, tomorrow.
fn expiries(days: u32) -> Vec<String> {
    let day = |at: SystemTime| {
        let since = at.duration_since(UNIX_EPOCH).expect("a time").as_secs();
        let end = UNIX_EPOCH + Duration::from_secs(since.div_ceil(DAY.as_secs()) * DAY.as_secs());
        format!("ongoing-request=\"false\", expiry-date=\"{}\"", httpdate::fmt_http_date(end))
    };
    #[expect(clippy::disallowed_methods, reason = "the door has the clock of the system")]
    let now = SystemTime::now();
    vec![day(now - Duration::from_secs(60) + DAY * days), day(now + DAY * days)]
}

/// HEAD tells how far a restore is in the two forms that AWS documents, GET serves what is restored, and a refused GET
/// names the class.
#[tokio::test]
async fn a_restore_is_asked_for_and_told_of() {
    let door = door().await;
    let head = door.send(door.user.head("/docs/a").sign()).await;
    assert_eq!((head.status, head.header("x-amz-storage-class")), (200, Some("GLACIER")));
    assert_eq!(head.header("x-amz-restore"), None);
    let refused = door.send(door.user.get("/docs/a").sign()).await;
    assert_eq!((refused.status, refused.element("Code")), (403, Some("InvalidObjectState")));
    assert_eq!(refused.element("StorageClass"), Some("GLACIER"));

    assert_eq!(restore(&door, &request(2, "Bulk")).await.status, 202);
    let head = door.send(door.user.head("/docs/a").sign()).await;
    assert_eq!(head.header("x-amz-restore"), Some(ONGOING));
    let again = restore(&door, &request(2, "Bulk")).await;
    assert_eq!((again.status, again.element("Code")), (409, Some("RestoreAlreadyInProgress")));
    assert_eq!(restore(&door, &request(2, "Expedited")).await.status, 202, "a faster tier");

    door.recall_all();
    for answer in
        [door.send(door.user.head("/docs/a").sign()).await, door.send(door.user.get("/docs/a").sign()).await]
    {
        let told = answer.header("x-amz-restore").expect("the header").to_owned();
        assert!(expiries(2).contains(&told), "{told}");
        assert_eq!((answer.status, answer.header("x-amz-storage-class")), (200, Some("GLACIER")));
    }
    assert_eq!(&door.send(door.user.get("/docs/a").sign()).await.body[..], b"archived");
    let moved = restore(&door, &request(9, "Standard")).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    let head = door.send(door.user.head("/docs/a").sign()).await;
    assert!(expiries(9).contains(&head.header("x-amz-restore").expect("the header").to_owned()));
}

/// Without a body, or without days in it, a copy lasts thirty days.
#[tokio::test]
async fn thirty_days_where_none_are_named() {
    for body in ["", "<RestoreRequest/>"] {
        let door = door().await;
        let asked = restore(&door, body).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        door.recall_all();
        let head = door.send(door.user.head("/docs/a").sign()).await;
        assert!(
            expiries(30).contains(&head.header("x-amz-restore").expect("the header").to_owned()),
            "{head:?}"
        );
    }
}

/// A listing tells of restores where the client asks, and of nothing where it does not.
#[tokio::test]
async fn listings_tell_of_restores_where_asked() {
    let door = door().await;
    door.store("b", "here").await;
    restore(&door, &request(1, "Standard")).await;
    for (is_recalled, told) in
        [(false, "<IsRestoreInProgress>true</IsRestoreInProgress>"), (true, "<RestoreExpiryDate>")]
    {
        if is_recalled {
            door.recall_all();
        }
        for query in ["?list-type=2", "?prefix=", "?versions"] {
            let silent = door.send(door.user.get(&format!("/docs{query}")).sign()).await;
            assert!(!silent.text().contains("RestoreStatus"), "{query}: {}", silent.text());
            let asked = door.user.get(&format!("/docs{query}"));
            let asked = asked.header("x-amz-optional-object-attributes", "RestoreStatus");
            let answer = door.send(asked.sign()).await;
            assert_eq!(answer.text().matches("<RestoreStatus>").count(), 1, "{query}: {}", answer.text());
            assert!(answer.text().contains(told), "{query}: {}", answer.text());
            assert!(answer.text().contains("<StorageClass>GLACIER</StorageClass>"));
        }
    }
}

/// What is no restore is refused in S3's terms, and asks for nothing.
#[tokio::test]
async fn what_is_no_restore_is_refused() {
    let door = door().await;
    door.store("b", "here").await;
    let cases = [
        (request(0, "Standard"), 400, "InvalidArgument"),
        (request(-1, "Standard"), 400, "InvalidArgument"),
        (request(40_000, "Standard"), 400, "InvalidArgument"),
        (request(1, "Soon"), 400, "MalformedXML"),
        ("<RestoreRequest><Type>SELECT</Type></RestoreRequest>".to_owned(), 501, "NotImplemented"),
        ("<RestoreRequest>".to_owned(), 400, "MalformedXML"),
    ];
    for (body, status, code) in cases {
        let refused = restore(&door, &body).await;
        assert_eq!((refused.status, refused.element("Code")), (status, Some(code)), "{body}");
    }
    let head = door.send(door.user.head("/docs/a").sign()).await;
    assert_eq!(head.header("x-amz-restore"), None);
    for (path, status, code) in
        [("/docs/none?restore", 404, "NoSuchKey"), ("/none/a?restore", 404, "NoSuchBucket")]
    {
        let refused = door.send(door.user.post(path).body(request(1, "Bulk")).sign()).await;
        assert_eq!((refused.status, refused.element("Code")), (status, Some(code)), "{path}");
    }
    let here = door.send(door.user.post("/docs/b?restore").body(request(1, "Bulk")).sign()).await;
    assert_eq!((here.status, here.element("Code")), (403, Some("InvalidObjectState")));
    assert_eq!(here.header("x-artstore-mode"), Some("edit"));
    let stranger = door.send(door.other.post("/docs/a?restore").body(request(1, "Bulk")).sign()).await;
    assert_eq!((stranger.status, stranger.element("Code")), (403, Some("AccessDenied")));
}
