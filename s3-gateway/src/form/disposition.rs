//! That a request is a form, and which bucket it goes to.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::addressing::Addressed;
use crate::refusal::{Answer, Code, Refusal};

/// A form that is about to arrive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// The bucket that the request is sent to.
    pub(crate) bucket: String,
    /// What stands between the fields.
    pub(crate) boundary: String,
}

impl Form {
    /// Whether a request is a form.
    pub(crate) fn is_one(head: &Parts) -> bool {
        let is_form = |value: &HeaderValue| {
            let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
        };
        head.method == Method::POST && head.headers.get_all(CONTENT_TYPE).iter().any(is_form)
    }

    /// Takes a request that is a form.
    ///
    /// *Errors*: `MethodNotAllowed` where it is not sent to a bucket, `MalformedPOSTRequest` without a
    /// boundary.
    pub(crate) fn new(headers: &HeaderMap, addressed: Addressed) -> Answer<Self> {
        if addressed.bucket.is_empty() || !addressed.key.is_empty() {
            return Err(Refusal::new(Code::MethodNotAllowed));
        }
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(|_| {
            Refusal::because(Code::MalformedPostRequest, "The form has no boundary between its fields")
        })?;
        Ok(Self { bucket: addressed.bucket, boundary })
    }
}
