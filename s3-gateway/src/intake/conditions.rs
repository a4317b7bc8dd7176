//! Conditions of changes (user guide, "Conditional requests").

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use storage_engine::archive::DeleteConditions;
use storage_engine::archive::put::WriteConditions;

use crate::refusal::{Answer, Code, Refusal};

/// Reads `If-None-Match: *` and `If-Match: <etag>`.
///
/// *Errors*: `NotImplemented` for the forms that S3 does not serve either.
pub(crate) fn write_conditions(headers: &HeaderMap) -> Answer<WriteConditions> {
    let must_be_new = match text(headers, &IF_NONE_MATCH) {
        None => false,
        Some(value) if value == "*" => true,
        Some(_) => return Err(unserved("If-None-Match of a write takes * alone")),
    };
    let etag_is = expected_etag(headers)?;
    if etag_is.as_deref() == Some("*") {
        return Err(unserved("If-Match of a write takes one ETag"));
    }
    Ok(WriteConditions { must_be_new, etag_is })
}

/// Reads `If-Match: <etag>` and, for a delete, `If-Match: *`.
///
/// *Errors*: `NotImplemented` for a weak ETag.
pub(crate) fn delete_conditions(headers: &HeaderMap) -> Answer<DeleteConditions> {
    Ok(DeleteConditions { etag_is: expected_etag(headers)? })
}

/// The ETag of `If-Match`, without quotes.
fn expected_etag(headers: &HeaderMap) -> Answer<Option<String>> {
    match text(headers, &IF_MATCH) {
        Some(value) if value.starts_with("W/") => Err(unserved("If-Match of a change takes a strong ETag")),
        value => Ok(value.map(|value| value.trim_matches('"').to_owned())),
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

fn unserved(rule: &'static str) -> Refusal {
    Refusal::because(Code::NotImplemented, rule)
}
