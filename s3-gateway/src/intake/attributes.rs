//! What a client says about an object besides its bytes.

use std::collections::BTreeMap;

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
};
use http::{HeaderMap, HeaderName};
use s3s::dto::Metadata;
use storage_engine::archive::object::Attributes;

use super::tagging;
use crate::refusal::{Answer, Code, Refusal};

/// Most bytes of user metadata: names and values in UTF-8 (S3 user guide, "Working with object metadata").
const METADATA_BYTES_MAX: usize = 2048;

/// Reads the attributes from the headers of a request. `metadata` is the user metadata as s3s decoded it:
/// UTF-8, or encoded words of RFC 2047.
///
/// *Errors*: `MetadataTooLarge`, `InvalidArgument` for text that no header can carry back, `InvalidTag`.
pub(crate) fn attributes(headers: &HeaderMap, metadata: Option<Metadata>) -> Answer<Attributes> {
    Ok(Attributes {
        content_type: text(headers, &CONTENT_TYPE)?,
        content_encoding: text(headers, &CONTENT_ENCODING)?.and_then(|value| without_framing(&value)),
        content_language: text(headers, &CONTENT_LANGUAGE)?,
        content_disposition: text(headers, &CONTENT_DISPOSITION)?,
        cache_control: text(headers, &CACHE_CONTROL)?,
        expires: text(headers, &EXPIRES)?,
        metadata: user_metadata(metadata.unwrap_or_default())?,
        tags: tagging::parse(headers)?,
    })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Answer<Option<String>> {
    let Some(value) = headers.get(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes());
    let invalid = |_| Refusal::because(Code::InvalidArgument, format!("The header {name} is not UTF-8"));
    text.map(|text| Some(text.to_owned())).map_err(invalid)
}

/// `aws-chunked` says how the body travels; what is left says what the object is.
fn without_framing(encodings: &str) -> Option<String> {
    let kept: Vec<&str> = encodings
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

fn user_metadata(metadata: Metadata) -> Answer<BTreeMap<String, String>> {
    let metadata: BTreeMap<String, String> = metadata.into_iter().collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > METADATA_BYTES_MAX {
        return Err(Refusal::new(Code::MetadataTooLarge)
            .with_element("Size", size)
            .with_element("MaxSizeAllowed", METADATA_BYTES_MAX));
    }
    match metadata.iter().find(|(_, value)| value.chars().any(char::is_control)) {
        None => Ok(metadata),
        Some((name, _)) => {
            let message = format!("The metadata {name} holds a control character");
            Err(Refusal::because(Code::InvalidArgument, message))
        }
    }
}
