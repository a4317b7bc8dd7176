//! What can be asked for, by the names that policies and audit records use.
//!
//! `s3:` names are those of the AWS Service Authorization Reference, "Actions, resources, and condition
//! keys for Amazon S3"; several S3 operations share one action there (HeadObject is `s3:GetObject`,
//! CopyObject is `s3:GetObject` on the source and `s3:PutObject` on the target). `artstore:` names are ours.

use std::fmt;

/// Declares [`Action`], its names and its list from one table, so that none can be forgotten.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident => $name:literal,)+) => {
        /// Something a principal may ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $action,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$action,)+];

            /// The name in policies and audit records.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)+
                }
            }
        }
    };
}

actions! {
    /// Lists buckets; each is shown only where [`Action::GetBucketLocation`] on it is allowed.
    ListAllMyBuckets => "s3:ListAllMyBuckets",
    /// Creates a bucket. Whether the name is free is not part of the decision.
    CreateBucket => "s3:CreateBucket",
    /// Deletes an empty bucket.
    DeleteBucket => "s3:DeleteBucket",
    /// Lists keys; also HeadBucket.
    ListBucket => "s3:ListBucket",
    /// Lists versions and delete markers.
    ListBucketVersions => "s3:ListBucketVersions",
    /// Lists open multipart uploads.
    ListBucketMultipartUploads => "s3:ListBucketMultipartUploads",
    /// Tells the region of a bucket, and thereby that it exists.
    GetBucketLocation => "s3:GetBucketLocation",
    /// Reads the versioning state.
    GetBucketVersioning => "s3:GetBucketVersioning",
    /// Sets the versioning state.
    PutBucketVersioning => "s3:PutBucketVersioning",
    /// Reads the tags of a bucket.
    GetBucketTagging => "s3:GetBucketTagging",
    /// Sets or removes the tags of a bucket.
    PutBucketTagging => "s3:PutBucketTagging",
    /// Reads the bucket policy.
    GetBucketPolicy => "s3:GetBucketPolicy",
    /// Reads whether the bucket policy makes it public.
    GetBucketPolicyStatus => "s3:GetBucketPolicyStatus",
    /// Sets the bucket policy.
    PutBucketPolicy => "s3:PutBucketPolicy",
    /// Removes the bucket policy.
    DeleteBucketPolicy => "s3:DeleteBucketPolicy",
    /// Reads the cross-origin rules.
    GetBucketCors => "s3:GetBucketCORS",
    /// Sets or removes the cross-origin rules.
    PutBucketCors => "s3:PutBucketCORS",
    /// Reads the lifecycle rules.
    GetLifecycleConfiguration => "s3:GetLifecycleConfiguration",
    /// Sets or removes the lifecycle rules.
    PutLifecycleConfiguration => "s3:PutLifecycleConfiguration",
    /// Reads the Object Lock configuration.
    GetBucketObjectLockConfiguration => "s3:GetBucketObjectLockConfiguration",
    /// Sets the Object Lock configuration.
    PutBucketObjectLockConfiguration => "s3:PutBucketObjectLockConfiguration",
    /// Reads the notification configuration.
    GetBucketNotification => "s3:GetBucketNotification",
    /// Sets the notification configuration.
    PutBucketNotification => "s3:PutBucketNotification",
    /// Reads the access control list of a bucket.
    GetBucketAcl => "s3:GetBucketAcl",
    /// Sets the access control list of a bucket.
    PutBucketAcl => "s3:PutBucketAcl",
    /// Reads the default encryption.
    GetEncryptionConfiguration => "s3:GetEncryptionConfiguration",
    /// Sets or removes the default encryption.
    PutEncryptionConfiguration => "s3:PutEncryptionConfiguration",
    /// Reads an object's current version, or its headers.
    GetObject => "s3:GetObject",
    /// Reads a version named by its id, or its headers.
    GetObjectVersion => "s3:GetObjectVersion",
    /// Reads size, checksum and parts.
    GetObjectAttributes => "s3:GetObjectAttributes",
    /// Reads size, checksum and parts of a version named by its id.
    GetObjectVersionAttributes => "s3:GetObjectVersionAttributes",
    /// Writes an object, in one piece or in parts.
    PutObject => "s3:PutObject",
    /// Deletes the current version or leaves a delete marker.
    DeleteObject => "s3:DeleteObject",
    /// Deletes a version named by its id.
    DeleteObjectVersion => "s3:DeleteObjectVersion",
    /// Gives up a multipart upload.
    AbortMultipartUpload => "s3:AbortMultipartUpload",
    /// Lists the parts of a multipart upload.
    ListMultipartUploadParts => "s3:ListMultipartUploadParts",
    /// Reads the tags of an object.
    GetObjectTagging => "s3:GetObjectTagging",
    /// Reads the tags of a version named by its id.
    GetObjectVersionTagging => "s3:GetObjectVersionTagging",
    /// Sets the tags of an object.
    PutObjectTagging => "s3:PutObjectTagging",
    /// Sets the tags of a version named by its id.
    PutObjectVersionTagging => "s3:PutObjectVersionTagging",
    /// Removes the tags of an object.
    DeleteObjectTagging => "s3:DeleteObjectTagging",
    /// Removes the tags of a version named by its id.
    DeleteObjectVersionTagging => "s3:DeleteObjectVersionTagging",
    /// Reads the access control list of an object.
    GetObjectAcl => "s3:GetObjectAcl",
    /// Sets the access control list of an object.
    PutObjectAcl => "s3:PutObjectAcl",
    /// Reads the retention of a version.
    GetObjectRetention => "s3:GetObjectRetention",
    /// Sets the retention of a version.
    PutObjectRetention => "s3:PutObjectRetention",
    /// Reads the legal hold of a version.
    GetObjectLegalHold => "s3:GetObjectLegalHold",
    /// Sets the legal hold of a version.
    PutObjectLegalHold => "s3:PutObjectLegalHold",
    /// Shortens or passes a retention in GOVERNANCE mode.
    BypassGovernanceRetention => "s3:BypassGovernanceRetention",
    /// Recalls an archived object.
    RestoreObject => "s3:RestoreObject",
    /// Reads the list and the settings of elements.
    ReadElements => "artstore:ReadElements",
    /// Creates elements and changes their mode, quota and settings.
    ManageElements => "artstore:ManageElements",
    /// Lists, creates, changes and removes accounts, and rotates their secrets.
    ManageAccounts => "artstore:ManageAccounts",
    /// Rebuilds the search index and reads its state.
    ManageIndex => "artstore:ManageIndex",
    /// Reads health beyond alive and ready: disks, latches, lags.
    ReadHealthDetail => "artstore:ReadHealthDetail",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
