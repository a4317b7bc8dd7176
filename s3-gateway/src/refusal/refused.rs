//! One refusal: code, message, and what else the answer carries.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use http::{HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode};
use storage_engine::ErrorKind;

use super::Code;

/// Why a request is not done: the error of this crate.
///
/// Doors of other protocols branch on the engine's kinds; here the S3 code is what a client branches on,
/// and therefore the kind of this error.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: Code,
    message: Cow<'static, str>,
    elements: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    kind: Option<ErrorKind>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of an operation of this door.
pub(crate) type Answer<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// A refusal with the code's own message.
    pub(crate) fn new(code: Code) -> Self {
        Self::because(code, code.message())
    }

    /// A refusal that says more than its code.
    pub(crate) fn because(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            elements: Vec::new(),
            headers: Vec::new(),
            kind: None,
            source: None,
        }
    }

    /// The refusal of Signature Version 2, wherever it stands.
    pub(crate) fn version_2() -> Self {
        Self::because(
            Code::InvalidRequest,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    }

    /// Adds an element to the error document, such as `Region`.
    pub(crate) fn with_element(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.elements.push((name, value.to_string()));
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Keeps the error of the engine for the log.
    pub(crate) fn caused_by(mut self, error: storage_engine::Error) -> Self {
        self.kind = Some(error.kind());
        self.source = Some(Box::new(error));
        self
    }

    /// The S3 code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the client.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Elements of the error document besides the usual ones.
    pub(crate) fn elements(&self) -> &[(&'static str, String)] {
        &self.elements
    }

    /// Headers of the answer besides the usual ones.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The engine's kind, where the engine refused.
    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    /// The form that s3s carries through; the answer itself is written from the refusal.
    pub(crate) fn to_s3_error(&self) -> S3Error {
        let code =
            S3ErrorCode::from_bytes(self.code.as_str().as_bytes()).unwrap_or(S3ErrorCode::InternalError);
        let mut error = S3Error::with_message(code, self.message.to_string());
        error.set_status_code(self.code.status());
        error
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
