//! What HEAD and GET say about an object.

use std::time::{Duration, UNIX_EPOCH};

use http::header::EXPIRES;
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::{ChecksumMode, ETag, Metadata, StorageClass, Timestamp};
use storage_engine::archive::object::Object;
use storage_engine::archive::restore::RestoreStatus;
use storage_engine::digest::{Checksum, ChecksumAlgorithm, ChecksumType};
use storage_engine::mode;

use super::Selected;
use crate::intake::value_of;
use crate::response::timestamp;

/// What S3 answers where the client named no type.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";
const TAGGING_COUNT: HeaderName = HeaderName::from_static("x-amz-tagging-count");

/// The parts of an answer that HEAD and GET share, in the types of s3s.
pub(crate) struct ObjectHeaders<'a> {
    object: &'a Object,
    selected: &'a Selected,
    /// Those of the whole, of the part, or none.
    checksums: &'a [Checksum],
}

impl<'a> ObjectHeaders<'a> {
    /// The headers of `object` for `selected`. A checksum is shown beside the bytes that it covers: where
    /// another share of them is sent, a client that compared the two would find damage that is none.
    pub(crate) fn new(
        object: &'a Object,
        selected: &'a Selected,
        checksum_mode: Option<ChecksumMode>,
    ) -> Self {
        let is_asked = checksum_mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("ENABLED"));
        let checksums = match (&selected.checksum, &selected.content_range) {
            (Some(of_part), _) => std::slice::from_ref(of_part),
            (None, None) => object.checksums.as_slice(),
            (None, Some(_)) => &[],
        };
        Self { object, selected, checksums: if is_asked { checksums } else { &[] } }
    }

    /// The ETag.
    pub(crate) fn etag(&self) -> Option<ETag> {
        Some(ETag::Strong(self.object.etag.clone()))
    }

    /// The number of bytes of this answer.
    pub(crate) fn content_length(&self) -> Option<i64> {
        i64::try_from(self.selected.span.end - self.selected.span.start).ok()
    }

    /// The type of the content.
    pub(crate) fn content_type(&self) -> Option<String> {
        let known = self.object.attributes.content_type.clone();
        Some(known.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()))
    }

    /// When the version was made.
    pub(crate) fn last_modified(&self) -> Option<Timestamp> {
        timestamp(self.object.modified_ms)
    }

    /// The class; the header is absent for STANDARD.
    pub(crate) fn storage_class(&self) -> Option<StorageClass> {
        let is_standard = self.object.class == mode::StorageClass::Standard;
        (!is_standard).then(|| StorageClass::from_static(self.object.class.as_str()))
    }

    /// Whether archived bytes are here for a time, or on their way: one of two forms (API page "HeadObject").
    pub(crate) fn restore(&self) -> Option<String> {
        self.object.restore.map(|restore| match restore {
            RestoreStatus::Ongoing => "ongoing-request=\"true\"".to_owned(),
            RestoreStatus::Restored { until_ms } => {
                let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(until_ms));
                format!("ongoing-request=\"false\", expiry-date=\"{date}\"")
            }
        })
    }

    /// User metadata.
    pub(crate) fn metadata(&self) -> Option<Metadata> {
        let metadata = &self.object.attributes.metadata;
        (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect())
    }

    /// The version; absent in a bucket that never had versioning.
    pub(crate) fn version_id(&self) -> Option<String> {
        self.object.shown_version.map(|version| version.to_string())
    }

    /// What the checksums cover, where they are shown.
    pub(crate) fn checksum_type(&self) -> Option<ChecksumType> {
        (!self.checksums.is_empty()).then_some(self.object.checksum_type)
    }

    /// The value of one additional checksum, where they are shown.
    pub(crate) fn checksum(&self, algorithm: ChecksumAlgorithm) -> Option<String> {
        value_of(self.checksums, algorithm)
    }

    /// Headers that s3s has no room for, or would write otherwise than they were sent.
    pub(crate) fn others(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let expires = self.object.attributes.expires.as_deref();
        if let Some(expires) = expires.and_then(|expires| HeaderValue::from_str(expires).ok()) {
            headers.insert(EXPIRES, expires);
        }
        let tags = self.object.attributes.tags.len();
        if tags > 0 {
            headers.insert(TAGGING_COUNT, HeaderValue::from(tags));
        }
        headers
    }
}
