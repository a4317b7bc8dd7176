//! API pages "PutBucketAcl" and "PutObjectAcl", as at AWS where the owner of the bucket is enforced: a list that says
//! what holds anyway is taken and changes nothing, every other is refused.
//!
//! Clients that copy, such as s3cmd, write the list that they read from the source.

use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{
    AccessControlPolicy, Grant, Permission, PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput,
    PutObjectAclOutput,
};
use s3s::{S3Request, S3Response};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use super::lists::{owner_of_bucket, owner_of_object};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::refuse_unsupported;
use crate::refusal::{Answer, Code, Refusal};

/// Takes a list for a bucket where it gives the owner full control and nobody anything else.
///
/// *Errors*: `AccessControlListNotSupported`; before that `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn of_bucket(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutBucketAclInput>,
) -> Answer<S3Response<PutBucketAclOutput>> {
    let S3Request { input, headers, .. } = request;
    let name = BucketName::parse(&input.bucket)?;
    let owner = gateway.crossing.run(move || owner_of_bucket(&visit, &name)).await?;
    check(&headers, input.acl.is_some(), input.access_control_policy, &owner)?;
    Ok(S3Response::new(PutBucketAclOutput::default()))
}

/// Takes a list for an object where it gives the owner full control and nobody anything else.
///
/// *Errors*: `AccessControlListNotSupported`; before that those of HEAD.
pub(crate) async fn of_object(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutObjectAclInput>,
) -> Answer<S3Response<PutObjectAclOutput>> {
    let S3Request { input, headers, .. } = request;
    let (bucket, key) = (BucketName::parse(&input.bucket)?, ObjectKey::parse(&input.key)?);
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let look = move || owner_of_object(&visit, &bucket, &key, version);
    let owner = gateway.crossing.run(look).await?;
    check(&headers, input.acl.is_some(), input.access_control_policy, &owner)?;
    Ok(S3Response::new(PutObjectAclOutput::default()))
}

/// Refuses what is not the list that [`super::lists`] shows, be it canned, in headers or as a document.
fn check(
    headers: &HeaderMap,
    is_canned: bool,
    policy: Option<AccessControlPolicy>,
    owner: &str,
) -> Answer<()> {
    refuse_unsupported(headers)?;
    let holds = match policy {
        Some(AccessControlPolicy { grants: Some(grants), owner: named }) => {
            named.is_none_or(|named| named.id.is_none_or(|id| id == owner))
                && matches!(&*grants, [grant] if is_full_control(grant, owner))
        }
        Some(AccessControlPolicy { grants: None, .. }) => false,
        None => is_canned,
    };
    if holds { Ok(()) } else { Err(Refusal::new(Code::AccessControlListNotSupported)) }
}

fn is_full_control(grant: &Grant, owner: &str) -> bool {
    let is_full = grant.permission.as_ref().is_some_and(|it| it.as_str() == Permission::FULL_CONTROL);
    is_full && grant.grantee.as_ref().is_some_and(|it| it.id.as_deref() == Some(owner))
}
