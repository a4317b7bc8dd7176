//! What a client claims about a body is compared before anything is stored.

use super::door::Door;

#[tokio::test]
async fn right_claims_are_accepted_and_shown() {
    let door = Door::with_bucket().await;
    for (name, value) in [
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-crc32c", "mnG7TA=="),
        ("x-amz-checksum-crc64nvme", "M3eFcAZSQlc="),
        ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
        ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ] {
        let answer = door.send(door.user.put("/docs/k").body("hello").header(name, value).sign()).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        if name != "content-md5" {
            assert_eq!(answer.header(name), Some(value));
            let mode = door.user.head("/docs/k").header("x-amz-checksum-mode", "ENABLED").sign();
            let seen = door.send(mode).await;
            assert_eq!(seen.header(name), Some(value));
            assert_eq!(seen.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
            assert_eq!(door.send(door.user.head("/docs/k").sign()).await.header(name), None);
        }
    }
}

#[tokio::test]
async fn without_a_checksum_s3_computes_its_own() {
    let door = Door::with_bucket().await;
    let answer = door.store("k", "hello").await;
    assert_eq!(answer.header("x-amz-checksum-crc64nvme"), Some("M3eFcAZSQlc="));
}

#[tokio::test]
async fn wrong_claims_are_refused_and_nothing_is_stored() {
    let door = Door::with_bucket().await;
    let body = vec![b'a'; 700_000];
    for (name, value, code) in [
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"),
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhC", "InvalidDigest"),
        ("content-md5", "no base64", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc32c", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "BadDigest"),
        ("x-amz-checksum-sha1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "BadDigest"),
        ("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "BadDigest"),
        ("x-amz-checksum-crc32", "AAAA", "BadDigest"),
        ("x-amz-sdk-checksum-algorithm", "CRC32", "InvalidRequest"),
        ("x-amz-trailer", "x-amz-checksum-md5", "InvalidRequest"),
    ] {
        for body in [b"hello".to_vec(), body.clone()] {
            let request = door.user.put("/docs/k").body(body).header(name, value).sign();
            door.send(request).await.refused(400, code);
        }
    }
    for body in [b"hello".to_vec(), body] {
        let request = door.user.put("/docs/k").body(body).content(&"0".repeat(64)).sign();
        door.send(request).await.refused(400, "XAmzContentSHA256Mismatch");
    }
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn two_checksums_are_one_too_many() {
    let door = Door::with_bucket().await;
    let request = door.user.put("/docs/k").body("hello");
    let request =
        request.header("x-amz-checksum-crc32", "NhCmhg==").header("x-amz-checksum-crc32c", "mnG7TA==");
    door.send(request.sign()).await.refused(400, "InvalidRequest");
}

#[tokio::test]
async fn a_body_must_have_a_length_and_no_more_than_five_gibibytes() {
    let door = Door::with_bucket().await;
    let unknown = door.user.put("/docs/k").content("UNSIGNED-PAYLOAD").body("1").sign_without_length();
    // In process the body has a length of its own; without the header the door must not guess.
    door.send(unknown).await.refused(411, "MissingContentLength");
    let huge = door.user.put("/docs/k").content("UNSIGNED-PAYLOAD").header("content-length", "5368709121");
    door.send(huge.sign_without_length()).await.refused(400, "EntityTooLarge");
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_refused() {
    let door = Door::with_bucket().await;
    let request =
        door.user.put("/docs/k").content("UNSIGNED-PAYLOAD").body("hello").header("content-length", "6");
    door.send(request.sign_without_length()).await.refused(400, "IncompleteBody");
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn what_would_be_passed_over_is_refused() {
    let door = Door::with_bucket().await;
    for (name, value, status, code) in [
        ("x-amz-acl", "public-read", 400, "AccessControlListNotSupported"),
        ("x-amz-grant-read", "id=a", 400, "AccessControlListNotSupported"),
        ("x-amz-server-side-encryption", "AES256", 501, "NotImplemented"),
        ("x-amz-object-lock-mode", "COMPLIANCE", 400, "InvalidRequest"),
        ("x-amz-website-redirect-location", "/a", 501, "NotImplemented"),
        ("x-amz-storage-class", "COLD", 400, "InvalidStorageClass"),
    ] {
        let request = door.user.put("/docs/k").body("1").header(name, value).sign();
        door.send(request).await.refused(status, code);
    }
    let held = door.user.put("/docs/k").body("1").header("x-amz-acl", "bucket-owner-full-control").sign();
    assert_eq!(door.send(held).await.status, 200);
}
