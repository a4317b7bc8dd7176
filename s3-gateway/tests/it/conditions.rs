//! Conditional reads and writes.

use super::door::Door;

const PAST: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const FUTURE: &str = "Wed, 21 Oct 2099 07:28:00 GMT";
const OTHER: &str = "\"00000000000000000000000000000000\"";

#[tokio::test]
async fn reads_answer_their_conditions() {
    let door = Door::with_bucket().await;
    let etag = door.store("k", "hello").await.header("etag").expect("an ETag").to_owned();
    let list = format!("{OTHER}, {etag}");
    let bare = etag.trim_matches('"').to_owned();
    let cases: [(&[(&str, &str)], u16); 14] = [
        (&[("if-match", &etag)], 200),
        (&[("if-match", &bare)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", &list)], 200),
        (&[("if-match", OTHER)], 412),
        (&[("if-none-match", &etag)], 304),
        (&[("if-none-match", OTHER)], 200),
        (&[("if-modified-since", PAST)], 200),
        (&[("if-modified-since", FUTURE)], 304),
        (&[("if-unmodified-since", PAST)], 412),
        (&[("if-unmodified-since", FUTURE)], 200),
        (&[("if-match", &etag), ("if-unmodified-since", PAST)], 200),
        (&[("if-none-match", &etag), ("if-modified-since", PAST)], 304),
        (&[("if-none-match", OTHER), ("if-modified-since", FUTURE)], 200),
    ];
    for (conditions, status) in cases {
        for draft in [door.user.get("/docs/k"), door.user.head("/docs/k")] {
            let draft = conditions.iter().fold(draft, |draft, (name, value)| draft.header(name, value));
            let answer = door.send(draft.sign()).await;
            assert_eq!(answer.status, status, "{conditions:?}");
            if status == 304 {
                assert_eq!(answer.header("etag"), Some(etag.as_str()));
                assert!(answer.header("last-modified").is_some());
                assert!(answer.body.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn deletes_answer_their_conditions() {
    let door = Door::with_bucket().await;
    let etag = door.store("k", "hello").await.header("etag").expect("an ETag").to_owned();
    let delete =
        |key: &str, value: &str| door.user.delete(&format!("/docs/{key}")).header("if-match", value).sign();
    door.send(delete("k", OTHER)).await.refused(412, "PreconditionFailed");
    door.send(delete("gone", OTHER)).await.refused(404, "NoSuchKey");
    door.send(delete("gone", "*")).await.refused(404, "NoSuchKey");
    let by_size = door.user.delete("/docs/k").header("x-amz-if-match-size", "5").sign();
    door.send(by_size).await.refused(501, "NotImplemented");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");
    assert_eq!(door.send(delete("k", &etag)).await.status, 204);
    door.store("k", "hello").await;
    assert_eq!(door.send(delete("k", "*")).await.status, 204);

    door.store("k", "hello").await;
    let many = |etag: &str| {
        let object = format!("<Object><Key>k</Key><ETag>{etag}</ETag></Object>");
        door.user.post("/docs?delete").body(format!("<Delete>{object}</Delete>")).sign()
    };
    let refused = door.send(many(OTHER)).await;
    assert_eq!((refused.status, refused.element("Code")), (200, Some("PreconditionFailed")));
    let deleted = door.send(many(&etag)).await;
    assert_eq!((deleted.element("Code"), deleted.element("Key")), (None, Some("k")), "{}", deleted.text());
}

#[tokio::test]
async fn writes_answer_their_conditions() {
    let door = Door::with_bucket().await;
    let write = |name: &str, value: &str, body: &'static str| {
        door.user.put("/docs/k").header(name, value).body(body).sign()
    };
    door.send(write("if-match", OTHER, "0")).await.refused(404, "NoSuchKey");
    let first = door.send(write("if-none-match", "*", "1")).await;
    assert_eq!(first.status, 200);
    door.send(write("if-none-match", "*", "2")).await.refused(412, "PreconditionFailed");
    door.send(write("if-match", OTHER, "2")).await.refused(412, "PreconditionFailed");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "1");
    let etag = first.header("etag").expect("an ETag").to_owned();
    door.send(write("if-none-match", &etag, "2")).await.refused(412, "PreconditionFailed");
    assert_eq!(door.send(write("if-match", &etag, "2")).await.status, 200);
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "2");
    for (name, value) in [("if-none-match", OTHER), ("if-match", "*")] {
        assert_eq!(door.send(write(name, value, "3")).await.status, 200, "{name}: {value}");
    }
    door.send(write("if-match", "W/\"0\"", "4")).await.refused(501, "NotImplemented");
    assert_eq!(door.send(door.user.delete("/docs/k").sign()).await.status, 204);
    door.send(write("if-match", "*", "4")).await.refused(404, "NoSuchKey");
}
