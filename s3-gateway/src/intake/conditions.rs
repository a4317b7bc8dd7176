//! Conditions of changes (user guide, "Conditional requests").

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use storage_engine::archive::DeleteConditions;
use storage_engine::archive::put::WriteConditions;

use crate::refusal::{Answer, Code, Refusal};

/// Reads `If-None-Match` and `If-Match`, each `*` or one ETag, quoted or not (RFC 9110, sections 13.1.1 and
/// 13.1.2). S3 itself serves `*` for the first and an ETag for the second.
///
/// *Errors*: `NotImplemented` for a weak ETag.
pub(crate) fn write_conditions(headers: &HeaderMap) -> Answer<WriteConditions> {
    Ok(WriteConditions { etag_is_not: etag(headers, &IF_NONE_MATCH)?, etag_is: etag(headers, &IF_MATCH)? })
}

/// Reads `If-Match`, which is `*` or one ETag.
///
/// *Errors*: `NotImplemented` for a weak ETag.
pub(crate) fn delete_conditions(headers: &HeaderMap) -> Answer<DeleteConditions> {
    Ok(DeleteConditions { etag_is: etag(headers, &IF_MATCH)?, seen: None })
}

/// The ETag in a header, without quotes.
fn etag(headers: &HeaderMap, name: &HeaderName) -> Answer<Option<String>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    match value.trim() {
        weak if weak.starts_with("W/") => {
            Err(Refusal::because(Code::NotImplemented, format!("{name} of a change takes a strong ETag")))
        }
        value => Ok(Some(value.trim_matches('"').to_owned())),
    }
}
