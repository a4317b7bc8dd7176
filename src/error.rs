//! What can go wrong in the program, and the exit code that each case ends with.

use std::error::Error as StdError;
use std::fmt;

/// What the exit code tells a script; the numbers are a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Anything that no other kind names.
    Failed,
    /// A flag, variable or line of the config file breaks its rule.
    InvalidSettings,
    /// A server is needed and none answers.
    NoServer,
    /// A check ran to its end and found problems.
    ProblemsFound,
    /// Another process owns the data directory.
    Owned,
    /// What was asked for comes with a later release.
    NotInRelease,
}

/// An error of the program: its kind, the operation, what it was about, what to do, and the source below it.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    operation: &'static str,
    subject: Option<Box<str>>,
    reason: Option<Box<str>>,
    remedy: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of a call inside the program.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl ErrorKind {
    /// Every kind, in the order of the exit codes.
    pub(crate) const ALL: [Self; 6] = [
        Self::Failed,
        Self::InvalidSettings,
        Self::NoServer,
        Self::ProblemsFound,
        Self::Owned,
        Self::NotInRelease,
    ];

    /// The exit code; 0 is success.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::InvalidSettings => 2,
            Self::NoServer => 3,
            Self::ProblemsFound => 4,
            Self::Owned => 5,
            Self::NotInRelease => 6,
        }
    }

    /// The kind as the list of exit codes describes it.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Failed => "failed; the message says why",
            Self::InvalidSettings => "wrong usage: an argument, variable or config file was refused",
            Self::NoServer => "a running server is needed and none could be reached",
            Self::ProblemsFound => "the check ran and found problems",
            Self::Owned => "another process owns the data directory",
            Self::NotInRelease => "not in this release",
        }
    }
}

impl Error {
    /// Starts an error.
    pub(crate) fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self { kind, operation, subject: None, reason: None, remedy: None, source: None }
    }

    /// Names what the operation was about.
    #[must_use]
    pub(crate) fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string().into());
        self
    }

    /// Says why, in the words of the person who reads it.
    #[must_use]
    pub(crate) fn because(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(reason.to_string().into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(remedy.to_string().into());
        self
    }

    /// Attaches the error below this one.
    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the exit code follows from.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The errors below this one, the nearest first.
    pub(crate) fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let mut below = self.source();
        std::iter::from_fn(move || {
            let cause = below?;
            below = cause.source();
            Some(cause)
        })
    }

    /// What to do about it, where it is known.
    pub(crate) fn what_to_do(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
