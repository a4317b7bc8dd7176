//! The head of a request, before its body is touched.

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Method};

use super::authorization::{Authorization, Place};
use super::{Query, credential_scope, expiry, form_post, signed_headers, subresource};
use crate::intake::Claims;
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;

/// What travels as the body of a request.
#[derive(Debug)]
pub(crate) enum BodyShape {
    /// The bytes of an object as they are.
    Plain,
    /// The bytes of an object in `aws-chunked` framing.
    Chunked {
        /// Whether each chunk carries a signature.
        is_signed: bool,
        /// Length of the object's bytes.
        decoded_length: u64,
    },
    /// A document that s3s reads whole.
    Document(Claims),
}

/// Runs every guard that needs only the head, and tells the shape of the body.
///
/// *Errors*: those of the guards.
pub(crate) fn admit(head: &Parts, settings: &Settings) -> Answer<BodyShape> {
    form_post::check(&head.method, &head.headers)?;
    let query = Query::of(&head.uri)?;
    let authorization = Authorization::find(&head.headers, &query)?;
    credential_scope::check(&authorization, &settings.region)?;
    if authorization.place == Place::Query {
        expiry::check(query.get("X-Amz-Expires").unwrap_or_default())?;
    }
    signed_headers::check(&head.headers, authorization.signed_headers)?;
    subresource::check(&head.method, &query)?;
    shape(head)
}

fn shape(head: &Parts) -> Answer<BodyShape> {
    let content = head.headers.get("x-amz-content-sha256").map_or(&b""[..], |value| value.as_bytes());
    if content.starts_with(b"STREAMING-") {
        let decoded_length = number(&head.headers, "x-amz-decoded-content-length")?
            .ok_or_else(|| Refusal::new(Code::MissingContentLength))?;
        let is_signed = !content.starts_with(b"STREAMING-UNSIGNED-");
        return Ok(BodyShape::Chunked { is_signed, decoded_length });
    }
    if is_document(head) {
        return Ok(BodyShape::Document(Claims::of(&head.headers)?));
    }
    number(&head.headers, CONTENT_LENGTH.as_str())?;
    Ok(BodyShape::Plain)
}

/// POST and what is PUT to a bucket carry documents; all else carries objects or nothing.
fn is_document(head: &Parts) -> bool {
    let path = head.uri.path().trim_start_matches('/');
    let key = path.split_once('/').map_or("", |(_, key)| key);
    head.method == Method::POST || (head.method == Method::PUT && key.is_empty())
}

/// A header that is a whole number. s3s would read the digits in front of anything.
fn number(headers: &HeaderMap, name: &str) -> Answer<Option<u64>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    let invalid = || Refusal::because(Code::InvalidArgument, format!("{name} is not a number"));
    number.map(Some).ok_or_else(invalid)
}
