//! API page "HeadBucket".

use std::sync::Arc;

use s3s::dto::{HeadBucketInput, HeadBucketOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Tells that the bucket exists and may be used, and its region.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn head(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<HeadBucketInput>,
) -> Answer<S3Response<HeadBucketOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    gateway.crossing.run(move || visit.enter(&name, None).map(drop)).await?;
    let bucket_region = Some(gateway.region.clone());
    Ok(S3Response::new(HeadBucketOutput { bucket_region, ..HeadBucketOutput::default() }))
}
