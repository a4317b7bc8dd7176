//! API page "DeleteObject".

use std::sync::Arc;

use s3s::dto::{DeleteObjectInput, DeleteObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::delete_conditions;
use crate::refusal::{Answer, Code, Refusal};

/// Deletes the current version or the one named. A key that is not there is as good as deleted.
///
/// `If-Match` makes it conditional on the ETag.
///
/// *Errors*: `AccessDenied` where the element's mode forbids it; `PreconditionFailed`, and `NoSuchKey` where
/// there is a condition and no object; `NotImplemented` for the conditions of directory buckets.
pub(crate) async fn delete(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteObjectInput>,
) -> Answer<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(directory_buckets_only());
    }
    let conditions = delete_conditions(&request.headers)?;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let work = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().delete(&entered.caller(), &bucket, &key, version, &conditions)?)
    };
    let deleted = gateway.crossing.run(work).await?;
    Ok(S3Response::new(DeleteObjectOutput {
        delete_marker: deleted.delete_marker.then_some(true),
        version_id: deleted.version_id.map(|version| version.to_string()),
        ..DeleteObjectOutput::default()
    }))
}

/// S3 compares sizes and times for directory buckets alone (API page "DeleteObject").
pub(super) fn directory_buckets_only() -> Refusal {
    Refusal::because(
        Code::NotImplemented,
        "Deletes on condition of a size or a time are not implemented; compare the ETag",
    )
}
