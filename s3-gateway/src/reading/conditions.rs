//! Conditions of a read (RFC 9110, section 13; API page "GetObject").

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::Timestamp;
use storage_engine::archive::object::Object;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::refusal::{Answer, Code, Refusal};

const SOURCE_IF_MATCH: HeaderName = HeaderName::from_static("x-amz-copy-source-if-match");
const SOURCE_IF_NONE_MATCH: HeaderName = HeaderName::from_static("x-amz-copy-source-if-none-match");

/// The conditions of one GET or HEAD, or on the source of a copy.
#[derive(Debug, Default)]
pub(crate) struct ReadConditions {
    matches: Option<String>,
    matches_none: Option<String>,
    modified_since: Option<i64>,
    unmodified_since: Option<i64>,
    range_if: Option<String>,
}

impl ReadConditions {
    /// Reads the lists of ETags from the headers; the times come as s3s parsed them.
    pub(crate) fn new(
        headers: &HeaderMap,
        modified_since: Option<Timestamp>,
        unmodified_since: Option<Timestamp>,
    ) -> Self {
        Self::with_lists(headers, (IF_MATCH, IF_NONE_MATCH), modified_since, unmodified_since)
    }

    /// The conditions on the source of a copy.
    pub(crate) fn of_source(
        headers: &HeaderMap,
        modified_since: Option<Timestamp>,
        unmodified_since: Option<Timestamp>,
    ) -> Self {
        let lists = (SOURCE_IF_MATCH, SOURCE_IF_NONE_MATCH);
        Self::with_lists(headers, lists, modified_since, unmodified_since)
    }

    fn with_lists(
        headers: &HeaderMap,
        (matches, matches_none): (HeaderName, HeaderName),
        modified_since: Option<Timestamp>,
        unmodified_since: Option<Timestamp>,
    ) -> Self {
        let list =
            |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let seconds = |time: Timestamp| OffsetDateTime::from(time).unix_timestamp();
        Self {
            matches: list(matches),
            matches_none: list(matches_none),
            modified_since: modified_since.map(seconds),
            unmodified_since: unmodified_since.map(seconds),
            range_if: list(IF_RANGE),
        }
    }

    /// Whether a range may answer, or `If-Range` names another object than this one, so that a client that
    /// goes on with a download gets all of the new one (RFC 9110, section 13.1.5).
    pub(crate) fn keeps_range(&self, object: &Object) -> bool {
        let Some(validator) = &self.range_if else {
            return true;
        };
        let is_time =
            http_date(object.modified_ms).is_some_and(|time| time.as_bytes() == validator.as_bytes());
        is_time || validator.trim() == format!("\"{}\"", object.etag)
    }

    /// Decides for the source of a copy, of which no cache knows anything.
    ///
    /// *Errors*: `PreconditionFailed`.
    pub(crate) fn check_source(&self, object: &Object) -> Answer<()> {
        self.check(object).map_err(|_| Refusal::new(Code::PreconditionFailed))
    }

    /// Decides for `object`. A list of ETags takes precedence over the time beside it.
    ///
    /// *Errors*: `PreconditionFailed`, `NotModified`.
    pub(crate) fn check(&self, object: &Object) -> Answer<()> {
        let modified = i64::try_from(object.modified_ms / 1000).unwrap_or(i64::MAX);
        let holds = match (&self.matches, self.unmodified_since) {
            (Some(list), _) => contains(list, &object.etag),
            (None, Some(since)) => modified <= since,
            (None, None) => true,
        };
        if !holds {
            return Err(Refusal::new(Code::PreconditionFailed));
        }
        let is_known = match (&self.matches_none, self.modified_since) {
            (Some(list), _) => contains(list, &object.etag),
            (None, Some(since)) => modified <= since,
            (None, None) => false,
        };
        if is_known { Err(not_modified(object)) } else { Ok(()) }
    }
}

/// Whether a list of ETags, quoted or not, holds `etag` or is `*`.
fn contains(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|item| {
        let item = item.strip_prefix("W/").unwrap_or(item);
        item == "*" || item.trim_matches('"') == etag
    })
}

/// The answer repeats what a cache compares.
fn not_modified(object: &Object) -> Refusal {
    let mut refusal = Refusal::new(Code::NotModified);
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", object.etag)) {
        refusal = refusal.with_header(ETAG, etag);
    }
    if let Some(modified) = http_date(object.modified_ms) {
        refusal = refusal.with_header(LAST_MODIFIED, modified);
    }
    refusal
}

/// A time in the form of HTTP, which is RFC 2822 with `GMT` for the zone.
fn http_date(ms: u64) -> Option<HeaderValue> {
    let seconds = i64::try_from(ms / 1000).ok()?;
    let text = OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc2822).ok()?;
    HeaderValue::from_str(&text.replace("+0000", "GMT")).ok()
}
