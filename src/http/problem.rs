//! Errors as problem documents (RFC 9457).

use std::error::Error as StdError;
use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::engine_status;
use crate::error::{Error, ErrorKind};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// The `type` of a problem that says no more than its status (RFC 9457, section 4.2.1).
const BLANK: &str = "about:blank";

/// A problem document.
///
/// `causes`, `remedy` and `exit_code` are extension members (section 3.2). They name paths and reasons, and are sent to
/// the owner of the archive and to accounts that have proved themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    problem_type: String,
    title: String,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
}

/// A cause as another process told it.
#[derive(Debug)]
struct ToldCause {
    text: String,
    source: Option<Box<ToldCause>>,
}

impl Problem {
    /// A problem that says what its status says.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self {
            problem_type: BLANK.to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: None,
            causes: Vec::new(),
            remedy: None,
            exit_code: None,
        }
    }

    /// Says what is wrong with this request.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Everything about an error, for the owner of the archive.
    pub(crate) fn of_error(error: &Error) -> Self {
        let status = error.causes().find_map(|cause| {
            let engine = cause.downcast_ref::<storage_engine::Error>();
            let account = cause.downcast_ref::<auth::Error>();
            engine
                .map(|error| engine_status::of_engine(error.kind()))
                .or_else(|| account.map(|error| engine_status::of_account(error.kind())))
        });
        let otherwise = match error.kind() {
            // What was asked for cannot be done, and nothing below says more.
            ErrorKind::Failed => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            detail: Some(error.to_string()),
            causes: error.causes().map(ToString::to_string).collect(),
            remedy: error.what_to_do().map(str::to_owned),
            exit_code: Some(error.kind().exit_code()),
            ..Self::of_status(status.unwrap_or(otherwise))
        }
    }

    /// The error that the other process had.
    pub(crate) fn into_error(self) -> Error {
        let kind = ErrorKind::ALL.into_iter().find(|kind| Some(kind.exit_code()) == self.exit_code);
        let source = self
            .causes
            .into_iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(ToldCause { text, source })));
        let error = Error::new(kind.unwrap_or(ErrorKind::Failed), "the server refused")
            .because(self.detail.unwrap_or(self.title));
        let error = match source {
            Some(source) => error.caused_by(source as Box<dyn StdError + Send + Sync>),
            None => error,
        };
        match self.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        }
    }
}

impl IntoResponse for Box<Problem> {
    fn into_response(self) -> Response {
        (*self).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], axum::Json(self)).into_response()
    }
}

impl fmt::Display for ToldCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for ToldCause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
