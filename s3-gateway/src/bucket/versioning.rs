//! API page "GetBucketVersioning".

use std::sync::Arc;

use s3s::dto::{GetBucketVersioningInput, GetBucketVersioningOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Answers that versioning was never enabled: it cannot be, yet.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn versioning(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketVersioningInput>,
) -> Answer<S3Response<GetBucketVersioningOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    gateway.crossing.run(move || visit.enter(&name, None).map(drop)).await?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}
