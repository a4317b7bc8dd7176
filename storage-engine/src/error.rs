//! What can go wrong in the engine, and how a caller tells the cases apart.
//!
//! `ErrorKind` is closed: each door has one exhaustive `match` from kind to its own terms.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::mode::{Mode, StorageClass};
use crate::name::VersionId;

/// What a caller branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bucket does not exist.
    NoSuchBucket,
    /// The key has no current object.
    NoSuchKey,
    /// The key has no current object: its newest version is a delete marker.
    KeyDeleted,
    /// The key has no such version.
    NoSuchVersion,
    /// The multipart upload does not exist, or has ended.
    NoSuchUpload,
    /// No element has this name.
    NoSuchElement,
    /// The name exists and belongs to the caller.
    BucketAlreadyOwned,
    /// The name exists and belongs to somebody else; also an element's name that is taken.
    AlreadyExists,
    /// The bucket still holds versions or open uploads.
    BucketNotEmpty,
    /// More buckets than the archive keeps.
    TooManyBuckets,
    /// The version asked for is a delete marker; it has no content.
    DeleteMarker,
    /// A bucket name breaks the naming rules.
    InvalidBucketName,
    /// A version id is not of the form this archive gives out.
    InvalidVersionId,
    /// Any other argument breaks its stated rule.
    InvalidArgument,
    /// What is asked for contradicts itself, or is more than is kept of it.
    InvalidRequest,
    /// The key is longer than 1,024 bytes.
    KeyTooLong,
    /// User metadata, tags or attributes exceed what a sidecar and its overflow hold.
    MetadataTooLarge,
    /// The storage class is unknown, or no element of its mode exists.
    InvalidStorageClass,
    /// The requested range lies outside the object.
    InvalidRange,
    /// A part named at completion is not there, or its ETag differs.
    InvalidPart,
    /// The parts named at completion are not in ascending order.
    InvalidPartOrder,
    /// A part other than the last is smaller than 5 MiB.
    PartTooSmall,
    /// The body exceeds the largest object or part.
    EntityTooLarge,
    /// Fewer bytes arrived than were announced.
    IncompleteBody,
    /// A digest that the client sent does not match the bytes received.
    BadDigest,
    /// A condition of the request does not hold.
    PreconditionFailed,
    /// The mode of the element that holds the version forbids the change.
    ModeForbids,
    /// The version is kept until a time that has not come.
    Retained,
    /// The bytes are archived and not restored.
    Archived,
    /// There is nothing to restore: the bytes are not archived.
    NotArchived,
    /// The bytes have been asked for already.
    RestoreInProgress,
    /// The element's quota is reached.
    QuotaExceeded,
    /// The disk has no room.
    StorageFull,
    /// An element that could hold the answer is absent, latched or closing.
    Unavailable,
    /// Bytes on disk are not what was written: damaged data, sidecar, log or document.
    Corrupt,
    /// On-disk format of a newer release; nothing was touched.
    NewerFormat,
    /// Another process owns the archive or element.
    Locked,
    /// The operating system reported an I/O error.
    Io,
    /// The feature is not built yet.
    Unsupported,
}

/// An error of the engine: its kind, the operation, what it was about, and the source below it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: &'static str,
    subject: Option<Box<str>>,
    reason: Option<Box<str>>,
    mode: Option<Mode>,
    class: Option<StorageClass>,
    version: Option<VersionId>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of an engine call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of `kind` that arose in `operation` (a short verb phrase).
    #[must_use]
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self {
            kind,
            operation,
            subject: None,
            reason: None,
            mode: None,
            class: None,
            version: None,
            source: None,
        }
    }

    /// Names what the operation was about: a key, a path, an element.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string().into());
        self
    }

    /// Says why, and where it helps what to do next.
    #[must_use]
    pub fn because(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(reason.to_string().into());
        self
    }

    /// Names the mode that refused.
    #[must_use]
    pub(crate) fn in_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Names the class of what is archived.
    #[must_use]
    pub(crate) fn in_class(mut self, class: StorageClass) -> Self {
        self.class = Some(class);
        self
    }

    /// Names the version that it is about.
    #[must_use]
    pub(crate) fn of_version(mut self, version: VersionId) -> Self {
        self.version = Some(version);
        self
    }

    /// Attaches the error below this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Wraps an error of the operating system; a full disk becomes [`ErrorKind::StorageFull`].
    #[must_use]
    pub fn io(operation: &'static str, subject: impl fmt::Display, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
            _ => ErrorKind::Io,
        };
        Self::new(kind, operation).about(subject).caused_by(source)
    }

    /// The same for another who met it; what lay below it is told in words.
    pub(crate) fn again(&self) -> Self {
        let below = || self.source.as_ref().map(|source| source.to_string().into());
        Self {
            kind: self.kind,
            operation: self.operation,
            subject: self.subject.clone(),
            reason: self.reason.clone().or_else(below),
            mode: self.mode,
            class: self.class,
            version: self.version,
            source: None,
        }
    }

    /// What a caller branches on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The mode that refused, where the kind is [`ErrorKind::ModeForbids`].
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// The class of the object, where the kind is [`ErrorKind::Archived`].
    #[must_use]
    pub fn class(&self) -> Option<StorageClass> {
        self.class
    }

    /// The delete marker, where the kind is [`ErrorKind::KeyDeleted`] or [`ErrorKind::DeleteMarker`].
    #[must_use]
    pub fn version(&self) -> Option<VersionId> {
        self.version
    }

    /// Whether a file or folder was not there, or what a sidecar names beside itself.
    pub(crate) fn is_missing_file(&self) -> bool {
        let source = self.source.as_ref().and_then(|source| source.downcast_ref::<io::Error>());
        matches!(self.kind, ErrorKind::Io | ErrorKind::Corrupt)
            && source.is_some_and(|source| source.kind() == io::ErrorKind::NotFound)
    }

    /// Why, as a sentence for the person who asked, where the engine knows it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject:?}")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => write!(f, ": {}", self.kind.describe()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl ErrorKind {
    fn describe(self) -> &'static str {
        match self {
            Self::NoSuchBucket => "the bucket does not exist",
            Self::NoSuchKey => "the key does not exist",
            Self::KeyDeleted => "the key was deleted",
            Self::NoSuchVersion => "the version does not exist",
            Self::NoSuchUpload => "the upload does not exist or has ended",
            Self::NoSuchElement => "no element has this name",
            Self::BucketAlreadyOwned => "the bucket exists already and is yours",
            Self::AlreadyExists => "the name is taken",
            Self::BucketNotEmpty => "the bucket is not empty",
            Self::TooManyBuckets => "the archive has as many buckets as it keeps",
            Self::DeleteMarker => "the version is a delete marker",
            Self::InvalidBucketName => "the bucket name is not valid",
            Self::InvalidVersionId => "the version id is not valid",
            Self::InvalidArgument => "an argument is not valid",
            Self::InvalidRequest => "the request contradicts itself",
            Self::KeyTooLong => "the key is too long",
            Self::MetadataTooLarge => "the metadata is too large",
            Self::InvalidStorageClass => "no element serves this storage class",
            Self::InvalidRange => "the range lies outside the object",
            Self::InvalidPart => "a part is missing or differs",
            Self::InvalidPartOrder => "the parts are not in ascending order",
            Self::PartTooSmall => "a part other than the last is smaller than 5 MiB",
            Self::EntityTooLarge => "the body is too large",
            Self::IncompleteBody => "the body ended early",
            Self::BadDigest => "the digest does not match the bytes received",
            Self::PreconditionFailed => "a condition of the request does not hold",
            Self::ModeForbids => "the mode of the element forbids this",
            Self::Retained => "the version is kept until later",
            Self::Archived => "the bytes are archived",
            Self::NotArchived => "the bytes are not archived",
            Self::RestoreInProgress => "the bytes have been asked for already",
            Self::QuotaExceeded => "the quota of the element is reached",
            Self::StorageFull => "the disk is full",
            Self::Unavailable => "the element is not available",
            Self::Corrupt => "the bytes on disk are damaged",
            Self::NewerFormat => "the format is newer than this program",
            Self::Locked => "another process owns it",
            Self::Io => "input or output failed",
            Self::Unsupported => "not supported",
        }
    }
}
