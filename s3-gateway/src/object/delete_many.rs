//! API page "DeleteObjects".

use std::sync::Arc;

use futures::StreamExt as _;
use s3s::dto::{
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error as KeyError, ObjectIdentifier,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::DeleteConditions;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use super::delete::directory_buckets_only;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Most keys of one request.
const KEYS_MAX: usize = 1000;
/// Deletions in flight at a time, so that they share the log's syncs.
const DELETIONS_AT_ONCE: usize = 32;

/// Deletes keys, each for itself: a refusal of one is told in the answer and stops no other.
///
/// *Errors*: `MalformedXML` for no key or more than 1,000, `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn delete_many(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<DeleteObjectsInput>,
) -> Answer<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > KEYS_MAX {
        return Err(Refusal::new(Code::MalformedXml));
    }
    let bucket = BucketName::parse(&input.bucket)?;
    let (asking, asked) = (Arc::clone(&visit), bucket.clone());
    gateway.crossing.run(move || asking.enter(&asked, None).map(drop)).await?;

    let is_quiet = input.delete.quiet.unwrap_or(false);
    let outcomes = futures::stream::iter(objects)
        .map(|object| delete_one(gateway, Arc::clone(&visit), bucket.clone(), object))
        .buffered(DELETIONS_AT_ONCE);
    let mut outcomes = std::pin::pin!(outcomes);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(_) if is_quiet => {}
            Ok(object) => deleted.push(object),
            Err(error) => errors.push(error),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

async fn delete_one(
    gateway: &Gateway,
    visit: Arc<Visit>,
    bucket: BucketName,
    object: ObjectIdentifier,
) -> Result<DeletedObject, KeyError> {
    let ObjectIdentifier { key, version_id, e_tag, last_modified_time, size } = object;
    let conditions = DeleteConditions { etag_is: e_tag.map(ETag::into_value), seen: None };
    let is_served = last_modified_time.is_none() && size.is_none();
    let (name, named_version) = (key.clone(), version_id.clone());
    let work = move || -> Answer<_> {
        if !is_served {
            return Err(directory_buckets_only());
        }
        let key = ObjectKey::parse(&name)?;
        let version = named_version.as_deref().map(VersionId::parse).transpose()?;
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().delete(&entered.caller(), &bucket, &key, version, &conditions)?)
    };
    match gateway.crossing.run(work).await {
        Ok(deleted) => Ok(DeletedObject {
            delete_marker: deleted.delete_marker.then_some(true),
            delete_marker_version_id: deleted
                .version_id
                .filter(|_| deleted.delete_marker)
                .map(|version| version.to_string()),
            key: Some(key),
            version_id,
        }),
        Err(refusal) => {
            tracing::debug!(%key, kind = ?refusal.kind(), %refusal, "a deletion was refused");
            Err(KeyError {
                code: Some(refusal.code().as_str().to_owned()),
                key: Some(key),
                message: Some(refusal.message().to_owned()),
                version_id,
            })
        }
    }
}
