//! API pages "GetBucketVersioning" and "PutBucketVersioning".

use std::sync::Arc;

use s3s::dto::{
    BucketVersioningStatus, GetBucketVersioningInput, GetBucketVersioningOutput, MFADelete,
    PutBucketVersioningInput, PutBucketVersioningOutput,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::bucket::Versioning;
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Tells whether versioning is on or suspended; of a bucket that never had it, nothing.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn versioning(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketVersioningInput>,
) -> Answer<S3Response<GetBucketVersioningOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let look = move || Ok(visit.enter(&name, None)?.archive().bucket(&name)?.versioning);
    let status = match gateway.crossing.run(look).await? {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(S3Response::new(GetBucketVersioningOutput { status, ..GetBucketVersioningOutput::default() }))
}

/// Switches versioning on or suspends it.
///
/// *Durability*: an answer without an error means that the state survives a power cut.
///
/// *Errors*: `MalformedXML` for another state, `NotImplemented` for deletes by a second factor.
pub(crate) async fn put_versioning(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutBucketVersioningInput>,
) -> Answer<S3Response<PutBucketVersioningOutput>> {
    let input = request.input;
    let name = BucketName::parse(&input.bucket)?;
    let configuration = input.versioning_configuration;
    if configuration.mfa_delete.is_some_and(|mfa| mfa.as_str() == MFADelete::ENABLED) {
        return Err(Refusal::because(Code::NotImplemented, "MFA Delete is not implemented"));
    }
    let state = match configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) | None => return Err(Refusal::new(Code::MalformedXml)),
    };
    let work = move || {
        let entered = visit.enter(&name, None)?;
        Ok(entered.archive().set_versioning(&entered.caller(), &name, state)?)
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(PutBucketVersioningOutput {}))
}
