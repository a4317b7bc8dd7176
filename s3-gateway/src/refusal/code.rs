//! The error codes this door answers with (API page "Error responses").

use http::StatusCode;

/// Declares [`Code`] with its name, status and message from one table, so that none can be forgotten.
macro_rules! codes {
    ($($code:ident => $name:literal, $status:ident, $message:literal;)+) => {
        /// An error code of S3.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $message] $code,)+
        }

        impl Code {
            /// The code as the answer carries it.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// The HTTP status.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// The message where nothing more precise is known.
            pub(crate) fn message(self) -> &'static str {
                match self { $(Self::$code => $message,)+ }
            }

            /// The code of a name.
            pub(crate) fn find(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$code),)+ _ => None }
            }
        }
    };
}

codes! {
    AccessControlListNotSupported => "AccessControlListNotSupported", BAD_REQUEST, "The bucket does not allow ACLs";
    AccessDenied => "AccessDenied", FORBIDDEN, "Access Denied";
    AuthorizationHeaderMalformed => "AuthorizationHeaderMalformed", BAD_REQUEST, "The authorization header is malformed";
    AuthorizationQueryParametersError => "AuthorizationQueryParametersError", BAD_REQUEST, "The authorization query parameters are not valid";
    BadDigest => "BadDigest", BAD_REQUEST, "The digest you specified did not match what we received";
    BucketAlreadyExists => "BucketAlreadyExists", CONFLICT, "The requested bucket name is not available";
    BucketAlreadyOwnedByYou => "BucketAlreadyOwnedByYou", CONFLICT, "Your previous request to create the named bucket succeeded and you already own it";
    BucketNotEmpty => "BucketNotEmpty", CONFLICT, "The bucket you tried to delete is not empty";
    EntityTooLarge => "EntityTooLarge", BAD_REQUEST, "Your proposed upload exceeds the maximum allowed size";
    EntityTooSmall => "EntityTooSmall", BAD_REQUEST, "Your proposed upload is smaller than the minimum allowed size";
    IncompleteBody => "IncompleteBody", BAD_REQUEST, "You did not provide the number of bytes specified by the Content-Length HTTP header";
    InsufficientStorage => "InsufficientStorage", INSUFFICIENT_STORAGE, "There is no room for the object";
    InternalError => "InternalError", INTERNAL_SERVER_ERROR, "We encountered an internal error. Please try again";
    InvalidAccessKeyId => "InvalidAccessKeyId", FORBIDDEN, "The access key id you provided does not exist in our records";
    InvalidArgument => "InvalidArgument", BAD_REQUEST, "Invalid Argument";
    InvalidBucketName => "InvalidBucketName", BAD_REQUEST, "The specified bucket is not valid";
    InvalidDigest => "InvalidDigest", BAD_REQUEST, "The Content-MD5 you specified is not valid";
    InvalidLocationConstraint => "InvalidLocationConstraint", BAD_REQUEST, "The specified location constraint is not valid";
    InvalidObjectState => "InvalidObjectState", FORBIDDEN, "The operation is not valid for the object's storage class";
    InvalidPart => "InvalidPart", BAD_REQUEST, "One or more of the specified parts could not be found";
    InvalidPartOrder => "InvalidPartOrder", BAD_REQUEST, "The list of parts was not in ascending order";
    InvalidPolicyDocument => "InvalidPolicyDocument", BAD_REQUEST, "The content of the form does not meet the conditions specified in the policy document";
    InvalidRange => "InvalidRange", RANGE_NOT_SATISFIABLE, "The requested range is not satisfiable";
    InvalidRequest => "InvalidRequest", BAD_REQUEST, "Invalid Request";
    InvalidStorageClass => "InvalidStorageClass", BAD_REQUEST, "The storage class you specified is not valid";
    InvalidTag => "InvalidTag", BAD_REQUEST, "The tag provided was not a valid tag";
    InvalidUri => "InvalidURI", BAD_REQUEST, "Couldn't parse the specified URI";
    KeyTooLong => "KeyTooLongError", BAD_REQUEST, "Your key is too long";
    MalformedPostRequest => "MalformedPOSTRequest", BAD_REQUEST, "The body of your POST request is not well-formed multipart/form-data";
    MalformedTrailer => "MalformedTrailerError", BAD_REQUEST, "The request contained trailing data that was not well-formed or did not conform to our published schema";
    MalformedXml => "MalformedXML", BAD_REQUEST, "The XML you provided was not well-formed or did not validate against our published schema";
    MaxMessageLengthExceeded => "MaxMessageLengthExceeded", BAD_REQUEST, "Your request was too big";
    MaxPostPreDataLengthExceeded => "MaxPostPreDataLengthExceededError", BAD_REQUEST, "Your POST request fields preceding the upload file were too large";
    MetadataTooLarge => "MetadataTooLarge", BAD_REQUEST, "Your metadata headers exceed the maximum allowed metadata size";
    MethodNotAllowed => "MethodNotAllowed", METHOD_NOT_ALLOWED, "The specified method is not allowed against this resource";
    MissingContentLength => "MissingContentLength", LENGTH_REQUIRED, "You must provide the Content-Length HTTP header";
    MissingRequestBody => "MissingRequestBodyError", BAD_REQUEST, "Request body is empty";
    MissingSecurityHeader => "MissingSecurityHeader", BAD_REQUEST, "Your request was missing a required header";
    NoSuchBucket => "NoSuchBucket", NOT_FOUND, "The specified bucket does not exist";
    NoSuchKey => "NoSuchKey", NOT_FOUND, "The specified key does not exist";
    NoSuchLifecycleConfiguration => "NoSuchLifecycleConfiguration", NOT_FOUND, "The lifecycle configuration does not exist";
    NoSuchUpload => "NoSuchUpload", NOT_FOUND, "The specified multipart upload does not exist. The upload id may be invalid, or the upload may have been aborted or completed";
    NoSuchVersion => "NoSuchVersion", NOT_FOUND, "The specified version does not exist";
    NotImplemented => "NotImplemented", NOT_IMPLEMENTED, "A header or query you provided implies functionality that is not implemented";
    NotModified => "NotModified", NOT_MODIFIED, "Not Modified";
    OperationAborted => "OperationAborted", CONFLICT, "A conflicting conditional operation is currently in progress against this resource. Try again";
    PreconditionFailed => "PreconditionFailed", PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold";
    QuotaExceeded => "QuotaExceeded", FORBIDDEN, "The quota of the storage element is reached";
    RequestTimeTooSkewed => "RequestTimeTooSkewed", FORBIDDEN, "The difference between the request time and the current time is too large";
    RequestTimeout => "RequestTimeout", BAD_REQUEST, "Your socket connection to the server was not read from or written to within the timeout period";
    RestoreAlreadyInProgress => "RestoreAlreadyInProgress", CONFLICT, "Object restore is already in progress";
    ServiceUnavailable => "ServiceUnavailable", SERVICE_UNAVAILABLE, "Please reduce your request rate or try again later";
    SignatureDoesNotMatch => "SignatureDoesNotMatch", FORBIDDEN, "The request signature we calculated does not match the signature you provided. Check your key and signing method";
    SlowDown => "SlowDown", SERVICE_UNAVAILABLE, "Please reduce your request rate";
    TooManyBuckets => "TooManyBuckets", BAD_REQUEST, "You have attempted to create more buckets than allowed";
    XAmzContentSha256Mismatch => "XAmzContentSHA256Mismatch", BAD_REQUEST, "The provided 'x-amz-content-sha256' header does not match what was computed";
}
