//! API pages "PutBucketLifecycleConfiguration", "GetBucketLifecycleConfiguration" and "DeleteBucketLifecycle".

use std::sync::Arc;

use s3s::dto::{
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, PutBucketLifecycleConfigurationInput,
    PutBucketLifecycleConfigurationOutput, TransitionDefaultMinimumObjectSize,
};
use s3s::{S3Request, S3Response};
use storage_engine::lifecycle::{DefaultMinimumSize, Lifecycle};
use storage_engine::name::BucketName;

use super::rules;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Sets the rules of a bucket in place of those before.
///
/// *Durability*: an answer without an error means that the rules survive a power cut.
///
/// *Errors*: `MalformedXML` for what is no rule, `InvalidArgument` and `InvalidRequest` for rules that are not valid.
pub(crate) async fn put(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<S3Response<PutBucketLifecycleConfigurationOutput>> {
    let input = request.input;
    let name = BucketName::parse(&input.bucket)?;
    let configuration = input.lifecycle_configuration.ok_or_else(|| Refusal::new(Code::MalformedXml))?;
    let minimum = input.transition_default_minimum_object_size;
    let minimum = minimum.as_ref().map_or(Ok(DefaultMinimumSize::default()), minimum_of)?;
    let lifecycle =
        Lifecycle { default_minimum_size: minimum, rules: rules::from_document(configuration.rules)? };
    let work = move || {
        let entered = visit.enter(&name, None)?;
        Ok(entered.archive().set_lifecycle(&entered.caller(), &name, Some(lifecycle))?)
    };
    gateway.crossing.run(work).await?;
    let transition_default_minimum_object_size = Some(shown(minimum));
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size }))
}

/// Tells the rules of a bucket, in the order in which they were given.
///
/// *Errors*: `NoSuchLifecycleConfiguration` where it has none.
pub(crate) async fn get(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<S3Response<GetBucketLifecycleConfigurationOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let look = move || Ok(visit.enter(&name, None)?.archive().bucket(&name)?.lifecycle);
    let lifecycle = gateway.crossing.run(look).await?;
    let lifecycle = lifecycle.ok_or_else(|| Refusal::new(Code::NoSuchLifecycleConfiguration))?;
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules.iter().map(rules::to_document).collect()),
        transition_default_minimum_object_size: Some(shown(lifecycle.default_minimum_size)),
    }))
}

/// Removes the rules of a bucket; one without any is as good.
///
/// *Durability*: an answer without an error means that they stay removed through a power cut.
///
/// *Errors*: those of the engine.
pub(crate) async fn delete(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> Answer<S3Response<DeleteBucketLifecycleOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let work = move || {
        let entered = visit.enter(&name, None)?;
        Ok(entered.archive().set_lifecycle(&entered.caller(), &name, None)?)
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput {}))
}

fn minimum_of(value: &TransitionDefaultMinimumObjectSize) -> Answer<DefaultMinimumSize> {
    DefaultMinimumSize::find(value.as_str()).ok_or_else(|| {
        Refusal::because(
            Code::InvalidArgument,
            "x-amz-transition-default-minimum-object-size is all_storage_classes_128K or varies_by_storage_class",
        )
    })
}

fn shown(minimum: DefaultMinimumSize) -> TransitionDefaultMinimumObjectSize {
    TransitionDefaultMinimumObjectSize::from_static(minimum.as_str())
}
