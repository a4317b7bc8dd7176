//! Choosing where log lines go and in which form.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use storage_engine::clock::{Clock, SystemClock};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::json_lines::JsonLines;
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::settings::{LogFormat, LogLevel, LoggingSettings};

/// Who reads the standard output of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever follows the log: it goes to standard output unless a file is set.
    Log,
    /// Whoever asked for an answer: the log goes to standard error, and only warnings unless a level is set.
    Answer,
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogStyle {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl LogStyle {
    fn choose(format: LogFormat, goes_to_terminal: bool) -> Self {
        match (format, goes_to_terminal) {
            (LogFormat::Text, _) | (LogFormat::Auto, true) => Self::Text,
            (LogFormat::Json, _) | (LogFormat::Auto, false) => Self::Json,
        }
    }
}

/// Starts logging for the rest of the process, and says in which form.
///
/// *Errors*: `Failed` where the log file cannot be opened.
pub(crate) fn start(settings: &LoggingSettings, audience: Audience) -> Result<LogStyle> {
    let (writer, is_terminal) = match (&settings.log_file, audience) {
        (Some(path), Audience::Log) => {
            let file = private_file::open_to_append(path).map_err(|source| {
                Error::new(ErrorKind::Failed, "open log file")
                    .about(path.display())
                    .remedy("make its folder writable, or set logging.log_file to another path")
                    .caused_by(source)
            })?;
            (BoxMakeWriter::new(Arc::new(file)), false)
        }
        (None, Audience::Log) => (BoxMakeWriter::new(io::stdout), io::stdout().is_terminal()),
        (_, Audience::Answer) => (BoxMakeWriter::new(io::stderr), io::stderr().is_terminal()),
    };
    let level = match audience {
        Audience::Answer if !settings.level_is_given => LogLevel::warnings(),
        _ => settings.level.clone(),
    };
    let style = LogStyle::choose(settings.format, is_terminal);
    let layer = match style {
        LogStyle::Json => JsonLines::new(writer, Arc::new(SystemClock) as Arc<dyn Clock>).boxed(),
        LogStyle::Text => tracing_subscriber::fmt::layer().with_ansi(is_terminal).with_writer(writer).boxed(),
    };
    Registry::default()
        .with(layer.with_filter(level.filter()))
        .try_init()
        .map_err(|source| Error::new(ErrorKind::Failed, "start logging").caused_by(source))?;
    Ok(style)
}
