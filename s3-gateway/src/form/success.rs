//! What a form is answered with, as it asked for (API page "POST Object").

use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, StatusCode, Uri};
use s3s::HttpResponse;
use storage_engine::archive::put::Stored;

use super::fields::Fields;
use crate::percent::encode_query;
use crate::response::element;

/// The answer that a form asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Success {
    /// The browser goes on to another page, which is told what was stored.
    Redirect(String),
    /// A status alone; 201 brings a document.
    Status(StatusCode),
}

/// What was stored, and where.
pub(super) struct Location<'a> {
    pub(super) url: &'a str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl Success {
    /// Reads what a form asks for. What is no address or no status of the three counts as not asked for.
    pub(super) fn asked(fields: &Fields) -> Self {
        let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
        let is_address = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
        if let Some(url) = redirect.filter(|url| url.parse().is_ok_and(|uri| is_address(&uri))) {
            return Self::Redirect(url.to_owned());
        }
        Self::Status(match fields.get("success_action_status") {
            Some("200") => StatusCode::OK,
            Some("201") => StatusCode::CREATED,
            _ => StatusCode::NO_CONTENT,
        })
    }

    /// Writes the answer.
    pub(super) fn answer(&self, stored: &Stored, location: &Location<'_>) -> HttpResponse {
        let etag = format!("\"{}\"", stored.etag);
        let mut response = HttpResponse::default();
        let mut target = location.url.to_owned();
        match self {
            Self::Redirect(url) => {
                *response.status_mut() = StatusCode::SEE_OTHER;
                let joint = if url.contains('?') { '&' } else { '?' };
                target = format!(
                    "{url}{joint}bucket={}&key={}&etag={}",
                    encode_query(location.bucket),
                    encode_query(location.key),
                    encode_query(&etag)
                );
            }
            Self::Status(status) => {
                *response.status_mut() = *status;
                if *status == StatusCode::CREATED {
                    *response.body_mut() = s3s::Body::from(document(&etag, location));
                    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
                }
            }
        }
        let version = stored.version_id.map(|version| version.to_string()).unwrap_or_default();
        for (name, value) in [(ETAG, etag), (LOCATION, target), (VERSION_ID, version)] {
            if let Some(value) = HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

const VERSION_ID: http::HeaderName = http::HeaderName::from_static("x-amz-version-id");

fn document(etag: &str, location: &Location<'_>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
    element(&mut xml, "Location", location.url);
    element(&mut xml, "Bucket", location.bucket);
    element(&mut xml, "Key", location.key);
    element(&mut xml, "ETag", etag);
    xml.push_str("</PostResponse>");
    xml
}
