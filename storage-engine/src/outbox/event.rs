//! What happened to an object, as the outbox keeps it and as receivers are told.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Door};
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey, VersionId};

/// Declares the kinds of events with the names that S3 and webhooks have for them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => ($s3:expr, $webhook:literal);)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind {
            $($(#[$doc])* $kind,)+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Its name in S3's notifications (User Guide, "Supported event types"); `None` where S3 has none.
            #[must_use]
            pub fn s3_name(self) -> Option<&'static str> {
                match self {
                    $(Self::$kind => $s3,)+
                }
            }

            /// Its name in the events of webhooks; several kinds share one.
            #[must_use]
            pub fn webhook_name(self) -> &'static str {
                match self {
                    $(Self::$kind => $webhook,)+
                }
            }
        }
    };
}

kinds! {
    /// An object came by PUT.
    CreatedPut => (Some("s3:ObjectCreated:Put"), "object_created");
    /// An object came by a form.
    CreatedPost => (Some("s3:ObjectCreated:Post"), "object_created");
    /// An object came as a copy, or was copied onto itself.
    CreatedCopy => (Some("s3:ObjectCreated:Copy"), "object_created");
    /// An object came in parts.
    CreatedCompleted => (Some("s3:ObjectCreated:CompleteMultipartUpload"), "object_created");
    /// A version was removed for good.
    RemovedDelete => (Some("s3:ObjectRemoved:Delete"), "object_removed");
    /// A delete marker came.
    RemovedMarker => (Some("s3:ObjectRemoved:DeleteMarkerCreated"), "object_removed");
    /// Tags were set.
    TaggingPut => (Some("s3:ObjectTagging:Put"), "object_tagged");
    /// Tags were removed.
    TaggingDelete => (Some("s3:ObjectTagging:Delete"), "object_tagged");
    /// A rule of the bucket removed a version for good.
    ExpiredDelete => (Some("s3:LifecycleExpiration:Delete"), "object_expired");
    /// A rule of the bucket made a delete marker.
    ExpiredMarker => (Some("s3:LifecycleExpiration:DeleteMarkerCreated"), "object_expired");
    /// A version went to a stricter mode, by a rule or by a transfer.
    Transitioned => (Some("s3:LifecycleTransition"), "object_transferred");
    /// A restore was asked for.
    RestoreRequested => (Some("s3:ObjectRestore:Post"), "restore_requested");
    /// The bytes of an archived object are back.
    RestoreCompleted => (Some("s3:ObjectRestore:Completed"), "file_restored");
    /// The bytes that were back are gone again.
    RestoreExpired => (Some("s3:ObjectRestore:Delete"), "restore_expired");
    /// A restore failed.
    RestoreFailed => (None, "restore_failed");
    /// The bytes that are back will soon be gone again.
    FileExpiring => (None, "file_expiring");
    /// An element that holds documents of the bucket is nearly full, and becomes ro by itself then.
    ElementFilling => (None, "element_filling");
    /// Nothing happened: a receiver is tried.
    Test => (Some("s3:TestEvent"), "test");
}

/// Something that is told of an object without being a change of it.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// What happened.
    pub kind: EventKind,
    /// The bucket.
    pub bucket: BucketName,
    /// The key; empty where it is about the bucket.
    pub key: String,
    /// The version; `None` in a bucket that never had versioning.
    pub version: Option<VersionId>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// ETag without quotes.
    pub etag: Option<String>,
    /// The mode that the version is in.
    pub mode: Option<Mode>,
    /// Milliseconds since 1970: until when restored bytes stay.
    pub expires_ms: Option<u64>,
    /// Why it failed, for people.
    pub reason: Option<String>,
}

/// An event. Fields may be added, and are never renamed: it lies in the log, in the outbox and in control
/// documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Sequence number of the change; of two events of one key the higher is the later.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// The account that owns the bucket.
    pub owner: String,
    /// The bucket.
    pub bucket: BucketName,
    /// The key; empty where it is about the bucket.
    pub key: String,
    /// The version; absent in a bucket that never had versioning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Size in bytes; absent where nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// ETag without quotes; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The mode that the version is in; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Until when restored bytes stay, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The account that asked.
    pub account: String,
    /// Its address, where the door has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Id of the request.
    pub request_id: String,
    /// Whether the account that owns the bucket asked for events.
    pub is_for_owner: bool,
    /// The rules of the bucket's notification configuration that it meets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Notify>,
}

/// A rule of a bucket that an event meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Id of the rule.
    pub rule: String,
    /// Id of the webhook that is told.
    pub webhook: String,
}

impl EventKind {
    /// The kind of a new version that is no delete marker.
    pub(crate) fn of_creation(caller: &Caller, is_upload: bool) -> Self {
        match caller.operation {
            _ if is_upload => Self::CreatedCompleted,
            "PostObject" => Self::CreatedPost,
            "CopyObject" => Self::CreatedCopy,
            _ => Self::CreatedPut,
        }
    }

    /// The kind of a removal; `is_marker` where a delete marker is made.
    pub(crate) fn of_removal(caller: &Caller, is_marker: bool) -> Self {
        match (caller.door == Door::Job, is_marker) {
            (false, false) => Self::RemovedDelete,
            (false, true) => Self::RemovedMarker,
            (true, false) => Self::ExpiredDelete,
            (true, true) => Self::ExpiredMarker,
        }
    }

    /// The kind of an annotation; `None` for what nobody is told of.
    pub(crate) fn of_annotation(caller: &Caller) -> Option<Self> {
        match caller.operation {
            "PutObjectTagging" => Some(Self::TaggingPut),
            "DeleteObjectTagging" => Some(Self::TaggingDelete),
            "CopyObject" => Some(Self::CreatedCopy),
            _ => None,
        }
    }

    /// The kind of a move to a stricter mode.
    pub(crate) fn of_transfer(caller: &Caller) -> Self {
        if caller.operation == "CopyObject" { Self::CreatedCopy } else { Self::Transitioned }
    }
}

impl Occurrence {
    /// Something about a bucket.
    #[must_use]
    pub fn of_bucket(kind: EventKind, bucket: BucketName) -> Self {
        Self {
            kind,
            bucket,
            key: String::new(),
            version: None,
            size: None,
            etag: None,
            mode: None,
            expires_ms: None,
            reason: None,
        }
    }

    /// Something that happened to a key, with nothing said about it yet.
    #[must_use]
    pub fn of(kind: EventKind, bucket: BucketName, key: &ObjectKey) -> Self {
        Self { key: key.as_str().to_owned(), ..Self::of_bucket(kind, bucket) }
    }
}
