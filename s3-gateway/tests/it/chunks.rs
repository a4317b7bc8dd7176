//! Streamed bodies: signed chunks, unsigned chunks, trailers, and framings that are none.

use bytes::Bytes;

use super::door::Door;
use super::draft::{Draft, Signed};

const UNSIGNED: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

fn put(door: &Door, length: usize) -> Draft {
    let draft = door.user.put("/docs/k").header("content-encoding", "aws-chunked");
    draft.header("x-amz-decoded-content-length", length.to_string())
}

/// An unsigned stream with a framing written by hand.
fn unsigned(door: &Door, length: usize, framing: impl Into<Bytes>) -> Signed {
    let draft = put(door, length).content(UNSIGNED).header("x-amz-trailer", "x-amz-checksum-crc32");
    let framing = framing.into();
    draft.sign_with(|_, _, _| framing)
}

/// A stream of signed chunks.
fn signed(draft: Draft, chunks: &[&[u8]], trailer: Option<&str>) -> Signed {
    draft.sign_with(|draft, seed, _| {
        let (mut body, mut before) = (Vec::new(), seed.to_owned());
        for chunk in chunks.iter().copied().chain([&b""[..]]) {
            before = draft.key.sign_chunk(&draft.scope, &before, chunk);
            body.extend_from_slice(format!("{:x};chunk-signature={before}\r\n", chunk.len()).as_bytes());
            if !chunk.is_empty() {
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
        }
        if let Some(trailer) = trailer {
            let signature = draft.key.sign_trailer(&draft.scope, &before, &format!("{trailer}\n"));
            body.extend_from_slice(
                format!("{trailer}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes(),
            );
        }
        body.extend_from_slice(b"\r\n");
        body.into()
    })
}

#[tokio::test]
async fn an_unsigned_stream_is_stored_without_its_framing() {
    let door = Door::with_bucket().await;
    let framing = "3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let answer = door.send(unsigned(&door, 5, framing)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
    let read = door.send(door.user.get("/docs/k").sign()).await;
    assert_eq!((read.text(), read.header("content-encoding")), ("hello", None));
}

#[tokio::test]
async fn a_large_unsigned_chunk_is_stored() {
    let door = Door::with_bucket().await;
    let data = vec![b'a'; 9 * 1024 * 1024];
    let mut framing = format!("{:x}\r\n", data.len()).into_bytes();
    framing.extend_from_slice(&data);
    framing.extend_from_slice(b"\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    let request = unsigned(&door, data.len(), framing);
    // The checksum is wrong on purpose: that it is compared shows that the whole chunk has arrived.
    door.send(request).await.refused(400, "BadDigest");
}

#[tokio::test]
async fn a_trailer_must_bring_what_was_announced_and_nothing_else() {
    let door = Door::with_bucket().await;
    let chunk = "5\r\nhello\r\n0\r\n";
    for (trailer, code) in [
        ("x-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"),
        ("\r\n", "MalformedTrailerError"),
        ("x-amz-checksum-sha1:qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n\r\n", "MalformedTrailerError"),
        ("x-amz-checksum-crc32:NhCmhg==\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "MalformedTrailerError"),
        ("x-amz-checksum-crc32:short\r\n\r\n", "BadDigest"),
    ] {
        let answer = door.send(unsigned(&door, 5, format!("{chunk}{trailer}"))).await;
        answer.refused(400, code);
    }
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_framing_that_is_none_is_refused() {
    let door = Door::with_bucket().await;
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(1000));
    for (framing, code) in [
        ("hello", "IncompleteBody"),
        ("zz\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        ("-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        ("5\r\nhelloXX0\r\n\r\n", "InvalidRequest"),
        ("5\r\nhello\r\n", "IncompleteBody"),
        ("3\r\nhel\r\n0\r\n\r\n", "IncompleteBody"),
        ("6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"),
        ("ffffffffffffffff\r\nhello", "IncompleteBody"),
        (long.as_str(), "InvalidRequest"),
    ] {
        door.send(unsigned(&door, 5, framing.to_owned())).await.refused(400, code);
    }
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn signed_chunks_are_verified() {
    let door = Door::with_bucket().await;
    let request = signed(put(&door, 5).content(SIGNED), &[b"hel", b"lo"], None);
    let answer = door.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");

    let honest = signed(put(&door, 5).content(SIGNED), &[b"hel", b"lo"], None);
    let (head, body) = honest.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.expect("a body").to_bytes();
    let forged = String::from_utf8(body.to_vec()).expect("a text").replace("hel", "HEL");
    let forged = Signed::from_parts(head, forged.into());
    door.send(forged).await.refused(403, "SignatureDoesNotMatch");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");
}

#[tokio::test]
async fn a_signed_trailer_is_verified_and_compared() {
    let door = Door::with_bucket().await;
    let draft = || put(&door, 5).content(SIGNED_TRAILER).header("x-amz-trailer", "x-amz-checksum-crc32");
    let request = signed(draft(), &[b"hello"], Some("x-amz-checksum-crc32:NhCmhg=="));
    let answer = door.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = signed(draft(), &[b"hello"], Some("x-amz-checksum-crc32:AAAAAA=="));
    door.send(request).await.refused(400, "BadDigest");
}

#[tokio::test]
async fn a_large_signed_chunk_is_refused() {
    let door = Door::with_bucket().await;
    let chunk = vec![b'a'; 4 * 1024 * 1024 + 1];
    let request = signed(put(&door, chunk.len()).content(SIGNED), &[&chunk], None);
    door.send(request).await.refused(400, "InvalidRequest");
}

#[tokio::test]
async fn a_stream_without_its_length_is_refused() {
    let door = Door::with_bucket().await;
    let draft = door.user.put("/docs/k").content(UNSIGNED).header("x-amz-trailer", "x-amz-checksum-crc32");
    door.send(draft.sign_without_length()).await.refused(411, "MissingContentLength");
}
