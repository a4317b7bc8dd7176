//! What a copy is made of (API pages "CopyObject" and "UploadPartCopy").

use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{CopySource as NamedSource, Timestamp};
use storage_engine::archive::ObjectReader;
use storage_engine::archive::multipart::PART_BYTES_MAX;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::reading::ReadConditions;
use crate::refusal::{Answer, Code, Refusal};

/// The object that a request copies from, and under which conditions.
pub(crate) struct CopySource {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: ObjectKey,
    /// The version, where one is named.
    pub(crate) version: Option<VersionId>,
    conditions: ReadConditions,
    expected_owner: Option<String>,
}

/// The times of a source's conditions, as s3s parsed them.
pub(crate) struct SourceTimes {
    pub(crate) modified_since: Option<Timestamp>,
    pub(crate) unmodified_since: Option<Timestamp>,
}

impl CopySource {
    /// Takes the name that s3s decoded, and what the headers demand of it.
    ///
    /// *Errors*: `NotImplemented` for access points, those of the names.
    pub(crate) fn new(named: &NamedSource, headers: &HeaderMap, times: SourceTimes) -> Answer<Self> {
        let NamedSource::Bucket { bucket, key, version_id } = named else {
            return Err(Refusal::because(Code::NotImplemented, "Access points are not implemented"));
        };
        let expected_owner = headers.get("x-amz-source-expected-bucket-owner");
        Ok(Self {
            bucket: BucketName::parse(bucket)?,
            key: ObjectKey::parse(key)?,
            version: version_id.as_deref().map(VersionId::parse).transpose()?,
            conditions: ReadConditions::of_source(headers, times.modified_since, times.unmodified_since),
            expected_owner: expected_owner
                .map(|owner| String::from_utf8_lossy(owner.as_bytes()).into_owned()),
        })
    }

    /// Opens the source with the rights of who asks, who must be allowed to read it. Blocking.
    ///
    /// *Errors*: `AccessDenied`, `NoSuchBucket`, `NoSuchKey`, `InvalidObjectState`, and `PreconditionFailed`
    /// where a condition does not hold.
    pub(crate) fn open(&self, visit: &Arc<Visit>) -> Answer<ObjectReader> {
        let entered = visit.enter_source(&self.bucket, &self.key, self.expected_owner.as_deref())?;
        let reader = entered.archive().read(&self.bucket, &self.key, self.version)?;
        self.conditions.check_source(reader.object())?;
        Ok(reader)
    }
}

/// The refusal of a source that is copied in parts alone.
pub(crate) fn source_too_large() -> Refusal {
    let message = format!(
        "The specified copy source is larger than the maximum allowable size for a copy source: {PART_BYTES_MAX}"
    );
    Refusal::because(Code::InvalidRequest, message)
}
