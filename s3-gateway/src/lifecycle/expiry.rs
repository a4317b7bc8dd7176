//! The headers `x-amz-expiration`, `x-amz-abort-date` and `x-amz-abort-rule-id`.

use std::collections::BTreeMap;

use s3s::dto::{Timestamp, TimestampFormat};
use storage_engine::archive::object::Object;
use storage_engine::archive::put::Stored;
use storage_engine::lifecycle::{Candidate, Lifecycle, Standing};
use storage_engine::mode::Mode;
use storage_engine::name::ObjectKey;

use crate::percent::encode_query;
use crate::response::timestamp;

/// When the current object of a key will expire, and by which rule, where one will.
pub(crate) fn of_object(lifecycle: Option<&Lifecycle>, object: &Object) -> Option<String> {
    let about = About {
        key: &object.key,
        size: object.size,
        modified_ms: object.modified_ms,
        mode: object.mode,
        tags: &object.attributes.tags,
    };
    about.expiration(lifecycle?)
}

/// The same of what was just stored.
pub(crate) fn of_stored(lifecycle: Option<&Lifecycle>, key: &ObjectKey, stored: &Stored) -> Option<String> {
    let about = About {
        key,
        size: stored.size,
        modified_ms: stored.modified_ms,
        mode: stored.mode,
        tags: &stored.tags,
    };
    about.expiration(lifecycle?)
}

/// When an upload that is not completed will end, and by which rule, where one ends it.
pub(crate) fn of_upload(
    lifecycle: Option<&Lifecycle>,
    key: &ObjectKey,
    initiated_ms: u64,
) -> (Option<Timestamp>, Option<String>) {
    let expiry = lifecycle.and_then(|lifecycle| lifecycle.upload_expiry(key.as_str(), initiated_ms));
    match expiry {
        Some((at, rule)) => (timestamp(at.ms()), Some(encode_query(rule))),
        None => (None, None),
    }
}

/// What rules look at.
struct About<'a> {
    key: &'a ObjectKey,
    size: u64,
    modified_ms: u64,
    mode: Mode,
    tags: &'a BTreeMap<String, String>,
}

impl About<'_> {
    fn expiration(&self, lifecycle: &Lifecycle) -> Option<String> {
        let (at, rule) = lifecycle.expiry(&Candidate {
            key: self.key.as_str(),
            size: self.size,
            created_ms: self.modified_ms,
            mode: self.mode,
            is_marker: false,
            standing: Standing::Current,
            tags: Some(self.tags),
        })?;
        let mut date = Vec::new();
        timestamp(at.ms())?.format(TimestampFormat::HttpDate, &mut date).ok()?;
        let date = String::from_utf8(date).ok()?;
        Some(format!("expiry-date=\"{date}\", rule-id=\"{}\"", encode_query(rule)))
    }
}
