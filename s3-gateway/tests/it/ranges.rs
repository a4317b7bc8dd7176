//! Shares of an object.

use super::door::Door;

#[tokio::test]
async fn a_range_answers_its_bytes() {
    let door = Door::with_bucket().await;
    door.store("k", "0123456789").await;
    for (range, body, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-4", "6789", "bytes 6-9/10"),
        ("bytes=5-100", "56789", "bytes 5-9/10"),
        ("bytes=-100", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = door.send(door.user.get("/docs/k").header("range", range).sign()).await;
        assert_eq!((answer.status, answer.text()), (206, body));
        assert_eq!(answer.header("content-range"), Some(content_range));
        assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
        let seen = door.send(door.user.head("/docs/k").header("range", range).sign()).await;
        assert_eq!((seen.status, seen.header("content-range")), (206, Some(content_range)));
    }
}

#[tokio::test]
async fn a_range_outside_of_the_object_is_refused_with_its_size() {
    let door = Door::with_bucket().await;
    door.store("k", "0123456789").await;
    door.store("empty", "").await;
    for (key, range, content_range) in [
        ("k", "bytes=10-", "bytes */10"),
        ("k", "bytes=-0", "bytes */10"),
        ("empty", "bytes=0-", "bytes */0"),
        ("empty", "bytes=-1", "bytes */0"),
    ] {
        let answer = door.send(door.user.get(&format!("/docs/{key}")).header("range", range).sign()).await;
        answer.refused(416, "InvalidRange");
        assert_eq!(answer.header("content-range"), Some(content_range));
    }
}

#[tokio::test]
async fn a_range_over_several_pieces_is_exact() {
    let door = Door::with_bucket().await;
    let body: Vec<u8> = (0..2_000_000_u32).flat_map(|n| [n as u8, (n >> 8) as u8]).collect();
    door.store("k", body.clone()).await;
    let answer = door.send(door.user.get("/docs/k").header("range", "bytes=99999-3000001").sign()).await;
    assert!(answer.body == body[99_999..=3_000_001] && !answer.is_broken);
}

#[tokio::test]
async fn a_share_carries_no_checksum_of_the_whole() {
    let door = Door::with_bucket().await;
    door.store("k", "0123456789").await;
    let request =
        door.user.get("/docs/k").header("range", "bytes=0-3").header("x-amz-checksum-mode", "ENABLED");
    let answer = door.send(request.sign()).await;
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("x-amz-checksum")));
}

#[tokio::test]
async fn a_signed_query_overrides_headers_of_the_answer() {
    let door = Door::with_bucket().await;
    let put = door.user.put("/docs/k").header("expires", "Wed, 21 Oct 2026 07:28:00 GMT").body("1");
    assert_eq!(door.send(put.sign()).await.status, 200);
    let request = door
        .user
        .get("/docs/k")
        .query("response-content-type", "text/html")
        .query("response-content-disposition", "inline")
        .query("response-expires", "Thu, 22 Oct 2026 07:28:00 GMT");
    let answer = door.send(request.presign("60")).await;
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.header("content-disposition"), Some("inline"));
    assert_eq!(answer.header("expires"), Some("Thu, 22 Oct 2026 07:28:00 GMT"));
}

#[tokio::test]
async fn a_range_of_another_object_is_answered_with_the_whole() {
    let door = Door::with_bucket().await;
    let etag = door.store("k", "hello").await.header("etag").expect("an ETag").to_owned();
    let time =
        door.send(door.user.head("/docs/k").sign()).await.header("last-modified").expect("a time").to_owned();
    let read = |validator: &str| {
        door.user.get("/docs/k").header("range", "bytes=1-2").header("if-range", validator).sign()
    };
    for same in [&etag, &time] {
        let answer = door.send(read(same)).await;
        assert_eq!((answer.status, answer.text()), (206, "el"), "{same}");
    }
    for other in ["\"00000000000000000000000000000000\"", "Wed, 21 Oct 2015 07:28:00 GMT", "W/\"0\"", "?"] {
        let answer = door.send(read(other)).await;
        assert_eq!(
            (answer.status, answer.text(), answer.header("content-range")),
            (200, "hello", None),
            "{other}"
        );
    }
}
