//! API pages "GetObjectTagging", "PutObjectTagging" and "DeleteObjectTagging".

use std::collections::BTreeMap;
use std::sync::Arc;

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::object::Attributes;
use storage_engine::archive::put::Stored;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use super::annotation::{Said, annotate};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::checked_tags;
use crate::refusal::Answer;

/// Tells the tags of an object, in the order of their names.
///
/// *Errors*: those of HEAD.
pub(crate) async fn get_tags(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetObjectTaggingInput>,
) -> Answer<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let look = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().object(&bucket, &key, version)?)
    };
    let object = gateway.crossing.run(look).await?;
    let tags = object.attributes.tags.clone().into_iter();
    let tag_set = tags.map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
    let version_id = object.shown_version.map(|version| version.to_string());
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id }))
}

/// Replaces the tags of an object, whose bytes and time stay.
///
/// *Durability*: an answer without an error means that the tags survive a power cut.
///
/// *Errors*: `InvalidTag`, `AccessDenied` where the element's mode forbids it.
pub(crate) async fn put_tags(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutObjectTaggingInput>,
) -> Answer<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let pairs = input.tagging.tag_set.into_iter();
    let tags = checked_tags(pairs.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))?;
    let named = Named::new(&input.bucket, &input.key, input.version_id.as_deref())?;
    let stored = named.replace(gateway, visit, tags).await?;
    let version_id = stored.version_id.map(|version| version.to_string());
    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

/// Removes the tags of an object.
///
/// *Durability*: an answer without an error means that they stay removed through a power cut.
///
/// *Errors*: those of PutObjectTagging.
pub(crate) async fn delete_tags(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteObjectTaggingInput>,
) -> Answer<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let named = Named::new(&input.bucket, &input.key, input.version_id.as_deref())?;
    let stored = named.replace(gateway, visit, BTreeMap::new()).await?;
    let version_id = stored.version_id.map(|version| version.to_string());
    Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
}

/// The version whose tags change.
struct Named {
    bucket: BucketName,
    key: ObjectKey,
    version: Option<VersionId>,
}

impl Named {
    fn new(bucket: &str, key: &str, version: Option<&str>) -> Answer<Self> {
        Ok(Self {
            bucket: BucketName::parse(bucket)?,
            key: ObjectKey::parse(key)?,
            version: version.map(VersionId::parse).transpose()?,
        })
    }

    async fn replace(
        self,
        gateway: &Gateway,
        visit: Arc<Visit>,
        tags: BTreeMap<String, String>,
    ) -> Answer<Stored> {
        let work = move || {
            let entered = visit.enter(&self.bucket, Some(&self.key))?;
            annotate(&entered, &self.bucket, &self.key, || {
                let object = entered.archive().object(&self.bucket, &self.key, self.version)?;
                let attributes = Attributes { tags: tags.clone(), ..object.attributes.clone() };
                Ok(Said { object, attributes, renews_time: false })
            })
        };
        gateway.crossing.run(work).await
    }
}
