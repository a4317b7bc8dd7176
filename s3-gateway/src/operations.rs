//! The operations that are served, and the action that each needs. All others are refused.

use auth::Action;

/// An S3 operation that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name in the S3 API.
    pub name: &'static str,
    /// The action that the caller must be allowed.
    pub action: Action,
}

const fn operation(name: &'static str, action: Action) -> Operation {
    Operation { name, action }
}

/// Every operation that is served, in the order of the S3 API reference.
pub const OPERATIONS: [Operation; 38] = [
    operation("AbortMultipartUpload", Action::AbortMultipartUpload),
    operation("CompleteMultipartUpload", Action::PutObject),
    operation("CopyObject", Action::PutObject),
    operation("CreateBucket", Action::CreateBucket),
    operation("CreateMultipartUpload", Action::PutObject),
    operation("DeleteBucket", Action::DeleteBucket),
    operation("DeleteBucketLifecycle", Action::PutLifecycleConfiguration),
    operation("DeleteObject", Action::DeleteObject),
    operation("DeleteObjectTagging", Action::DeleteObjectTagging),
    operation("DeleteObjects", Action::DeleteObject),
    operation("GetBucketAcl", Action::GetBucketAcl),
    operation("GetBucketLifecycleConfiguration", Action::GetLifecycleConfiguration),
    operation("GetBucketLocation", Action::GetBucketLocation),
    operation("GetBucketNotificationConfiguration", Action::GetBucketNotification),
    operation("GetBucketVersioning", Action::GetBucketVersioning),
    operation("GetObject", Action::GetObject),
    operation("GetObjectAcl", Action::GetObjectAcl),
    operation("GetObjectAttributes", Action::GetObject),
    operation("GetObjectTagging", Action::GetObjectTagging),
    operation("HeadBucket", Action::ListBucket),
    operation("HeadObject", Action::GetObject),
    operation("ListBuckets", Action::ListAllMyBuckets),
    operation("ListMultipartUploads", Action::ListBucketMultipartUploads),
    operation("ListObjectVersions", Action::ListBucketVersions),
    operation("ListObjects", Action::ListBucket),
    operation("ListObjectsV2", Action::ListBucket),
    operation("ListParts", Action::ListMultipartUploadParts),
    operation("PostObject", Action::PutObject),
    operation("PutBucketAcl", Action::PutBucketAcl),
    operation("PutBucketLifecycleConfiguration", Action::PutLifecycleConfiguration),
    operation("PutBucketNotificationConfiguration", Action::PutBucketNotification),
    operation("PutBucketVersioning", Action::PutBucketVersioning),
    operation("PutObject", Action::PutObject),
    operation("PutObjectAcl", Action::PutObjectAcl),
    operation("PutObjectTagging", Action::PutObjectTagging),
    operation("RestoreObject", Action::RestoreObject),
    operation("UploadPart", Action::PutObject),
    operation("UploadPartCopy", Action::PutObject),
];

/// Finds a served operation by its name.
pub(crate) fn find(name: &str) -> Option<Operation> {
    OPERATIONS.into_iter().find(|operation| operation.name == name)
}
