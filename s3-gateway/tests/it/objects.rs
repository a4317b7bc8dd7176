//! Objects come back as they were sent, with all that was said about them.

use super::door::Door;

#[tokio::test]
async fn an_object_comes_back_byte_for_byte() {
    let door = Door::with_bucket().await;
    let small: Vec<u8> = (0..=255).collect();
    let sizes = [0, 1, 255, 65_536, 65_537, 300_000, 3_000_000];
    for size in sizes {
        let body: Vec<u8> = small.iter().copied().cycle().take(size).collect();
        let stored = door.store("k", body.clone()).await;
        let read = door.send(door.user.get("/docs/k").sign()).await;
        assert_eq!(read.status, 200);
        assert!(read.body == body && !read.is_broken, "{size} bytes came back otherwise");
        assert_eq!(read.header("content-length"), Some(size.to_string().as_str()));
        assert_eq!(read.header("etag"), stored.header("etag"));
        assert_eq!(read.header("accept-ranges"), Some("bytes"));
        assert_eq!(read.header("x-amz-storage-class"), None, "STANDARD has no header");
        let seen = door.send(door.user.head("/docs/k").sign()).await;
        assert_eq!((seen.status, seen.body.len()), (200, 0));
        assert_eq!(seen.header("content-length"), Some(size.to_string().as_str()));
    }
}

#[tokio::test]
async fn the_etag_is_the_md5_in_quotes() {
    let door = Door::with_bucket().await;
    let stored = door.store("k", "hello").await;
    assert_eq!(stored.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
}

#[tokio::test]
async fn what_was_said_about_an_object_is_said_again() {
    let door = Door::with_bucket().await;
    let said = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-language", "ru"),
        ("content-disposition", "attachment; filename=a.txt"),
        ("cache-control", "max-age=60"),
        ("expires", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ("x-amz-meta-author", "Ivanov"),
    ];
    let mut request = door.user.put("/docs/k").body("1").header("content-encoding", "aws-chunked, gzip");
    for (name, value) in said {
        request = request.header(name, value);
    }
    assert_eq!(door.send(request.sign()).await.status, 200);
    for request in [door.user.get("/docs/k"), door.user.head("/docs/k")] {
        let answer = door.send(request.sign()).await;
        for (name, value) in said {
            assert_eq!(answer.header(name), Some(value));
        }
        assert_eq!(
            answer.header("content-encoding"),
            Some("gzip"),
            "the framing is no encoding of the object"
        );
        assert!(answer.header("last-modified").is_some());
    }
}

#[tokio::test]
async fn metadata_in_any_alphabet_comes_back_as_encoded_words() {
    let door = Door::with_bucket().await;
    let utf8 = door.user.put("/docs/k").header("x-amz-meta-name", "Отчёт".as_bytes());
    let word = "=?UTF-8?B?0J7RgtGH0ZHRgg==?=";
    let encoded = door.user.put("/docs/k").header("x-amz-meta-name", word);
    for request in [utf8, encoded] {
        assert_eq!(door.send(request.sign()).await.status, 200);
        let seen = door.send(door.user.head("/docs/k").sign()).await;
        assert_eq!(seen.header("x-amz-meta-name"), Some(word));
    }
}

#[tokio::test]
async fn more_than_two_kilobytes_of_metadata_are_refused() {
    let door = Door::with_bucket().await;
    let fits = door.user.put("/docs/k").header("x-amz-meta-a", "v".repeat(2047)).sign();
    assert_eq!(door.send(fits).await.status, 200);
    let too_much = door.user.put("/docs/k").header("x-amz-meta-a", "v".repeat(2048)).sign();
    door.send(too_much).await.refused(400, "MetadataTooLarge");
}

#[tokio::test]
async fn keys_are_names_and_never_paths() {
    let door = Door::with_bucket().await;
    for key in ["../../etc/passwd", "a//b", "/lead", "a/../b", "./x", "имя файла.txt", "a+b c&d=e%f", "tail/"]
    {
        door.store(key, key.to_owned()).await;
        let read = door.send(door.user.get(&format!("/docs/{key}")).sign()).await;
        assert_eq!(read.text(), key);
    }
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert_eq!(listed.elements("Key").len(), 8);
}

#[tokio::test]
async fn a_key_has_at_most_1024_bytes() {
    let door = Door::with_bucket().await;
    door.store(&"k".repeat(1024), "1").await;
    let request = door.user.put(&format!("/docs/{}", "k".repeat(1025))).body("1").sign();
    door.send(request).await.refused(400, "KeyTooLongError");
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_deleting_it_again_succeeds() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for _ in 0..2 {
        assert_eq!(door.send(door.user.delete("/docs/k").sign()).await.status, 204);
    }
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
    let seen = door.send(door.user.head("/docs/k").sign()).await;
    assert_eq!((seen.status, seen.body.len()), (404, 0));
}

#[tokio::test]
async fn many_keys_are_deleted_each_for_itself() {
    let door = Door::with_bucket().await;
    for key in ["a", "b&c"] {
        door.store(key, "1").await;
    }
    let long = "k".repeat(1025);
    let document = format!(
        "<Delete><Object><Key>a</Key></Object><Object><Key>b&amp;c</Key></Object>\
         <Object><Key>absent</Key></Object><Object><Key>{long}</Key></Object></Delete>"
    );
    let answer = door.send(door.user.post("/docs?delete").body(document).sign()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.elements("Deleted").len(), 3, "{}", answer.text());
    assert_eq!(answer.elements("Code"), ["KeyTooLongError"]);
    assert_eq!(door.send(door.user.get("/docs").sign()).await.elements("Key").len(), 0);
}

#[tokio::test]
async fn a_quiet_deletion_tells_errors_alone() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    let document = "<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>";
    let answer = door.send(door.user.post("/docs?delete").body(document).sign()).await;
    assert_eq!((answer.status, answer.elements("Deleted").len()), (200, 0));
    door.send(door.user.get("/docs/a").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_thousand_long_keys_are_deleted_and_no_more() {
    let door = Door::with_bucket().await;
    let document = |count: usize| {
        let objects: String =
            (0..count).map(|n| format!("<Object><Key>{n}{}</Key></Object>", "k".repeat(1000))).collect();
        format!("<Delete><Quiet>true</Quiet>{objects}</Delete>")
    };
    let answer = door.send(door.user.post("/docs?delete").body(document(1000)).sign()).await;
    assert_eq!((answer.status, answer.elements("Error").len()), (200, 0));
    let request = door.user.post("/docs?delete").body(document(1001)).sign();
    door.send(request).await.refused(400, "MalformedXML");
}
