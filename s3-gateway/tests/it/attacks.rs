//! Attacks that other servers fell to in the last years, each refused here with nothing stored or told.
//!
//! | known as | attack | where |
//! |---|---|---|
//! | CVE-2026-40344, CVE-2026-41145, CVE-2025-31489 (MinIO), seaweedfs 7912 | an invented signature before an unsigned stream | here |
//! | seaweedfs 2180 | chunks whose signatures nobody compares | `chunks` |
//! | GHSA-xm99-m3gq-83g8, GHSA-g8w9-qw9q-fghr (RustFS), CVE-2026-54330 (radosgw), s3s 818 | an unsigned copy source | `guards`, here |
//! | CVE-2026-39360 (RustFS) | a part copied from what the caller must not read | `copies` |
//! | CVE-2023-28434 (MinIO) | a form whose bucket field is another bucket | `forms` |
//! | GHSA-w5fh-f8xh-5x3p (RustFS) | a form beyond its policy | `forms` |
//! | CVE-2024-36107 (MinIO) | conditions that are answered before access is decided | here |
//! | CVE-2026-34204 (MinIO) | headers that other servers keep for themselves | here |
//! | CVE-2026-42882 (s3-proxy) | an encoded slash that one stage sees as a name and another as a path | here |
//! | s3s 616 | a replay after the window of time | `guards` |
//! | s3s 709 | a chunk as large as the sender says, held in memory | `guard::tests`, `tests/clients` |
//! | s3s 775 | trailers that nobody compares | `chunks` |

use http::HeaderValue;

use super::door::Door;
use super::draft::Signed;

const UNSIGNED_STREAM: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const FRAMED: &str = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";

fn with(mut request: Signed, name: &'static str, value: &str) -> Signed {
    request.headers_mut().append(name, HeaderValue::from_str(value).expect("a header's value"));
    request
}

async fn nothing_is_stored(door: &Door) {
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert!(listed.elements("Key").is_empty(), "{}", listed.text());
}

/// The access key alone, which is no secret, opens nothing.
#[tokio::test]
async fn an_invented_signature_before_an_unsigned_stream_is_refused() {
    let door = Door::with_bucket().await;
    let stream = || {
        door.user
            .put("/docs/k")
            .header("x-amz-decoded-content-length", "5")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
            .content(UNSIGNED_STREAM)
    };
    let mut invented = stream().sign_with(|_, _, _| FRAMED.into());
    let authorization = invented.headers()["authorization"].to_str().expect("a header").to_owned();
    let (start, _) = authorization.rsplit_once('=').expect("a signature");
    let forged = format!("{start}={}", "0".repeat(64));
    invented.headers_mut().insert("authorization", forged.parse().expect("a header's value"));
    door.send(invented).await.refused(403, "SignatureDoesNotMatch");

    // No header at all, and the credential in the query as if it were a presigned link.
    let scope = door.user.get("/docs").scope.text();
    let credential = format!("{}/{scope}", door.user.key.id);
    for query in [
        vec![("X-Amz-Credential", credential.as_str())],
        vec![("X-Amz-Credential", credential.as_str()), ("X-Amz-Signature", "0")],
        vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", credential.as_str()),
            ("X-Amz-Date", &door.user.get("/docs").scope.date_time),
            ("X-Amz-Expires", "60"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Signature", "0000000000000000000000000000000000000000000000000000000000000000"),
        ],
    ] {
        let draft = query
            .iter()
            .fold(door.user.put("/docs/k").body(FRAMED), |draft, (name, value)| draft.query(name, value));
        let request = with(draft.unsigned(), "x-amz-content-sha256", UNSIGNED_STREAM);
        let request = with(request, "x-amz-decoded-content-length", "5");
        let answer = door.send(request).await;
        assert!([400, 403, 501].contains(&answer.status), "{query:?}: {answer:?}");
    }
    nothing_is_stored(&door).await;
}

/// MinIO unpacked archives for whoever sent this header, without looking at the signature.
#[tokio::test]
async fn no_header_makes_an_upload_something_else() {
    let door = Door::with_bucket().await;
    let request = door.user.put("/docs/a.tar").header("x-amz-meta-snowball-auto-extract", "true").body("tar");
    assert_eq!(door.send(request.sign()).await.status, 200);
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert_eq!(listed.elements("Key"), ["a.tar"], "it is metadata and nothing more");
    let read = door.send(door.user.get("/docs/a.tar").sign()).await;
    assert_eq!((read.text(), read.header("x-amz-meta-snowball-auto-extract")), ("tar", Some("true")));
}

/// The value of this header chooses how the body is verified: on a presigned link it is the attacker's.
#[tokio::test]
async fn a_presigned_link_cannot_be_led_to_another_way_of_verifying() {
    let door = Door::with_bucket().await;
    for content in [
        UNSIGNED_STREAM,
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    ] {
        let mut forged = door.user.put("/docs/k").body(FRAMED).presign("60");
        let uri = forged.uri().to_string();
        let (start, _) = uri.split_once("X-Amz-Signature=").expect("a signature");
        *forged.uri_mut() = format!("{start}X-Amz-Signature={}", "0".repeat(64)).parse().expect("a URI");
        let forged = with(forged, "x-amz-content-sha256", content);
        let answer = door.send(with(forged, "x-amz-decoded-content-length", "5")).await;
        assert!([400, 403, 501].contains(&answer.status), "{content}: {answer:?}");
    }
    nothing_is_stored(&door).await;
}

/// A link is good for the one request that it was made for.
#[tokio::test]
async fn a_presigned_link_cannot_be_bent() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    for added in
        ["versionId=null", "partNumber=1", "response-content-type=text/html", "uploads", "acl", "tagging"]
    {
        let mut link = door.user.get("/docs/k").presign("60");
        *link.uri_mut() = format!("{}&{added}", link.uri()).parse().expect("a URI");
        door.send(link).await.refused(403, "SignatureDoesNotMatch");
    }
    for method in [http::Method::PUT, http::Method::DELETE, http::Method::HEAD] {
        let mut link = door.user.get("/docs/k").presign("60");
        *link.method_mut() = method;
        assert_eq!(door.send(link).await.status, 403);
    }
    for path in ["/docs/other", "/docs/k/", "/docs//k", "/docs/./k", "/other/../docs/k"] {
        let mut link = door.user.get("/docs/k").presign("60");
        let query = link.uri().query().expect("a query").to_owned();
        *link.uri_mut() = format!("{path}?{query}").parse().expect("a URI");
        door.send(link).await.refused(403, "SignatureDoesNotMatch");
    }
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");
}

/// A second value behind a signed one would be read by whoever takes the last.
#[tokio::test]
async fn a_signed_header_cannot_be_given_a_second_value() {
    let door = Door::with_bucket().await;
    assert_eq!(door.send(door.other.put("/secrets").sign()).await.status, 200);
    door.store("a", "1").await;
    let requests = [
        with(
            door.user.put("/docs/k").header("x-amz-storage-class", "STANDARD").sign(),
            "x-amz-storage-class",
            "STANDARD_IA",
        ),
        with(door.user.put("/docs/k").header("x-amz-meta-a", "1").sign(), "x-amz-meta-a", "2"),
        with(
            door.user.put("/docs/k").header("x-amz-copy-source", "/docs/a").sign(),
            "x-amz-copy-source",
            "/docs/b",
        ),
    ];
    for request in requests {
        let answer = door.send(request).await;
        assert!([400, 403].contains(&answer.status), "{answer:?}");
    }
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert_eq!(listed.elements("Key"), ["a"]);
}

/// Who may not read an object learns nothing of it, whether or not it is there.
#[tokio::test]
async fn conditions_are_answered_behind_the_decision_about_access() {
    let door = Door::with_bucket().await;
    let etag = door.store("k", "hello").await.header("etag").expect("an ETag").to_owned();
    let future = "Wed, 21 Oct 2099 07:28:00 GMT";
    for (name, value) in [
        ("if-none-match", etag.as_str()),
        ("if-none-match", "*"),
        ("if-match", "\"0\""),
        ("if-modified-since", future),
        ("if-unmodified-since", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("range", "bytes=100-"),
    ] {
        for key in ["k", "gone"] {
            let path = format!("/docs/{key}");
            for draft in [door.other.get(&path), door.other.head(&path)] {
                let answer = door.send(draft.header(name, value).sign()).await;
                assert_eq!(answer.status, 403, "{name} of {key}");
                assert!(answer.header("etag").is_none() && answer.header("last-modified").is_none());
            }
            let anonymous = door.user.get(&path).header(name, value).unsigned();
            assert_eq!(door.send(anonymous).await.status, 403, "{name} of {key}");
        }
    }
}

/// Servers that keep their own marks in headers must not take them from clients.
#[tokio::test]
async fn headers_of_other_servers_mean_nothing() {
    let door = Door::with_bucket().await;
    let mut request = door.user.put("/docs/k").body("hello").sign();
    for name in [
        "x-minio-replication-server-side-encryption-sealed-key",
        "x-minio-internal-actual-size",
        "x-rgw-fwd",
        "x-seaweedfs-principal",
        "x-artstore-mode",
        "x-artstore-owner",
    ] {
        request = with(request, name, "1");
    }
    assert_eq!(door.send(request).await.status, 200);
    let read = door.send(door.user.get("/docs/k").sign()).await;
    assert_eq!(read.text(), "hello");
    let foreign = |name: &str| {
        ["x-minio", "x-rgw", "x-seaweedfs", "x-artstore"].iter().any(|start| name.starts_with(start))
    };
    assert!(!read.headers.keys().any(|name| foreign(name.as_str())), "{:?}", read.headers);
}

/// The bucket that access is decided for is the bucket that is read, however the path is encoded.
#[tokio::test]
async fn an_encoded_slash_is_the_same_to_every_stage() {
    let door = Door::with_bucket().await;
    assert_eq!(door.send(door.other.put("/secrets").sign()).await.status, 200);
    assert_eq!(door.send(door.other.put("/secrets/k").body("secret").sign()).await.status, 200);
    door.store("k", "hello").await;
    for path in [
        "/docs%2F..%2Fsecrets/k",
        "/docs/..%2F..%2Fsecrets%2Fk",
        "/secrets%2Fk",
        "/%2Fsecrets/k",
        "//secrets/k",
    ] {
        let mut request = door.user.get("/docs/k").sign();
        *request.uri_mut() = path.parse().expect("a URI");
        let answer = door.send(request).await;
        assert!(
            [400, 403, 404].contains(&answer.status) && !answer.text().contains("secret<"),
            "{path}: {answer:?}"
        );
        assert_ne!(answer.text(), "secret", "{path}");
    }
}

/// Entities that grow, and nesting without end, cost no more than the document.
#[tokio::test]
async fn a_document_cannot_grow() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY a \"kkkkkkkkkk\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                <!ENTITY c SYSTEM \"file:///etc/passwd\">]>\
                <Delete><Object><Key>&b;&c;</Key></Object></Delete>";
    let deep = format!("<Delete>{}", "<Object>".repeat(200_000));
    let wide = format!("<Delete>{}</Delete>", "<Object/>".repeat(300_000));
    for document in [bomb.to_owned(), deep, wide] {
        let answer = door.send(door.user.post("/docs?delete").body(document).sign()).await;
        answer.refused(400, "MalformedXML");
    }
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");
}
