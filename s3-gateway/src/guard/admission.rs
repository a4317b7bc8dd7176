//! The head of a request, before its body is touched.

use http::header::{CONTENT_LENGTH, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use time::OffsetDateTime;
use time::macros::format_description;

use super::authorization::{Authorization, Place};
use super::{Query, credential_scope, expiry, hoisted, signed_headers, subresource, unreadable};
use crate::addressing::{Addressed, Domains};
use crate::form::Form;
use crate::intake::Claims;
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;

const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

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

/// A request that may go on.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// A request that is signed in its head, for s3s, with the shape of its body.
    Signed(BodyShape),
    /// A form, which s3s never sees.
    Form(Form),
}

/// Runs every guard that needs only the head, of which it takes out what S3 passes over.
///
/// *Errors*: those of the guards.
pub(crate) fn admit(head: &mut Parts, settings: &Settings, domains: &Domains) -> Answer<Admitted> {
    let query = Query::of(&head.uri)?;
    let addressed = domains.address(head)?;
    if Form::is_one(head) {
        Authorization::refuse_beside_form(&head.headers, &query)?;
        subresource::check(&head.method, query.names())?;
        return Ok(Admitted::Form(Form::new(&head.headers, addressed)?));
    }
    let authorization = Authorization::find(&head.headers, &query)?;
    let date = date_of_signature(&head.headers, &authorization);
    credential_scope::check(&authorization, &settings.region)?;
    if authorization.place == Place::Query {
        expiry::check(query.get("X-Amz-Expires").unwrap_or_default())?;
    }
    signed_headers::check(&head.headers, authorization.signed_headers)?;
    let signed = authorization.signed_headers.to_owned();
    let is_presigned = authorization.place == Place::Query;
    subresource::check(&head.method, query.names().filter(|name| !is_presigned || !hoisted::is_one(name)))?;
    if is_presigned {
        hoisted::take_back(&query, &mut head.headers)?;
    }
    if let Some(date) = date {
        head.headers.insert(AMZ_DATE, date);
    }
    unreadable::pass_over(&head.method, &mut head.headers, &signed);
    Ok(Admitted::Signed(shape(head, &addressed, &query)?))
}

/// The time of a signature that stands in the `Date` header alone, in the form that s3s reads (API page
/// "Signature Calculations for the Authorization Header": `Date` or `x-amz-date`).
fn date_of_signature(headers: &HeaderMap, authorization: &Authorization<'_>) -> Option<HeaderValue> {
    let is_needed = authorization.place == Place::Header && !headers.contains_key(AMZ_DATE);
    let date = headers.get(DATE).filter(|_| is_needed)?;
    let time = OffsetDateTime::from(httpdate::parse_http_date(date.to_str().ok()?).ok()?);
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    HeaderValue::from_str(&time.format(form).ok()?).ok()
}

fn shape(head: &Parts, addressed: &Addressed, query: &Query) -> Answer<BodyShape> {
    let content = head.headers.get("x-amz-content-sha256").map_or(&b""[..], |value| value.as_bytes());
    if content.starts_with(b"STREAMING-") {
        let decoded_length = number(&head.headers, "x-amz-decoded-content-length")?
            .ok_or_else(|| Refusal::new(Code::MissingContentLength))?;
        let is_signed = !content.starts_with(b"STREAMING-UNSIGNED-");
        return Ok(BodyShape::Chunked { is_signed, decoded_length });
    }
    if is_document(&head.method, addressed) {
        // The checksum headers of a completion are about the object, not about the list of its parts.
        let is_completion = query.has("uploadId");
        let claims =
            if is_completion { Claims::but_checksums(&head.headers) } else { Claims::of(&head.headers) };
        return Ok(BodyShape::Document(claims?));
    }
    number(&head.headers, CONTENT_LENGTH.as_str())?;
    Ok(BodyShape::Plain)
}

/// POST and what is PUT to a bucket carry documents; all else carries objects or nothing.
fn is_document(method: &Method, addressed: &Addressed) -> bool {
    *method == Method::POST || (*method == Method::PUT && addressed.key.is_empty())
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
