use std::time::Duration;

use futures::StreamExt as _;
use http::Request;
use http_body_util::BodyExt;
use s3s::HttpResponse;
use s3s::dto::{CopyPartResult, UploadPartCopyOutput};
use tokio::sync::oneshot;

use super::{answer_in_time, keep_alive};
use crate::refusal::{Answer, Code, Refusal};
use crate::response::RequestContext;

#[expect(clippy::ptr_arg, reason = "the outcome of the work is a String")]
fn document(etag: &String) -> CopyPartResult {
    CopyPartResult { checksum_sha1: Some(etag.clone()), ..CopyPartResult::default() }
}

fn head(_: &String, copied: CopyPartResult) -> UploadPartCopyOutput {
    UploadPartCopyOutput { copy_part_result: Some(copied), ..UploadPartCopyOutput::default() }
}

/// Work that ends when it is told to, and what ends it.
fn work() -> (impl Future<Output = Answer<String>> + Send, oneshot::Sender<Answer<String>>) {
    let (end, ended) = oneshot::channel();
    (async move { ended.await.expect("the work is ended") }, end)
}

/// The answer as the connection gets it.
async fn late(
    silence_max: Duration,
    work: impl Future<Output = Answer<String>> + Send + 'static,
) -> HttpResponse {
    let answered = answer_in_time(work, silence_max, document, head).await.expect("nothing fails in time");
    assert!(answered.output.copy_part_result.is_none(), "it is late");
    let mut response = HttpResponse::default();
    *response.extensions_mut() = answered.extensions;
    let (parts, ()) = Request::put("/docs/k").body(()).expect("a request").into_parts();
    let context = RequestContext::new("R1".into(), None, &parts);
    keep_alive(response, &context, "H1")
}

#[tokio::test]
async fn what_is_done_in_time_is_answered_whole() {
    let (work, end) = work();
    end.send(Ok("sum".to_owned())).expect("somebody waits");
    let answered = answer_in_time(work, Duration::from_secs(60), document, head).await.expect("it succeeds");
    let copied = answered.output.copy_part_result.expect("a result");
    assert_eq!(copied.checksum_sha1.as_deref(), Some("sum"));
}

#[tokio::test]
async fn what_fails_in_time_is_refused() {
    let (work, end) = work();
    end.send(Err(Refusal::new(Code::InvalidPart))).expect("somebody waits");
    let answered = answer_in_time(work, Duration::from_secs(60), document, head).await;
    assert_eq!(answered.expect_err("it fails").code(), Code::InvalidPart);
}

/// Clients take silence for a lost connection: white space comes until the document does.
#[tokio::test]
async fn white_space_comes_until_the_document_does() {
    let (work, end) = work();
    let response = late(Duration::ZERO, work).await;
    assert_eq!(response.headers()["content-type"], "application/xml");
    let mut frames = response.into_body().into_data_stream();
    let declaration = frames.next().await.expect("a frame").expect("no error");
    assert!(declaration.starts_with(b"<?xml"));
    assert_eq!(frames.next().await.expect("a frame").expect("no error"), " ");
    end.send(Ok("sum".to_owned())).expect("somebody waits");
    let mut rest = Vec::new();
    while let Some(frame) = frames.next().await {
        rest.extend_from_slice(&frame.expect("no error"));
    }
    let rest = String::from_utf8(rest).expect("a text");
    assert_eq!(rest.trim_start(), "<CopyPartResult><ChecksumSHA1>sum</ChecksumSHA1></CopyPartResult>");
}

#[tokio::test]
async fn what_fails_late_stands_in_the_body_with_one_declaration() {
    let (work, end) = work();
    let response = late(Duration::ZERO, work).await;
    end.send(Err(Refusal::because(Code::BadDigest, "a < b"))).expect("somebody waits");
    let body = BodyExt::collect(response.into_body()).await.expect("a whole body").to_bytes();
    let text = std::str::from_utf8(&body).expect("a text");
    assert_eq!(text.matches("<?xml").count(), 1, "{text}");
    assert!(
        text.contains("<Error><Code>BadDigest</Code><Message>a &lt; b</Message><Resource>/docs/k</Resource>")
    );
    assert!(text.contains("<RequestId>R1</RequestId><HostId>H1</HostId></Error>"));
}
