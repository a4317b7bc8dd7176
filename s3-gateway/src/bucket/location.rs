//! API page "GetBucketLocation".

use std::sync::Arc;

use s3s::dto::{BucketLocationConstraint, GetBucketLocationInput, GetBucketLocationOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// The region whose name S3 writes as an empty one.
const UNNAMED_REGION: &str = "us-east-1";

/// Tells the region of a bucket.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn location(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketLocationInput>,
) -> Answer<S3Response<GetBucketLocationOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    gateway.crossing.run(move || visit.enter(&name, None).map(drop)).await?;
    let is_named = gateway.region != UNNAMED_REGION;
    let location_constraint = is_named.then(|| BucketLocationConstraint::from(gateway.region.clone()));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
}
