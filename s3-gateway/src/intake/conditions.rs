//! Conditions of a write (API page "Conditional writes").

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use storage_engine::archive::put::WriteConditions;

use crate::refusal::{Answer, Code, Refusal};

/// Reads `If-None-Match: *` and `If-Match: <etag>`.
///
/// *Errors*: `NotImplemented` for the forms that S3 does not serve either.
pub(crate) fn write_conditions(headers: &HeaderMap) -> Answer<WriteConditions> {
    let text =
        |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    let must_be_new = match text(IF_NONE_MATCH) {
        None => false,
        Some(value) if value == "*" => true,
        Some(_) => return Err(unserved("If-None-Match of a write takes * alone")),
    };
    let etag_is = match text(IF_MATCH) {
        None => None,
        Some(value) if value == "*" || value.starts_with("W/") => {
            return Err(unserved("If-Match of a write takes one strong ETag"));
        }
        Some(value) => Some(value.trim_matches('"').to_owned()),
    };
    Ok(WriteConditions { must_be_new, etag_is })
}

fn unserved(rule: &'static str) -> Refusal {
    Refusal::because(Code::NotImplemented, rule)
}
