//! API page "RestoreObject".

use std::sync::Arc;

use s3s::dto::{RestoreObjectInput, RestoreObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Refuses to restore: the bytes of every object are here, as no element is archived.
///
/// *Errors*: `InvalidObjectState`, as AWS answers for a class that is not archived; those of HEAD.
pub(crate) async fn restore(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<RestoreObjectInput>,
) -> Answer<S3Response<RestoreObjectOutput>> {
    let input = request.input;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let look = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().object(&bucket, &key, version)?)
    };
    gateway.crossing.run(look).await?;
    Err(Refusal::because(
        Code::InvalidObjectState,
        "Restore is not allowed for the object's current storage class",
    ))
}
