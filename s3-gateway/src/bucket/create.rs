//! API page "CreateBucket".

use std::sync::Arc;

use s3s::dto::{CreateBucketInput, CreateBucketOutput, ObjectOwnership};
use s3s::{S3Request, S3Response};
use storage_engine::ErrorKind;
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::refuse_unsupported;
use crate::refusal::{Answer, Code, Refusal};

/// The region where S3 answers the repeat of an own bucket as it did the first time (API page
/// "CreateBucket", `BucketAlreadyOwnedByYou`).
const REPEATABLE_REGION: &str = "us-east-1";

/// Creates a bucket that belongs to the caller.
///
/// *Errors*: `InvalidLocationConstraint` for another region, `NotImplemented` for Object Lock and shared
/// ownership, those of the engine.
pub(crate) async fn create(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<CreateBucketInput>,
) -> Answer<S3Response<CreateBucketOutput>> {
    refuse_unsupported(&request.headers)?;
    let input = request.input;
    let is_shared =
        |ownership: &ObjectOwnership| ownership.as_str() != ObjectOwnership::BUCKET_OWNER_ENFORCED;
    if input.object_lock_enabled_for_bucket == Some(true)
        || input.object_ownership.as_ref().is_some_and(is_shared)
    {
        return Err(Refusal::new(Code::NotImplemented));
    }
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    let constraint = configuration.location_constraint.as_ref().map_or("", |constraint| constraint.as_str());
    if !constraint.is_empty() && constraint != gateway.region {
        return Err(
            Refusal::new(Code::InvalidLocationConstraint).with_element("LocationConstraint", constraint)
        );
    }
    let name = BucketName::parse(&input.bucket)?;
    let location = format!("/{name}");
    let is_repeatable = gateway.region == REPEATABLE_REGION;
    let work = move || {
        let entered = visit.enter_to_create(&name)?;
        match entered.archive().create_bucket(&entered.caller(), &name, &visit.account()) {
            Err(error) if is_repeatable && error.kind() == ErrorKind::BucketAlreadyOwned => Ok(()),
            made => Ok(made.map(drop)?),
        }
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(CreateBucketOutput { location: Some(location) }))
}
