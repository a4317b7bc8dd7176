//! Which HTTP status an engine's or an account's error has: the tables kind -> status of this door.

use http::StatusCode;

/// The status of an engine's error.
pub(super) fn of_engine(kind: storage_engine::ErrorKind) -> StatusCode {
    use storage_engine::ErrorKind as Kind;
    match kind {
        Kind::NoSuchBucket
        | Kind::NoSuchKey
        | Kind::KeyDeleted
        | Kind::NoSuchVersion
        | Kind::NoSuchUpload
        | Kind::NoSuchElement => StatusCode::NOT_FOUND,
        Kind::BucketAlreadyOwned
        | Kind::AlreadyExists
        | Kind::BucketNotEmpty
        | Kind::TooManyBuckets
        | Kind::Archived
        | Kind::NotArchived
        | Kind::RestoreInProgress => StatusCode::CONFLICT,
        Kind::DeleteMarker => StatusCode::METHOD_NOT_ALLOWED,
        Kind::InvalidBucketName
        | Kind::InvalidVersionId
        | Kind::InvalidArgument
        | Kind::InvalidRequest
        | Kind::KeyTooLong
        | Kind::MetadataTooLarge
        | Kind::InvalidStorageClass
        | Kind::InvalidPart
        | Kind::InvalidPartOrder
        | Kind::PartTooSmall
        | Kind::IncompleteBody
        | Kind::BadDigest => StatusCode::BAD_REQUEST,
        Kind::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::EntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::ModeForbids | Kind::Retained | Kind::QuotaExceeded => StatusCode::FORBIDDEN,
        Kind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Kind::Unavailable | Kind::Locked => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Corrupt | Kind::NewerFormat | Kind::Io => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
    }
}

/// The status of an account's error.
pub(super) fn of_account(kind: auth::ErrorKind) -> StatusCode {
    use auth::ErrorKind as Kind;
    match kind {
        Kind::InvalidArgument => StatusCode::BAD_REQUEST,
        Kind::AlreadyExists | Kind::TooManyAccounts => StatusCode::CONFLICT,
        Kind::UnknownClient => StatusCode::UNAUTHORIZED,
        Kind::Disabled => StatusCode::FORBIDDEN,
        Kind::InvalidMasterKey
        | Kind::WrongMasterKey
        | Kind::Corrupt
        | Kind::NewerFormat
        | Kind::NoEntropy => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
