//! Browser forms (API page "POST Object") are refused before their body is read: s3s would hold the whole
//! file in memory.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

use crate::refusal::{Answer, Code, Refusal};

/// Refuses a POST of a form.
///
/// *Errors*: `NotImplemented`.
pub(super) fn check(method: &Method, headers: &HeaderMap) -> Answer<()> {
    let is_form = |value: &http::HeaderValue| {
        let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
    };
    if *method == Method::POST && headers.get_all(CONTENT_TYPE).iter().any(is_form) {
        return Err(Refusal::because(Code::NotImplemented, "POST Object is not implemented"));
    }
    Ok(())
}
