//! Each guard in front of s3s stops what s3s 0.14.1 would let pass.

use http::Method;

use super::door::Door;
use super::draft::{Draft, Signed};
use super::signature::Key;

/// Adds a header behind the signature's back.
fn add(mut request: Signed, name: &'static str, value: &str) -> Signed {
    request.headers_mut().insert(name, value.parse().expect("a header's value"));
    request
}

#[tokio::test]
async fn an_unsigned_amz_header_is_refused_in_header_and_presigned_requests() {
    let door = Door::with_bucket().await;
    let put = || door.user.put("/docs/k").body("1");
    for signed in [put().sign(), put().presign("60")] {
        let answer = door.send(add(signed, "x-amz-storage-class", "STANDARD_IA")).await;
        answer.refused(403, "AccessDenied");
        assert_eq!(answer.element("HeadersNotSigned"), Some("x-amz-storage-class"));
        assert!(answer.text().contains("There were headers present in the request which were not signed"));
    }
    let copy = add(put().presign("60"), "x-amz-copy-source", "/docs/secret");
    door.send(copy).await.refused(403, "AccessDenied");
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn headers_that_only_say_how_the_body_travels_need_no_signature() {
    let door = Door::with_bucket().await;
    let request = door.user.put("/docs/k").body("hello").header("x-amz-checksum-crc32", "NhCmhg==").sign();
    let request = add(request, "x-amz-sdk-checksum-algorithm", "CRC32");
    assert_eq!(door.send(request).await.status, 200);
}

#[tokio::test]
async fn the_time_of_a_signature_may_stand_in_the_date_header() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    assert_eq!(door.send(door.user.get("/docs/k").sign_by_date()).await.text(), "1");
    let mut old = door.user.get("/docs/k");
    old.scope.date_time = "20200101T000000Z".to_owned();
    door.send(old.sign_by_date()).await.refused(403, "RequestTimeTooSkewed");
    let mut changed = door.user.get("/docs/k").sign_by_date();
    changed.headers_mut().insert("date", "Wed, 21 Oct 2015 07:28:00 GMT".parse().expect("a header's value"));
    assert_eq!(door.send(changed).await.status, 403);
}

#[tokio::test]
async fn a_presigned_url_works_within_a_week_at_most() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for expires in ["60", "604800"] {
        assert_eq!(door.send(door.user.get("/docs/k").presign(expires)).await.text(), "1");
    }
    for expires in ["604801", "-1", "soon", ""] {
        let answer = door.send(door.user.get("/docs/k").presign(expires)).await;
        answer.refused(400, "AuthorizationQueryParametersError");
    }
}

#[tokio::test]
async fn a_presigned_url_that_has_expired_is_refused() {
    let door = Door::with_bucket().await;
    let mut draft = door.user.get("/docs");
    draft.scope.date_time = "20200101T000000Z".to_owned();
    door.send(draft.presign("60")).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn signature_version_2_is_refused_in_header_and_query() {
    let door = Door::with_bucket().await;
    let in_header = door.user.get("/docs").header("authorization", "AWS key:c2lnbmF0dXJl").unsigned();
    let in_query = door.user.get("/docs?AWSAccessKeyId=key&Signature=c2ln&Expires=9999999999").unsigned();
    for request in [in_header, in_query] {
        let answer = door.send(request).await;
        answer.refused(400, "InvalidRequest");
        assert!(answer.text().contains("Please use AWS4-HMAC-SHA256."));
    }
}

#[tokio::test]
async fn two_mechanisms_at_once_are_refused() {
    let door = Door::with_bucket().await;
    let request = door.user.get("/docs").presign("60");
    let signed = door.user.get("/docs").sign();
    let authorization = signed.headers()["authorization"].to_str().expect("a plain header").to_owned();
    door.send(add(request, "authorization", &authorization)).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn another_region_or_service_is_refused_and_the_right_region_named() {
    let door = Door::with_bucket().await;
    let mut draft = door.user.get("/docs");
    draft.scope.region = "eu-west-1".to_owned();
    let answer = door.send(draft.clone().sign()).await;
    answer.refused(400, "AuthorizationHeaderMalformed");
    assert_eq!(answer.element("Region"), Some("us-east-1"));
    door.send(draft.presign("60")).await.refused(400, "AuthorizationQueryParametersError");
    let mut draft = door.user.get("/docs");
    draft.scope.service = "sts".to_owned();
    door.send(draft.sign()).await.refused(400, "AuthorizationHeaderMalformed");
}

#[tokio::test]
async fn a_change_whose_query_is_not_understood_is_not_made() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    let requests = [
        door.user.delete("/docs/k?retention"),
        door.user.delete("/docs/k?acl"),
        door.user.post("/docs/k?acl"),
        door.user.delete("/docs/k?uploads"),
        door.user.put("/docs/k?delete").body("2"),
        door.user.put("/docs/k?uploads").body("2"),
        door.user.put("/docs/k?renameObject").body("2"),
        door.user.put("/docs/k?restore").body("2"),
        door.user.delete("/docs?metadataConfiguration"),
        door.user.put("/new?abac").body("2"),
    ];
    for request in requests {
        door.send(request.sign()).await.refused(501, "NotImplemented");
    }
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "1");
}

#[tokio::test]
async fn what_cannot_be_understood_of_a_presigned_read_is_passed_over() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    let read = || door.user.get("/docs/k").presign("60");
    for range in ["bytes=0-1,3-4", "bytes=two", "lines=1-2", "bytes=-", "bytes=3-2", "bytes=+1-2"] {
        let answer = door.send(add(read(), "range", range)).await;
        assert_eq!((answer.status, answer.text()), (200, "hello"), "{range}");
    }
    for name in ["if-modified-since", "if-unmodified-since"] {
        assert_eq!(door.send(add(read(), name, "yesterday")).await.status, 200, "{name}");
    }
    // The two old forms of a date (RFC 9110, section 5.6.7) count.
    for date in ["Wednesday, 21-Oct-15 07:28:00 GMT", "Wed Oct 21 07:28:00 2015"] {
        assert_eq!(door.send(add(read(), "if-unmodified-since", date)).await.status, 412, "{date}");
    }
    assert_eq!(door.send(add(read(), "range", "bytes=1-2")).await.text(), "el");
}

#[tokio::test]
async fn headers_that_a_presigned_url_carries_in_its_query_count() {
    let door = Door::with_bucket().await;
    let request = door
        .user
        .put("/docs/k")
        .body("hello")
        .query("x-amz-meta-author", "Ann")
        .query("x-amz-storage-class", "STANDARD_IA")
        .query("x-amz-checksum-crc32", "AAAAAA==")
        .query("x-amz-sdk-checksum-algorithm", "CRC32");
    let stored = door.send(request.presign("60")).await;
    assert_eq!(stored.status, 200, "a checksum of no bytes is passed over: {stored:?}");
    let read = door.send(door.user.get("/docs/k").sign()).await;
    assert_eq!(read.header("x-amz-meta-author"), Some("Ann"));
    assert_eq!(read.header("x-amz-storage-class"), Some("STANDARD_IA"));

    let moved = || door.user.put("/docs/l").body("1").query("x-amz-storage-class", "STANDARD");
    let twice = moved().header("x-amz-storage-class", "STANDARD_IA").presign("60");
    door.send(twice).await.refused(400, "InvalidArgument");
    door.send(moved().sign()).await.refused(501, "NotImplemented");
    let mut added = door.user.put("/docs/l").body("1").presign("60");
    *added.uri_mut() = format!("{}&x-amz-storage-class=STANDARD_IA", added.uri()).parse().expect("a URI");
    door.send(added).await.refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_document_is_bounded() {
    let door = Door::with_bucket().await;
    let body = vec![b' '; 3 * 1024 * 1024 + 1];
    let answer = door.send(door.user.post("/docs?delete").body(body).sign()).await;
    answer.refused(400, "MaxMessageLengthExceeded");
}

#[tokio::test]
async fn a_document_that_is_no_xml_is_refused() {
    let door = Door::with_bucket().await;
    for body in ["<Delete><Object>", "{}", "<Delete></Delete>"] {
        door.send(door.user.post("/docs?delete").body(body).sign()).await.refused(400, "MalformedXML");
    }
}

#[tokio::test]
async fn a_document_must_be_what_the_client_claims() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    let document = "<Delete><Object><Key>a</Key></Object></Delete>";
    let request = || door.user.post("/docs?delete").body(document);
    let wrong_md5 = request().header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==").sign();
    door.send(wrong_md5).await.refused(400, "BadDigest");
    let wrong_checksum = request().header("x-amz-checksum-crc32", "AAAAAA==").sign();
    door.send(wrong_checksum).await.refused(400, "BadDigest");
    let wrong_digest = request().content(&"0".repeat(64)).sign();
    door.send(wrong_digest).await.refused(400, "XAmzContentSHA256Mismatch");
    assert_eq!(door.send(door.user.get("/docs/a").sign()).await.text(), "1");
}

#[tokio::test]
async fn an_authorization_that_is_not_one_is_refused() {
    let door = Door::with_bucket().await;
    for (value, status, code) in [
        ("Bearer token", 400, "InvalidArgument"),
        ("AWS4-HMAC-SHA256 Credential=a/b, Signature=c", 400, "AuthorizationHeaderMalformed"),
        (
            "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=c",
            400,
            "AuthorizationHeaderMalformed",
        ),
    ] {
        let request = door.user.get("/docs").header("authorization", value).unsigned();
        door.send(request).await.refused(status, code);
    }
    let nobody = Key { id: String::new(), secret: String::new() };
    let request = Draft::new(&nobody, Method::GET, "/docs?X-Amz-Signature=a").unsigned();
    door.send(request).await.refused(400, "AuthorizationQueryParametersError");
}
