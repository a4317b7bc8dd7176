//! API page "DeleteBucket".

use std::sync::Arc;

use s3s::dto::{DeleteBucketInput, DeleteBucketOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Deletes an empty bucket.
///
/// *Errors*: `BucketNotEmpty`, `NoSuchBucket`.
pub(crate) async fn delete(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteBucketInput>,
) -> Answer<S3Response<DeleteBucketOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let work = move || {
        let entered = visit.enter(&name, None)?;
        Ok(entered.archive().delete_bucket(&entered.caller(), &name)?)
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(DeleteBucketOutput {}))
}
