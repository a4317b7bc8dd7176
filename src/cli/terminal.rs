//! The only place that prints. Answers go to standard output, errors and notices to standard error.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};

/// Shows an answer for people.
pub(crate) fn show(text: &str) -> Result<()> {
    written(io::stdout().lock().write_all(text.as_bytes()))
}

/// Shows an answer for programs: indented JSON and a line feed.
pub(crate) fn show_json(answer: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(answer)
        .map_err(|source| Error::new(ErrorKind::Failed, "write answer as JSON").caused_by(source))?;
    text.push('\n');
    show(&text)
}

/// Shows a notice for people beside the answer.
pub(crate) fn notify(text: &str) -> Result<()> {
    written(io::stderr().lock().write_all(text.as_bytes()))
}

/// Whether a person watches the notices.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Shows an error with its causes and what to do.
pub(crate) fn show_error(error: &Error) {
    // Nothing is left to be told to where standard error is gone; the exit code says it still.
    notify(&describe(error)).ok();
}

/// The text of an error: what happened, each cause on a line of its own, what to do.
pub(super) fn describe(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    for cause in error.causes() {
        text.push_str(&format!("  because: {cause}\n"));
    }
    if let Some(remedy) = error.what_to_do() {
        text.push_str(&format!("  what to do: {remedy}\n"));
    }
    text
}

/// A name from the disk without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A reader that has seen enough, as `head` has, is no failure.
fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Failed, "write to the terminal").caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Shows what clap has to say: help and version are answers, anything else is wrong usage.
pub(crate) fn end_with_usage(error: &clap::Error) -> ExitCode {
    // As above: the exit code says it still.
    error.print().ok();
    if error.use_stderr() {
        ExitCode::from(ErrorKind::InvalidSettings.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}
