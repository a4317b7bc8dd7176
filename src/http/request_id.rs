//! A request id on every answer, and in every log line that a request causes.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;
use uuid::Uuid;

/// The header that carries the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Lengths of the parts of a `traceparent` (W3C Trace Context, section 3.2.2).
const TRACEPARENT_PARTS: [usize; 4] = [2, 32, 16, 2];

/// The id of a request: 32 hex digits, ours whatever the client sent.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Draws the id, opens the request's span, and puts the id on the answer.
pub(crate) async fn assign_request_id(mut request: Request, next: Next) -> Response {
    let id: Arc<str> = Uuid::new_v4().simple().to_string().into();
    let span = tracing::info_span!("http_request", request_id = %id, trace_id = tracing::field::Empty);
    if let Some(trace_id) = trace_id(request.headers()) {
        span.record("trace_id", trace_id);
    }
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = async move {
        let response = next.run(request).await;
        tracing::debug!(%method, path, status = response.status().as_u16(), "Answered.");
        response
    }
    .instrument(span)
    .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The trace that the client's request belongs to.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let fits = parts.len() == TRACEPARENT_PARTS.len()
        && parts.iter().zip(TRACEPARENT_PARTS).all(|(part, length)| part.len() == length && is_hex(part));
    let trace_id = *parts.get(1)?;
    (fits && trace_id.bytes().any(|byte| byte != b'0')).then_some(trace_id)
}
