//! The last stage of every answer: ids, the error document, the line in the log.

use std::error::Error as StdError;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, SERVER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use s3s::HttpResponse;
use storage_engine::ErrorKind;

use super::bare_etag::unquote;
use super::document::XML;
use super::late::keep_alive;
use super::{ErrorDocument, RequestContext, ResponseBody};
use crate::refusal::{Code, Refusal};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const SERVER_NAME: HeaderValue = HeaderValue::from_static("ArtStore");

/// Completes what s3s answered.
pub(crate) fn finish(
    context: &RequestContext,
    host_id: &str,
    answer: HttpResponse,
) -> Response<ResponseBody> {
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let mut response = match context.refusal() {
        Some(refusal) if is_error || status == StatusCode::NOT_MODIFIED => refused(context, host_id, refusal),
        _ if is_error => from_s3s(context, host_id, answer),
        _ => succeeded(keep_alive(answer, context, host_id)),
    };
    log(context, response.status());
    add_ids(response.headers_mut(), context, host_id);
    if is_error && context.closes_connection() {
        response.headers_mut().insert(CONNECTION, CLOSE);
    }
    response
}

/// Marks an answer of status 202, which s3s does not let an operation choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted;

/// s3s answers a HEAD of a share with the status of the whole, and quotes every ETag.
fn succeeded(answer: HttpResponse) -> Response<ResponseBody> {
    let accepted = answer.extensions().get::<Accepted>().is_some();
    let mut response = unquote(answer).map(ResponseBody::from);
    if accepted {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    if response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// The answer to a request that a guard stopped.
pub(crate) fn refuse(context: &RequestContext, host_id: &str, refusal: Refusal) -> Response<ResponseBody> {
    context.refuse(refusal);
    finish(context, host_id, s3s_status(StatusCode::BAD_REQUEST))
}

fn s3s_status(status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::default();
    *response.status_mut() = status;
    response
}

fn refused(context: &RequestContext, host_id: &str, refusal: &Refusal) -> Response<ResponseBody> {
    let document = ErrorDocument {
        code: refusal.code().as_str(),
        message: refusal.message(),
        elements: refusal.elements(),
        resource: &context.path,
        request_id: &context.request_id,
        host_id,
    };
    let mut response = error_response(context, refusal.code().status(), &document);
    for (name, value) in refusal.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// An error that s3s found by itself: its document names neither the resource nor the request.
fn from_s3s(context: &RequestContext, host_id: &str, answer: HttpResponse) -> Response<ResponseBody> {
    let status = answer.status();
    let xml = answer.body().bytes().unwrap_or_default();
    let xml = String::from_utf8_lossy(&xml);
    let name = between(&xml, "<Code>", "</Code>").unwrap_or(Code::InternalError.as_str());
    let known = Code::find(name);
    let code = known.map_or(name, |code| code.as_str());
    let fallback = known.map_or(name, |code| code.message());
    let message = between(&xml, "<Message>", "</Message>").map_or_else(|| fallback.to_owned(), unescape);
    let document = ErrorDocument {
        code,
        message: &message,
        elements: &[],
        resource: &context.path,
        request_id: &context.request_id,
        host_id,
    };
    error_response(context, known.map_or(status, Code::status), &document)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
}

/// Undoes the five entities that s3s writes.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn error_response(
    context: &RequestContext,
    status: StatusCode,
    document: &ErrorDocument<'_>,
) -> Response<ResponseBody> {
    let is_bodiless = context.method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let body = if is_bodiless { ResponseBody::empty() } else { ResponseBody::text(document.to_xml()) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if !is_bodiless {
        response.headers_mut().insert(CONTENT_TYPE, XML);
    }
    response
}

fn add_ids(headers: &mut HeaderMap, context: &RequestContext, host_id: &str) {
    headers.insert(SERVER, SERVER_NAME);
    for (name, value) in [(REQUEST_ID, &*context.request_id), (HOST_ID, host_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    // The connection frames the body: a transfer encoding set here would be an error in HTTP/2.
    if headers.remove(TRANSFER_ENCODING).is_some() {
        headers.remove(CONTENT_LENGTH);
    }
}

/// The one line of a request in the log.
fn log(context: &RequestContext, status: StatusCode) {
    let status = status.as_u16();
    let operation = context.operation().unwrap_or("-");
    let principal = context.account().unwrap_or("-");
    let (method, path) = (context.method.as_str(), context.path.as_str());
    let Some(refusal) = context.refusal() else {
        tracing::debug!(status, operation, principal, method, path, "request answered");
        return;
    };
    let code = refusal.code().as_str();
    let kind = refusal.kind();
    let cause = causes(refusal);
    match refusal.kind() {
        Some(ErrorKind::Corrupt | ErrorKind::Io | ErrorKind::NewerFormat | ErrorKind::Locked) => {
            tracing::error!(status, operation, principal, method, path, code, ?kind, cause, "request failed");
        }
        None if refusal.code() == Code::InternalError => {
            tracing::error!(status, operation, principal, method, path, code, cause, "request failed");
        }
        Some(ErrorKind::Unavailable | ErrorKind::StorageFull) => {
            tracing::warn!(status, operation, principal, method, path, code, ?kind, cause, "request refused");
        }
        _ => {
            tracing::debug!(
                status,
                operation,
                principal,
                method,
                path,
                code,
                ?kind,
                cause,
                "request refused"
            );
        }
    }
}

/// The chain of errors below a refusal, from the top.
fn causes(refusal: &Refusal) -> String {
    let mut text = refusal.message().to_owned();
    let mut next = refusal.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
