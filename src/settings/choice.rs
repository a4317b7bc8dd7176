//! Which source of a setting wins: flag, then environment, then config file, then default.

use std::fmt;
use std::str::FromStr;

use super::Setting;
use super::environment::Environment;
use super::file::ConfigFile;
use super::value::Expected;
use crate::error::{Error, ErrorKind, Result};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In the environment.
    Variable(&'static str),
    /// In the config file.
    File {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
    },
    /// Nowhere: the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(variable) => write!(f, "environment variable {variable}"),
            Self::File { path, line } => write!(f, "{path}, line {line}"),
            Self::Default => f.write_str("its default"),
        }
    }
}

/// A setting's value and where it was given.
#[derive(Debug)]
pub(super) struct Chosen<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

/// The sources besides the flags.
pub(super) struct Sources<'a> {
    pub(super) environment: &'a Environment,
    pub(super) file: &'a ConfigFile,
}

impl Sources<'_> {
    /// The value of a setting, or `None` where it is given nowhere and has no default.
    ///
    /// *Errors*: `InvalidSettings` with the place of the value that counts.
    pub(super) fn choose<T>(&self, setting: &Setting, flag: Option<T>) -> Result<Option<Chosen<T>>>
    where
        T: FromStr<Err = Expected>,
    {
        if let (Some(value), Some(name)) = (flag, setting.flag) {
            return Ok(Some(Chosen { value, origin: Origin::Flag(name) }));
        }
        let (text, origin) = if let Some((variable, text)) = self.environment.setting(setting)? {
            (text, Origin::Variable(variable))
        } else if let Some((text, line)) = self.file.setting(setting) {
            (text, Origin::File { path: self.file.path().display().to_string(), line })
        } else if let Some(text) = setting.default {
            (text, Origin::Default)
        } else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(Chosen { value, origin })),
            Err(expected) => Err(refusal(setting, text, &origin, expected)),
        }
    }

    /// The value of a setting that has a default.
    pub(super) fn value<T>(&self, setting: &Setting, flag: Option<T>) -> Result<T>
    where
        T: FromStr<Err = Expected>,
    {
        self.choose(setting, flag)?.map(|chosen| chosen.value).ok_or_else(|| {
            Error::new(ErrorKind::InvalidSettings, "read setting")
                .about(setting.key)
                .because("it has no value")
        })
    }

    /// Refuses a setting of a later release wherever it is given with more than its default.
    pub(super) fn refuse_later<T>(
        &self,
        setting: &Setting,
        flag: Option<T>,
        is_default: impl FnOnce(&T) -> bool,
        instead: &str,
    ) -> Result<()>
    where
        T: FromStr<Err = Expected>,
    {
        match self.choose(setting, flag)? {
            Some(chosen) if !is_default(&chosen.value) => {
                Err(Error::new(ErrorKind::NotInRelease, "read setting")
                    .about(format_args!("{} ({})", setting.key, chosen.origin))
                    .because("not in this release")
                    .remedy(instead))
            }
            _ => Ok(()),
        }
    }
}

fn refusal(setting: &Setting, text: &str, origin: &Origin, expected: Expected) -> Error {
    Error::new(ErrorKind::InvalidSettings, "read setting")
        .about(format_args!("{} ({origin})", setting.key))
        .because(format_args!("{expected}, found {text:?}"))
        .remedy(format_args!("correct {origin}; docs/CONFIGURATION.md lists what it may be"))
}
