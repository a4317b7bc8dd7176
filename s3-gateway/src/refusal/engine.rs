//! What the engine's kinds of error look like through this door.

use http::{HeaderName, HeaderValue};
use storage_engine::{Error, ErrorKind};

use super::{Code, Refusal};

/// Names the mode that refused.
pub(crate) const MODE_HEADER: HeaderName = HeaderName::from_static("x-artstore-mode");
const DELETE_MARKER_HEADER: HeaderName = HeaderName::from_static("x-amz-delete-marker");
const VERSION_ID_HEADER: HeaderName = HeaderName::from_static("x-amz-version-id");

/// The code of a kind. The compiler keeps the table complete.
fn code_of(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::NoSuchBucket => Code::NoSuchBucket,
        ErrorKind::NoSuchKey | ErrorKind::KeyDeleted => Code::NoSuchKey,
        ErrorKind::NoSuchVersion => Code::NoSuchVersion,
        ErrorKind::NoSuchUpload => Code::NoSuchUpload,
        // No request names an element.
        ErrorKind::NoSuchElement => Code::InternalError,
        ErrorKind::BucketAlreadyOwned => Code::BucketAlreadyOwnedByYou,
        ErrorKind::AlreadyExists => Code::BucketAlreadyExists,
        ErrorKind::BucketNotEmpty => Code::BucketNotEmpty,
        ErrorKind::TooManyBuckets => Code::TooManyBuckets,
        ErrorKind::DeleteMarker => Code::MethodNotAllowed,
        ErrorKind::InvalidBucketName => Code::InvalidBucketName,
        ErrorKind::InvalidVersionId | ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::InvalidRequest => Code::InvalidRequest,
        ErrorKind::KeyTooLong => Code::KeyTooLong,
        ErrorKind::MetadataTooLarge => Code::MetadataTooLarge,
        ErrorKind::InvalidStorageClass => Code::InvalidStorageClass,
        ErrorKind::InvalidRange => Code::InvalidRange,
        ErrorKind::InvalidPart => Code::InvalidPart,
        ErrorKind::InvalidPartOrder => Code::InvalidPartOrder,
        ErrorKind::PartTooSmall => Code::EntityTooSmall,
        ErrorKind::EntityTooLarge => Code::EntityTooLarge,
        ErrorKind::IncompleteBody => Code::IncompleteBody,
        ErrorKind::BadDigest => Code::BadDigest,
        ErrorKind::PreconditionFailed => Code::PreconditionFailed,
        ErrorKind::ModeForbids | ErrorKind::Retained => Code::AccessDenied,
        ErrorKind::Archived | ErrorKind::NotArchived => Code::InvalidObjectState,
        ErrorKind::RestoreInProgress => Code::RestoreAlreadyInProgress,
        ErrorKind::QuotaExceeded => Code::QuotaExceeded,
        ErrorKind::StorageFull => Code::InsufficientStorage,
        ErrorKind::Unavailable => Code::ServiceUnavailable,
        ErrorKind::Corrupt | ErrorKind::NewerFormat | ErrorKind::Locked | ErrorKind::Io => {
            Code::InternalError
        }
        ErrorKind::Unsupported => Code::NotImplemented,
    }
}

/// Whether the engine's reason concerns the caller. What went wrong inside is for the log alone.
fn is_for_the_caller(code: Code) -> bool {
    !code.status().is_server_error() || matches!(code, Code::NotImplemented)
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let code = code_of(error.kind());
        let reason = error.reason().filter(|_| is_for_the_caller(code)).map(str::to_owned);
        let refusal = match reason {
            Some(reason) => Self::because(code, reason),
            None => Self::new(code),
        };
        let refusal = match error.kind() {
            ErrorKind::ModeForbids | ErrorKind::Retained | ErrorKind::NotArchived => {
                with_mode(refusal, &error)
            }
            ErrorKind::Archived => match error.class() {
                Some(class) => refusal.with_element("StorageClass", class.as_str()),
                None => refusal,
            },
            ErrorKind::DeleteMarker | ErrorKind::KeyDeleted => with_marker(refusal, &error),
            _ => refusal,
        };
        refusal.caused_by(error)
    }
}

/// A refusal by mode names the mode in its header.
fn with_mode(refusal: Refusal, error: &Error) -> Refusal {
    match error.mode() {
        Some(mode) => refusal.with_header(MODE_HEADER, HeaderValue::from_static(mode.as_str())),
        None => refusal,
    }
}

/// What a delete marker hides is refused with the marker's id
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>).
fn with_marker(refusal: Refusal, error: &Error) -> Refusal {
    let refusal = refusal.with_header(DELETE_MARKER_HEADER, HeaderValue::from_static("true"));
    match error.version().and_then(|version| HeaderValue::try_from(version.to_string()).ok()) {
        Some(version) => refusal.with_header(VERSION_ID_HEADER, version),
        None => refusal,
    }
}
