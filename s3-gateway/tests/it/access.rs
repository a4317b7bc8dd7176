//! Who may: nobody without a signature, an account in its own buckets, an administrator everywhere.

use http::Method;

use super::door::Door;
use super::draft::Draft;
use super::signature::Key;

#[tokio::test]
async fn an_anonymous_request_is_denied() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    for (method, path) in
        [(Method::GET, "/"), (Method::GET, "/docs/a"), (Method::PUT, "/docs/b"), (Method::DELETE, "/docs/a")]
    {
        door.send(Draft::new(&door.user.key, method, path).unsigned()).await.refused(403, "AccessDenied");
    }
    assert_eq!(door.send(door.user.get("/docs/a").sign()).await.text(), "1");
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_secret_are_told_apart_as_in_s3() {
    let door = Door::with_bucket().await;
    let unknown = Key { id: "AKIAUNKNOWN".to_owned(), ..door.user.key.clone() };
    let answer = door.send(Draft::new(&unknown, Method::GET, "/docs").sign()).await;
    answer.refused(403, "InvalidAccessKeyId");
    let wrong = Key { secret: "wrong".to_owned(), ..door.user.key.clone() };
    let answer = door.send(Draft::new(&wrong, Method::GET, "/docs").sign()).await;
    answer.refused(403, "SignatureDoesNotMatch");
    assert_eq!(answer.element("Resource"), Some("/docs"));
    assert!(!answer.text().contains(&door.user.key.secret));
}

#[tokio::test]
async fn a_foreign_bucket_is_closed_to_every_operation() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    let them = &door.other;
    let delete = "<Delete><Object><Key>a</Key></Object></Delete>";
    let id = "0123456789abcdef0123456789abcdef";
    let requests = [
        them.get("/docs"),
        them.get("/docs?list-type=2"),
        them.get("/docs?location"),
        them.get("/docs?versioning"),
        them.get("/docs?notification"),
        them.put("/docs?notification").body("<NotificationConfiguration/>"),
        them.get("/docs?uploads"),
        them.get("/docs/a"),
        them.get(&format!("/docs/a?uploadId={id}")),
        them.put("/docs/b").body("2"),
        them.put(&format!("/docs/a?partNumber=1&uploadId={id}")).body("2"),
        them.post("/docs/a?uploads"),
        them.post(&format!("/docs/a?uploadId={id}")).body(
            "<CompleteMultipartUpload><Part><ETag>\"a\"</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        ),
        them.post("/docs?delete").body(delete),
        them.delete("/docs/a"),
        them.delete(&format!("/docs/a?uploadId={id}")),
        them.delete("/docs"),
    ];
    for request in requests {
        let name = format!("{request:?}");
        let answer = door.send(request.sign()).await;
        assert_eq!((answer.status, answer.element("Code")), (403, Some("AccessDenied")), "{name}");
    }
    for path in ["/docs", "/docs/a"] {
        assert_eq!(door.send(them.head(path).sign()).await.status, 403);
    }
    assert_eq!(door.send(door.user.get("/docs/a").sign()).await.text(), "1");
}

#[tokio::test]
async fn an_administrator_reaches_every_bucket() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    assert_eq!(door.send(door.admin.get("/docs/a").sign()).await.text(), "1");
}

#[tokio::test]
async fn everybody_sees_the_buckets_they_may_know_of() {
    let door = Door::with_bucket().await;
    assert_eq!(door.send(door.other.put("/others").sign()).await.status, 200);
    let listed = door.send(door.other.get("/").sign()).await;
    assert_eq!(listed.elements("Name"), ["others"]);
    assert_eq!(listed.element("ID"), Some(door.other.id.as_str()));
    assert_eq!(listed.element("DisplayName"), Some("other"));
    let all = door.send(door.admin.get("/").sign()).await;
    assert_eq!(all.elements("Name"), ["docs", "others"]);
}

#[tokio::test]
async fn the_owner_that_is_expected_must_be_the_owner() {
    let door = Door::with_bucket().await;
    let request = door.user.get("/docs").header("x-amz-expected-bucket-owner", &door.user.id).sign();
    assert_eq!(door.send(request).await.status, 200);
    let request = door.user.get("/docs").header("x-amz-expected-bucket-owner", &door.other.id).sign();
    door.send(request).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn what_is_not_served_is_not_implemented() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    let requests = [
        door.user.get("/docs?policy"),
        door.user.get("/docs?cors"),
        door.user.get("/docs?encryption"),
        door.user.get("/docs/a?retention"),
    ];
    for request in requests {
        let name = format!("{request:?}");
        let answer = door.send(request.sign()).await;
        assert_eq!((answer.status, answer.element("Code")), (501, Some("NotImplemented")), "{name}");
    }
}
