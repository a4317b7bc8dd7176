//! What can go wrong with accounts, and how a caller tells the cases apart.
//!
//! `ErrorKind` is closed: each door has one exhaustive `match` from kind to its own terms.
//! No error carries a secret or a key, not even one that was refused.

use std::error::Error as StdError;
use std::fmt;

/// The longest subject an error repeats, in characters: subjects come from requests.
const SUBJECT_CHARS_MAX: usize = 160;

/// What a caller branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A name, id, role, secret, description or setting breaks its stated rule.
    InvalidArgument,
    /// The account name or client id is taken, or about to be.
    AlreadyExists,
    /// There are as many accounts as the archive keeps.
    TooManyAccounts,
    /// No account has this client id.
    UnknownClient,
    /// The account exists and may not be used.
    Disabled,
    /// The text of the master key is not a key.
    InvalidMasterKey,
    /// The secret was sealed with another master key than the one given.
    WrongMasterKey,
    /// A document or sealed secret is not what was written, or contradicts another document.
    Corrupt,
    /// A document of a newer release.
    NewerFormat,
    /// The operating system gave no random bytes.
    NoEntropy,
}

/// An error of this crate: its kind, the operation, what it was about, and the source below it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: &'static str,
    subject: Option<Box<str>>,
    reason: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of a call into this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self { kind, operation, subject: None, reason: None, source: None }
    }

    /// Names what the operation was about, shortened to [`SUBJECT_CHARS_MAX`].
    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.subject = Some(subject.chars().take(SUBJECT_CHARS_MAX).collect());
        self
    }

    pub(crate) fn because(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(reason.to_string().into());
        self
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller branches on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Why, as a sentence for the person who asked, where it is known.
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
            Self::InvalidArgument => "the value is not valid",
            Self::AlreadyExists => "the name or client id is taken",
            Self::TooManyAccounts => "there are as many accounts as the archive keeps",
            Self::UnknownClient => "no account has this client id",
            Self::Disabled => "the account is disabled",
            Self::InvalidMasterKey => "the text is not a master key",
            Self::WrongMasterKey => "the secret was sealed with another master key",
            Self::Corrupt => "the document is damaged",
            Self::NewerFormat => "the format is newer than this program",
            Self::NoEntropy => "the operating system gave no random bytes",
        }
    }
}

#[cfg(test)]
mod tests;
