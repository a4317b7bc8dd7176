//! Where rows are written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::Row;
use crate::error::{Error, ErrorKind, Result};

/// Where rows go: to standard output, and to a file if one is named.
pub(crate) struct Log {
    file: Option<File>,
    failed: Vec<String>,
}

impl Log {
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|source| Error::io(ErrorKind::Usage, format!("open {}", path.display()), source))
        };
        Ok(Self { file: path.map(open).transpose()?, failed: Vec::new() })
    }

    pub(crate) fn write(&mut self, row: Row) -> Result<()> {
        if row.has_errors() {
            self.failed.push(row.name().to_owned());
        }
        let line = row.into_line();
        let written = io::stdout().write_all(line.as_bytes()).and_then(|()| match &mut self.file {
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        });
        written.map_err(|source| Error::io(ErrorKind::Machine, "write a row", source))
    }

    /// Fails where a row had errors.
    pub(crate) fn verdict(&self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::RowFailed, self.failed.join(", ")))
    }
}
