//! API pages "PutBucketAcl" and "PutObjectAcl": refused, as at AWS where the owner of the bucket is enforced.

use std::sync::Arc;

use s3s::dto::{PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::{BucketName, ObjectKey};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Refuses a list for a bucket.
///
/// *Errors*: `AccessControlListNotSupported`; before that `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn put_of_bucket(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutBucketAclInput>,
) -> Answer<S3Response<PutBucketAclOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    gateway.crossing.run(move || visit.enter(&name, None).map(drop)).await?;
    Err(Refusal::new(Code::AccessControlListNotSupported))
}

/// Refuses a list for an object.
///
/// *Errors*: as for a bucket.
pub(crate) async fn put_of_object(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutObjectAclInput>,
) -> Answer<S3Response<PutObjectAclOutput>> {
    let (bucket, key) = (BucketName::parse(&request.input.bucket)?, ObjectKey::parse(&request.input.key)?);
    gateway.crossing.run(move || visit.enter(&bucket, Some(&key)).map(drop)).await?;
    Err(Refusal::new(Code::AccessControlListNotSupported))
}
