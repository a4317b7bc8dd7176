//! The config file: YAML whose sections and keys are those of the catalogue, none of them required.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_saphyr::{Spanned, UserMessageFormatter};

use super::Setting;
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;

/// What the config file says.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    path: PathBuf,
    written: BTreeMap<&'static str, Written>,
}

/// A value as the file writes it. Numbers and switches are kept as their text; `null` is no value.
#[derive(Debug)]
struct Written {
    text: Option<String>,
    line: u64,
}

impl ConfigFile {
    /// Reads the file at `path`.
    ///
    /// *Errors*: `InvalidSettings` where it cannot be read, is no YAML, or has a key that is no setting,
    /// with its line.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = private_file::read_text(path).map_err(|source| {
            Error::new(ErrorKind::InvalidSettings, "read config file")
                .about(path.display())
                .remedy(
                    "name a readable YAML file with --config, or leave it out: every setting has a default",
                )
                .caused_by(source)
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut reading = Reading::default();
        let read = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
            Section { prefix: "", reading: &mut reading }.deserialize(deserializer)
        });
        match read {
            Ok(()) => Ok(Self { path: path.to_owned(), written: reading.written }),
            Err(error) => Err(reading.refusal(path, &error)),
        }
    }

    /// The text of a setting and its line, where the file gives one.
    pub(super) fn setting(&self, setting: &Setting) -> Option<(&str, u64)> {
        let written = self.written.get(setting.key)?;
        written.text.as_deref().filter(|text| !text.is_empty()).map(|text| (text, written.line))
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The state of a file that is being read.
#[derive(Default)]
struct Reading {
    written: BTreeMap<&'static str, Written>,
    line_of_last_key: u64,
    unknown: Option<Unknown>,
}

/// A key that is no setting.
struct Unknown {
    key: String,
    expected: Vec<&'static str>,
}

impl Reading {
    fn refusal(&self, path: &Path, error: &serde_saphyr::Error) -> Error {
        let error = error.without_snippet();
        // The parser places some mistakes at the file's beginning; none lies before the last key read.
        let line = error.location().map_or(0, |location| location.line()).max(self.line_of_last_key).max(1);
        let refused = Error::new(ErrorKind::InvalidSettings, "read config file")
            .about(format_args!("{}, line {line}", path.display()));
        match &self.unknown {
            Some(Unknown { key, expected }) => refused
                .because(format_args!("unknown key `{key}`, expected one of {}", expected.join(", ")))
                .remedy("correct the key or remove the line; docs/CONFIGURATION.md lists every setting"),
            None => refused
                .because(without_place(&error.render_with_formatter(&UserMessageFormatter)))
                .remedy("correct the line; docs/CONFIGURATION.md has an example of the whole file"),
        }
    }
}

/// The message without the place that the parser puts at its end, which is said already.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}

/// A section of the file, and the sections below it.
struct Section<'a> {
    /// The keys above it, each with a dot behind it.
    prefix: &'a str,
    reading: &'a mut Reading,
}

impl Section<'_> {
    fn expected(&self) -> Vec<&'static str> {
        let below = Setting::ALL.iter().filter_map(|setting| setting.key.strip_prefix(self.prefix));
        let names: BTreeSet<&str> = below.filter_map(|rest| rest.split('.').next()).collect();
        names.into_iter().collect()
    }
}

impl<'de> DeserializeSeed<'de> for Section<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Section<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a section with the keys {}", self.expected().join(", "))
    }

    /// A section whose keys are all commented out.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Spanned { value: key, referenced, .. }) = map.next_key::<Spanned<String>>()? {
            self.reading.line_of_last_key = referenced.line();
            let path = format!("{}{key}", self.prefix);
            let prefix = format!("{path}.");
            if let Some(setting) = Setting::ALL.iter().find(|setting| setting.key == path) {
                let value = map.next_value::<Spanned<Option<String>>>()?;
                let written = Written { text: value.value, line: referenced.line() };
                self.reading.written.insert(setting.key, written);
            } else if Setting::ALL.iter().any(|setting| setting.key.starts_with(&prefix)) {
                map.next_value_seed(Section { prefix: &prefix, reading: self.reading })?;
            } else {
                self.reading.unknown = Some(Unknown { key: path, expected: self.expected() });
                return Err(A::Error::custom("unknown key"));
            }
        }
        Ok(())
    }
}
