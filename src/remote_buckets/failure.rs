//! Why a request to a bucket elsewhere has not done its work.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use storage_engine::target::BucketPlace;
use storage_engine::{Error, ErrorKind};

/// Characters shown of what a server says.
const SHOWN_CHARS_MAX: usize = 300;

/// Why.
#[derive(Debug)]
pub(super) enum Failure {
    /// The work is to be given up.
    Stopped,
    /// Nothing moved for too long.
    Slow,
    /// There is no connection, or it broke.
    Broken(Box<dyn StdError + Send + Sync>),
    /// The service answered with no success.
    Refused(Refusal),
    /// An answer that is none of S3's.
    Strange(&'static str),
    /// What is to be sent could not be read, or what came could not be taken.
    Here(Error),
}

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// S3's code; empty where none came, as in an answer to HEAD.
    pub(super) code: String,
    message: String,
    /// The region that the bucket is said to be in.
    region: Option<String>,
    /// Whether a delete marker says that the object is not there.
    pub(super) is_marker: bool,
    /// The version that the answer is about.
    pub(super) version: Option<String>,
}

impl Refusal {
    /// Reads an answer's status, head and body.
    pub(super) fn of(status: StatusCode, headers: &http::HeaderMap, body: &str) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status,
            code: element(body, "Code"),
            message: element(body, "Message"),
            region: text("x-amz-bucket-region").map(shown).filter(|region| !region.is_empty()),
            is_marker: text("x-amz-delete-marker") == Some("true"),
            version: text("x-amz-version-id").map(str::to_owned),
        }
    }

    /// Whether the object is not there. An answer to HEAD cannot tell that from a bucket that is not.
    pub(super) fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && matches!(self.code.as_str(), "" | "NoSuchKey")
    }

    fn remedy(&self, place: &BucketPlace) -> Option<String> {
        let credentials = || format!("check the key in {}", place.credentials.display());
        match (self.code.as_str(), self.status.as_u16(), &self.region) {
            ("InvalidObjectState", ..) => Some(
                "the object lies in a class there that is not read at once: restore it in that bucket"
                    .to_owned(),
            ),
            (_, 301 | 307 | 400, Some(region)) if *region != place.region => {
                Some(format!("the bucket is in the region {region}"))
            }
            ("NoSuchBucket", ..) => Some("make the bucket there".to_owned()),
            ("RequestTimeTooSkewed", ..) => Some("set the clock of this machine".to_owned()),
            (_, 401 | 403, _) => Some(credentials()),
            _ => None,
        }
    }
}

impl Failure {
    /// Whether the same request may do its work a little later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Slow | Self::Broken(_) => true,
            Self::Refused(refusal) => {
                matches!(refusal.status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
                    || refusal.code == "RequestTimeout"
            }
            Self::Stopped | Self::Strange(_) | Self::Here(_) => false,
        }
    }

    /// As the engine tells it.
    pub(super) fn into_error(self, operation: &'static str, place: &BucketPlace, name: &str) -> Error {
        let unavailable = Error::new(ErrorKind::Unavailable, operation)
            .about(format_args!("{name} in {}/{}", place.endpoint, place.bucket));
        match self {
            Self::Here(error) => error,
            Self::Stopped => unavailable.because("the server is stopping: it goes on when it runs again"),
            Self::Slow => unavailable.because("nothing moved for too long: is the service there?"),
            Self::Broken(source) => {
                unavailable.because(format_args!("no connection, or it broke: {}", chain(&*source)))
            }
            Self::Refused(refusal) => match refusal.remedy(place) {
                Some(remedy) => unavailable.because(format_args!("{refusal}: {remedy}")),
                None => unavailable.because(refusal),
            },
            Self::Strange(what) => unavailable.because(what),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answered {}", self.status.as_u16())?;
        for part in [&self.code, &self.message].into_iter().filter(|part| !part.is_empty()) {
            write!(f, " {part}")?;
        }
        Ok(())
    }
}

/// The text of an XML element, for people; empty where there is none.
fn element(body: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inside = body.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    inside.map(|(text, _)| shown(text)).unwrap_or_default()
}

/// What a server says, as it can be shown: short, and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(SHOWN_CHARS_MAX).collect()
}

/// An error and what is below it: the one above says little.
fn chain(error: &dyn StdError) -> String {
    let mut texts = vec![error.to_string()];
    let mut below = error.source();
    while let Some(error) = below {
        texts.push(error.to_string());
        below = error.source();
    }
    texts.dedup();
    texts.join(": ")
}
