//! Object tags in the header `x-amz-tagging` (API page "PutObject").

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::dto::Tagging;
use s3s::xml::{Deserialize as _, Deserializer};

use crate::percent::decode_query;
use crate::refusal::{Answer, Code, Refusal};

const TAGS_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// Reads the tags of a new object, written like a query.
///
/// *Errors*: `InvalidTag`; `InvalidArgument` where the header is not a query.
pub(super) fn parse(headers: &HeaderMap) -> Answer<BTreeMap<String, String>> {
    let Some(header) = headers.get("x-amz-tagging") else {
        return Ok(BTreeMap::new());
    };
    let malformed = || {
        Refusal::because(
            Code::InvalidArgument,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded",
        )
    };
    let header = std::str::from_utf8(header.as_bytes()).map_err(|_| malformed())?;
    let mut pairs = Vec::new();
    for pair in header.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode_query(name).ok_or_else(malformed)?;
        let value = decode_query(value).ok_or_else(malformed)?;
        pairs.push((name.into_owned(), value.into_owned()));
    }
    checked_tags(pairs)
}

/// Reads tags from the document that forms bring (API page "PutObjectTagging").
///
/// *Errors*: `MalformedXML`, `InvalidTag`.
pub(crate) fn parse_tagging(document: &str) -> Answer<BTreeMap<String, String>> {
    let mut reader = Deserializer::new(document.as_bytes());
    let tagging = Tagging::deserialize(&mut reader).map_err(|_| Refusal::new(Code::MalformedXml))?;
    reader.expect_eof().map_err(|_| Refusal::new(Code::MalformedXml))?;
    let pairs = tagging.tag_set.into_iter();
    checked_tags(pairs.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))
}

/// The tags, if they keep S3's rules (user guide, "Categorizing your objects using tags").
///
/// *Errors*: `InvalidTag`.
pub(crate) fn checked_tags(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Answer<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for (name, value) in pairs {
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err(Refusal::because(Code::InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            return Err(Refusal::because(Code::InvalidTag, "The TagValue you have provided is invalid"));
        }
        if tags.insert(name, value).is_some() {
            return Err(Refusal::because(Code::InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(Refusal::because(Code::InvalidTag, "Object tags cannot be greater than 10"));
    }
    Ok(tags)
}
