//! API page "DeleteObject".

use std::sync::Arc;

use s3s::dto::{DeleteObjectInput, DeleteObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::DeleteConditions;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Deletes the current version or the one named. A key that is not there is as good as deleted.
///
/// *Errors*: `AccessDenied` where the element's mode forbids it, `NotImplemented` for conditions.
pub(crate) async fn delete(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteObjectInput>,
) -> Answer<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    let is_conditional = input.if_match.is_some()
        || input.if_match_last_modified_time.is_some()
        || input.if_match_size.is_some();
    if is_conditional {
        return Err(Refusal::because(Code::NotImplemented, "Conditional deletes are not implemented"));
    }
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let work = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().delete(
            &entered.caller(),
            &bucket,
            &key,
            version,
            &DeleteConditions::default(),
        )?)
    };
    let deleted = gateway.crossing.run(work).await?;
    Ok(S3Response::new(DeleteObjectOutput {
        delete_marker: deleted.delete_marker.then_some(true),
        version_id: deleted.version_id.map(|version| version.to_string()),
        ..DeleteObjectOutput::default()
    }))
}
