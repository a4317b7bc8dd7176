//! CopyObject and UploadPartCopy.

use super::door::{Answer, Door};
use super::draft::Draft;

const PAST: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const FUTURE: &str = "Wed, 21 Oct 2099 07:28:00 GMT";
const PART_BYTES: usize = 5 * 1024 * 1024;

fn copy(door: &Door, from: &str, to: &str) -> Draft {
    door.user.put(to).header("x-amz-copy-source", from)
}

async fn text(door: &Door, path: &str) -> String {
    door.send(door.user.get(path).sign()).await.text().to_owned()
}

async fn begin(door: &Door, key: &str) -> String {
    let created = door.send(door.user.post(&format!("/docs/{key}?uploads")).sign()).await;
    created.element("UploadId").expect("an upload").to_owned()
}

async fn complete(door: &Door, key: &str, upload: &str, etags: &[String]) -> Answer {
    let parts: String = (1..)
        .zip(etags)
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
        .collect();
    let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    door.send(door.user.post(&format!("/docs/{key}?uploadId={upload}")).body(document).sign()).await
}

fn part_copy(door: &Door, key: &str, upload: &str, number: u16, from: &str, range: Option<&str>) -> Draft {
    let draft = copy(door, from, &format!("/docs/{key}?partNumber={number}&uploadId={upload}"));
    range.map_or(draft.clone(), |range| draft.header("x-amz-copy-source-range", range))
}

#[tokio::test]
async fn a_copy_has_the_bytes_and_what_was_said_about_them() {
    let door = Door::with_bucket().await;
    let put = door
        .user
        .put("/docs/a b")
        .header("content-type", "text/x-letter")
        .header("x-amz-meta-author", "Ann")
        .header("x-amz-tagging", "a=b")
        .body("hello");
    let stored = door.send(put.sign()).await;
    for (number, from) in ["/docs/a%20b", "docs/a%20b", "/docs/a%20b?versionId=null"].into_iter().enumerate()
    {
        let path = format!("/docs/copy{number}");
        let copied = door.send(copy(&door, from, &path).sign()).await;
        assert_eq!(copied.status, 200, "{from}: {copied:?}");
        assert_eq!(copied.element("ETag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
        assert!(copied.element("LastModified").is_some_and(|time| time.ends_with('Z')));
        let read = door.send(door.user.get(&path).sign()).await;
        assert_eq!((read.text(), read.header("etag")), ("hello", stored.header("etag")));
        assert_eq!(read.header("content-type"), Some("text/x-letter"));
        assert_eq!(read.header("x-amz-meta-author"), Some("Ann"));
        assert_eq!(read.header("x-amz-tagging-count"), Some("1"));
    }
}

#[tokio::test]
async fn directives_say_what_is_replaced() {
    let door = Door::with_bucket().await;
    let put = door.user.put("/docs/a").header("x-amz-meta-author", "Ann").header("x-amz-tagging", "a=b");
    door.send(put.body("hello").sign()).await;
    let replaced = copy(&door, "/docs/a", "/docs/b")
        .header("x-amz-metadata-directive", "REPLACE")
        .header("x-amz-meta-editor", "Bob")
        .header("content-type", "text/plain");
    assert_eq!(door.send(replaced.sign()).await.status, 200);
    let read = door.send(door.user.head("/docs/b").sign()).await;
    assert_eq!((read.header("x-amz-meta-author"), read.header("x-amz-meta-editor")), (None, Some("Bob")));
    assert_eq!(
        (read.header("content-type"), read.header("x-amz-tagging-count")),
        (Some("text/plain"), Some("1"))
    );

    let tags = copy(&door, "/docs/a", "/docs/b")
        .header("x-amz-tagging-directive", "REPLACE")
        .header("x-amz-tagging", "c=d&e=f");
    assert_eq!(door.send(tags.sign()).await.status, 200);
    let read = door.send(door.user.head("/docs/b").sign()).await;
    assert_eq!(
        (read.header("x-amz-meta-author"), read.header("x-amz-tagging-count")),
        (Some("Ann"), Some("2"))
    );

    let wrong = copy(&door, "/docs/a", "/docs/b").header("x-amz-metadata-directive", "MERGE");
    door.send(wrong.sign()).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_copy_onto_itself_changes_what_is_said_and_nothing_else() {
    let door = Door::with_bucket().await;
    for (key, class) in [("edit", "STANDARD"), ("final", "STANDARD_IA")] {
        let path = format!("/docs/{key}");
        let put = door.user.put(&path).header("x-amz-meta-mtime", "1").header("x-amz-storage-class", class);
        let stored = door.send(put.body("hello").sign()).await;
        let nothing = door.send(copy(&door, &path, &path).sign()).await;
        nothing.refused(400, "InvalidRequest");
        let touched = copy(&door, &path, &path)
            .header("x-amz-metadata-directive", "REPLACE")
            .header("x-amz-meta-mtime", "2");
        let touched = door.send(touched.sign()).await;
        assert_eq!(touched.status, 200, "{key}: {touched:?}");
        let read = door.send(door.user.get(&path).sign()).await;
        assert_eq!((read.text(), read.header("x-amz-meta-mtime")), ("hello", Some("2")), "{key}");
        assert_eq!(read.header("etag"), stored.header("etag"));
        let loose = copy(&door, &path, &path).header("x-amz-storage-class", "STANDARD");
        let loose = door.send(loose.sign()).await;
        if key == "edit" {
            assert_eq!(loose.status, 200, "a class that is named is a change: {loose:?}");
        } else {
            loose.refused(403, "AccessDenied");
            assert_eq!(loose.header("x-artstore-mode"), Some("rw"));
        }
    }
    let strict = copy(&door, "/docs/edit", "/docs/edit").header("x-amz-storage-class", "STANDARD_IA");
    assert_eq!(door.send(strict.sign()).await.status, 200);
    let read = door.send(door.user.get("/docs/edit").sign()).await;
    assert_eq!((read.text(), read.header("x-amz-storage-class")), ("hello", Some("STANDARD_IA")));
    assert_eq!(read.header("x-amz-meta-mtime"), Some("2"));
}

#[tokio::test]
async fn a_copy_onto_itself_answers_its_conditions() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    let touch = |name: &str, value: &str| {
        copy(&door, "/docs/k", "/docs/k")
            .header("x-amz-metadata-directive", "REPLACE")
            .header(name, value)
            .sign()
    };
    door.send(touch("if-none-match", "*")).await.refused(412, "PreconditionFailed");
    door.send(touch("if-match", "\"0\"")).await.refused(412, "PreconditionFailed");
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    assert_eq!(door.send(touch("if-match", etag)).await.status, 200);
}

#[tokio::test]
async fn a_copy_goes_to_other_buckets_and_elements() {
    let door = Door::with_bucket().await;
    assert_eq!(door.send(door.user.put("/other").sign()).await.status, 200);
    let large: Vec<u8> = (0..300_000_u32).map(|at| (at % 253) as u8).collect();
    door.store("large", large.clone()).await;
    door.store("small", "hello").await;
    for key in ["large", "small"] {
        let archived = copy(&door, &format!("/docs/{key}"), &format!("/other/{key}"))
            .header("x-amz-storage-class", "STANDARD_IA");
        assert_eq!(door.send(archived.sign()).await.status, 200);
        let read = door.send(door.user.get(&format!("/other/{key}")).sign()).await;
        assert_eq!(read.header("x-amz-storage-class"), Some("STANDARD_IA"));
        // And back: the class is that of the request, not of the source.
        let back = copy(&door, &format!("/other/{key}"), &format!("/docs/back-{key}"));
        assert_eq!(door.send(back.sign()).await.status, 200);
        let read = door.send(door.user.get(&format!("/docs/back-{key}")).sign()).await;
        assert_eq!(read.header("x-amz-storage-class"), None);
        let expected = if key == "large" { large.as_slice() } else { b"hello" };
        assert_eq!(read.body, expected);
    }
    let onto_final = copy(&door, "/docs/small", "/other/large");
    let refused = door.send(onto_final.sign()).await;
    refused.refused(403, "AccessDenied");
    assert_eq!(refused.header("x-artstore-mode"), Some("rw"));
}

#[tokio::test]
async fn a_copy_of_an_upload_is_an_object_in_one_piece() {
    let door = Door::with_bucket().await;
    let upload = begin(&door, "parts").await;
    let (first, last) = (vec![1_u8; PART_BYTES], vec![2_u8; 10]);
    let mut etags = Vec::new();
    for (number, body) in [(1, first.clone()), (2, last.clone())] {
        let path = format!("/docs/parts?partNumber={number}&uploadId={upload}");
        let part = door.send(door.user.put(&path).body(body).sign()).await;
        etags.push(part.header("etag").expect("an ETag").to_owned());
    }
    assert_eq!(complete(&door, "parts", &upload, &etags).await.status, 200);
    let copied = copy(&door, "/docs/parts", "/docs/whole").header("x-amz-checksum-algorithm", "SHA256");
    let copied = door.send(copied.sign()).await;
    assert!(copied.element("ETag").is_some_and(|etag| !etag.contains('-')), "{copied:?}");
    assert!(copied.element("ChecksumSHA256").is_some());
    let read = door.send(door.user.get("/docs/whole").sign()).await;
    assert_eq!(read.body, [first, last].concat());
}

#[tokio::test]
async fn conditions_on_the_source_are_answered() {
    let door = Door::with_bucket().await;
    let etag = door.store("a", "hello").await.header("etag").expect("an ETag").to_owned();
    let other = "\"00000000000000000000000000000000\"";
    let cases: [(&[(&str, &str)], u16); 9] = [
        (&[("if-match", &etag)], 200),
        (&[("if-match", other)], 412),
        (&[("if-none-match", other)], 200),
        (&[("if-none-match", &etag)], 412),
        (&[("if-modified-since", PAST)], 200),
        (&[("if-modified-since", FUTURE)], 412),
        (&[("if-unmodified-since", PAST)], 412),
        (&[("if-match", &etag), ("if-unmodified-since", PAST)], 200),
        (&[("if-none-match", &etag), ("if-modified-since", PAST)], 412),
    ];
    for (conditions, status) in cases {
        let add = |draft: Draft| {
            conditions
                .iter()
                .fold(draft, |draft, (name, value)| draft.header(&format!("x-amz-copy-source-{name}"), value))
        };
        let copied = door.send(add(copy(&door, "/docs/a", "/docs/b")).sign()).await;
        assert_eq!(copied.status, status, "{conditions:?}: {copied:?}");
        let upload = begin(&door, "parts").await;
        let part = door.send(add(part_copy(&door, "parts", &upload, 1, "/docs/a", None)).sign()).await;
        assert_eq!(part.status, status, "{conditions:?}: {part:?}");
    }
    let new = copy(&door, "/docs/a", "/docs/b").header("if-none-match", "*");
    door.send(new.sign()).await.refused(412, "PreconditionFailed");
}

#[tokio::test]
async fn parts_are_made_of_ranges() {
    let door = Door::with_bucket().await;
    let large: Vec<u8> = (0..6_000_000_u32).map(|at| (at % 249) as u8).collect();
    door.store("large", large.clone()).await;
    let upload = begin(&door, "parts").await;
    let mut etags = Vec::new();
    for (number, range) in [(1, "bytes=100-5300000"), (2, "bytes=0-4")] {
        let part =
            door.send(part_copy(&door, "parts", &upload, number, "/docs/large", Some(range)).sign()).await;
        assert_eq!(part.status, 200, "{part:?}");
        assert!(part.element("LastModified").is_some());
        etags.push(part.element("ETag").expect("an ETag").to_owned());
    }
    assert_eq!(complete(&door, "parts", &upload, &etags).await.status, 200);
    let read = door.send(door.user.get("/docs/parts").sign()).await;
    assert_eq!(read.body, [&large[100..=5_300_000], &large[..5]].concat());
}

#[tokio::test]
async fn a_range_that_is_none_makes_no_part() {
    let door = Door::with_bucket().await;
    door.store("a", "hello").await;
    let upload = begin(&door, "parts").await;
    let attempt = |range: &str| part_copy(&door, "parts", &upload, 1, "/docs/a", Some(range)).sign();
    for range in
        ["0-2", "bytes=0", "bytes=a-b", "bytes=0-b", "bytes=a-", "bytes=0-2,3-5", "bytes=-2", "bytes=2-1"]
    {
        door.send(attempt(range)).await.refused(400, "InvalidArgument");
    }
    for range in ["bytes=0-21", "bytes=5-5", "bytes=0-18446744073709551615"] {
        door.send(attempt(range)).await.refused(416, "InvalidRange");
    }
    let parts = door.send(door.user.get(&format!("/docs/parts?uploadId={upload}")).sign()).await;
    assert!(parts.elements("PartNumber").is_empty(), "{}", parts.text());
}

#[tokio::test]
async fn what_is_not_there_is_not_copied() {
    let door = Door::with_bucket().await;
    let upload = begin(&door, "parts").await;
    for (from, status, code) in [
        ("/docs/gone", 404, "NoSuchKey"),
        ("/nowhere/k", 404, "NoSuchBucket"),
        ("/docs/../credentials", 404, "NoSuchKey"),
        ("/docs/%2e%2e/%2e%2e/credentials", 404, "NoSuchKey"),
        ("/docs", 400, "InvalidArgument"),
        ("/../../etc/passwd", 400, "InvalidArgument"),
    ] {
        for draft in [copy(&door, from, "/docs/b"), part_copy(&door, "parts", &upload, 1, from, None)] {
            let answer = door.send(draft.sign()).await;
            assert_eq!((answer.status, answer.element("Code")), (status, Some(code)), "{from:?}");
        }
    }
    door.send(door.user.get("/docs/b").sign()).await.refused(404, "NoSuchKey");
}

/// CVE-2026-39360: the copy into an own upload read what the caller must not read.
#[tokio::test]
async fn a_copy_reads_with_the_rights_of_who_asks() {
    let door = Door::with_bucket().await;
    assert_eq!(door.send(door.other.put("/secrets").sign()).await.status, 200);
    assert_eq!(door.send(door.other.put("/secrets/k").body("secret").sign()).await.status, 200);
    let upload = begin(&door, "parts").await;
    let attempts = [
        copy(&door, "/secrets/k", "/docs/stolen"),
        copy(&door, "/secrets/gone", "/docs/stolen"),
        part_copy(&door, "parts", &upload, 1, "/secrets/k", None),
        part_copy(&door, "parts", &upload, 1, "/secrets/k", Some("bytes=0-1")),
    ];
    for attempt in attempts {
        door.send(attempt.sign()).await.refused(403, "AccessDenied");
    }
    // Nor is a foreign bucket written with what is one's own.
    door.store("a", "1").await;
    door.send(copy(&door, "/docs/a", "/secrets/k").sign()).await.refused(403, "AccessDenied");
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert_eq!(listed.elements("Key"), ["a"]);
}

#[tokio::test]
async fn the_owner_of_the_source_must_be_the_one_expected() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    let expect =
        |owner: &str| copy(&door, "/docs/a", "/docs/b").header("x-amz-source-expected-bucket-owner", owner);
    door.send(expect(&door.other.id).sign()).await.refused(403, "AccessDenied");
    assert_eq!(door.send(expect(&door.user.id).sign()).await.status, 200);
    assert_eq!(text(&door, "/docs/b").await, "1");
}
