//! The S3 trait of s3s: each operation goes to its own file, and its refusal into the request's context.

use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use s3s::dto;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::Visit;
use crate::crossing::Crossing;
use crate::object::PutQueue;
use crate::settings::{Settings, WebhookOwners};
use crate::{acl, bucket, lifecycle, listing, notification, object, upload};

/// What every operation is given besides its request.
#[derive(Clone)]
pub(crate) struct Gateway {
    /// The way to blocking calls.
    pub(crate) crossing: Crossing,
    /// The way of short PUTs.
    pub(crate) puts: PutQueue,
    /// The region of this archive.
    pub(crate) region: String,
    /// The webhooks that there are.
    pub(crate) webhooks: WebhookOwners,
    /// Longest silence before an answer.
    pub(crate) silence_max: Duration,
}

impl Gateway {
    pub(crate) fn new(crossing: Crossing, settings: &Settings) -> Self {
        let puts = PutQueue::new(crossing.clone());
        Self {
            crossing,
            puts,
            region: settings.region.clone(),
            webhooks: settings.webhooks.clone(),
            silence_max: settings.silence_max,
        }
    }
}

/// The visit that the access check made. Without it nothing is done.
fn visit(extensions: &Extensions) -> S3Result<Arc<Visit>> {
    let visit = extensions.get::<Arc<Visit>>().map(Arc::clone);
    visit.ok_or_else(|| S3Error::new(S3ErrorCode::AccessDenied))
}

/// Writes the implementation of the trait from one line for each operation.
macro_rules! dispatch {
    ($($operation:ident($input:ident) -> $output:ident: $answer:path,)+) => {
        #[async_trait::async_trait]
        impl S3 for Gateway {
            $(
                async fn $operation(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<S3Response<dto::$output>> {
                    let visit = visit(&request.extensions)?;
                    let context = Arc::clone(visit.context());
                    $answer(self, visit, request).await.map_err(|refusal| context.refuse(refusal))
                }
            )+
        }
    };
}

dispatch! {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput: upload::abort,
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput: upload::complete,
    copy_object(CopyObjectInput) -> CopyObjectOutput: object::copy,
    create_bucket(CreateBucketInput) -> CreateBucketOutput: bucket::create,
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput: upload::create,
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput: bucket::delete,
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput: lifecycle::delete,
    delete_object(DeleteObjectInput) -> DeleteObjectOutput: object::delete,
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput: object::delete_tags,
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput: object::delete_many,
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput: acl::of_bucket,
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput: lifecycle::get,
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput: bucket::location,
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput: notification::get,
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput: bucket::versioning,
    get_object(GetObjectInput) -> GetObjectOutput: object::get,
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput: acl::of_object,
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput: object::attributes,
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput: object::get_tags,
    head_bucket(HeadBucketInput) -> HeadBucketOutput: bucket::head,
    head_object(HeadObjectInput) -> HeadObjectOutput: object::head,
    list_buckets(ListBucketsInput) -> ListBucketsOutput: bucket::list,
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput: upload::list,
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput: listing::versions,
    list_objects(ListObjectsInput) -> ListObjectsOutput: listing::by_marker,
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output: listing::by_token,
    list_parts(ListPartsInput) -> ListPartsOutput: upload::list_parts,
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput: acl::put_of_bucket,
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput: lifecycle::put,
    put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput: notification::put,
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput: bucket::put_versioning,
    put_object(PutObjectInput) -> PutObjectOutput: object::put,
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput: acl::put_of_object,
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput: object::put_tags,
    restore_object(RestoreObjectInput) -> RestoreObjectOutput: object::restore,
    upload_part(UploadPartInput) -> UploadPartOutput: upload::part,
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput: upload::part_copy,
}
