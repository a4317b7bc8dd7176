//! The one error of the program.

use std::fmt;
use std::io;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// An argument or a file that it names does not fit.
    Usage,
    /// The machine refused a file, a process or a socket of ours.
    Machine,
    /// The connection ended or what came is no HTTP.
    Connection,
    /// The server answered with another status than the row needs.
    Refused,
    /// The server answered with other content than was stored.
    WrongContent,
    /// The server did not answer in time.
    Stalled,
    /// A row ended with errors.
    RowFailed,
}

/// An error with what was being done.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    doing: String,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None }
    }

    pub(crate) fn io(kind: ErrorKind, doing: impl Into<String>, source: io::Error) -> Self {
        Self { kind, doing: doing.into(), source: Some(source) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ErrorKind::Usage => "wrong usage",
            ErrorKind::Machine => "the machine refused",
            ErrorKind::Connection => "the connection failed",
            ErrorKind::Refused => "the server refused",
            ErrorKind::WrongContent => "the server answered wrongly",
            ErrorKind::Stalled => "the server stalled",
            ErrorKind::RowFailed => "errors while measuring",
        };
        write!(formatter, "{kind}: {}", self.doing)?;
        if let Some(source) = &self.source {
            write!(formatter, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
