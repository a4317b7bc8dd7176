//! API pages "GetBucketAcl" and "GetObjectAcl".

use std::sync::Arc;

use s3s::dto::{
    GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput, GetObjectAclOutput, Grant, Grantee, Owner,
    Permission, Type,
};
use s3s::{S3Request, S3Response};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Tells that the owner of a bucket has full control of it.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn of_bucket(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketAclInput>,
) -> Answer<S3Response<GetBucketAclOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let asking = Arc::clone(&visit);
    let look = move || owner_of_bucket(&asking, &name);
    let owner = visit.owner(&gateway.crossing.run(look).await?);
    let grants = Some(vec![full_control(&owner)]);
    Ok(S3Response::new(GetBucketAclOutput { grants, owner: Some(owner) }))
}

/// Tells that the owner of an object has full control of it.
///
/// *Errors*: those of HEAD.
pub(crate) async fn of_object(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetObjectAclInput>,
) -> Answer<S3Response<GetObjectAclOutput>> {
    let input = request.input;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let asking = Arc::clone(&visit);
    let look = move || owner_of_object(&asking, &bucket, &key, version);
    let owner = visit.owner(&gateway.crossing.run(look).await?);
    let grants = Some(vec![full_control(&owner)]);
    Ok(S3Response::new(GetObjectAclOutput { grants, owner: Some(owner), ..GetObjectAclOutput::default() }))
}

/// The account that owns a bucket. Blocking.
pub(super) fn owner_of_bucket(visit: &Arc<Visit>, bucket: &BucketName) -> Answer<Arc<str>> {
    Ok(visit.enter(bucket, None)?.archive().bucket(bucket)?.owner)
}

/// The account that owns an object. Blocking.
pub(super) fn owner_of_object(
    visit: &Arc<Visit>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Answer<Arc<str>> {
    let object = visit.enter(bucket, Some(key))?.archive().object(bucket, key, version)?;
    Ok(Arc::clone(&object.owner))
}

fn full_control(owner: &Owner) -> Grant {
    let grantee = Grantee {
        display_name: owner.display_name.clone(),
        email_address: None,
        id: owner.id.clone(),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    Grant { grantee: Some(grantee), permission: Some(Permission::from_static(Permission::FULL_CONTROL)) }
}
