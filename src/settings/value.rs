//! The values that settings may have.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// What a setting's text should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected(pub(crate) &'static str);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for Expected {}

/// An address to listen on: a host name or IP address, and a port; port 0 takes any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress(String);

impl ListenAddress {
    /// The address as text, which the resolver understands.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ListenAddress {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let expected = Expected("HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000");
        let (host, port) = text.rsplit_once(':').ok_or(expected)?;
        let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
        if host.is_empty() || is_bare_ipv6 || port.parse::<u16>().is_err() {
            return Err(expected);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names of domains, joined by commas; `none` for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DomainNames(pub(crate) Vec<String>);

impl FromStr for DomainNames {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let domains: Vec<String> = text.split(',').map(|domain| domain.trim().to_owned()).collect();
        if domains.iter().all(|domain| domain.split('.').all(is_label)) {
            return Ok(Self(domains));
        }
        Err(Expected(
            "names of domains without ports, joined by commas, such as localhost,s3.example.com, or none",
        ))
    }
}

/// What keeps the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageType {
    /// Files below the data directory and the roots of elements.
    Local,
    /// A bucket of another S3 service.
    S3,
}

impl FromStr for StorageType {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "local" => Ok(Self::Local),
            "s3" => Ok(Self::S3),
            _ => Err(Expected("local")),
        }
    }
}

/// Where the search index is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum IndexChoice {
    /// Beside the catalog, by an engine of the program's own.
    Embedded,
    /// In a PostgreSQL database. The URL may hold a password, and is not kept before it can be used.
    Postgres,
}

impl FromStr for IndexChoice {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "embedded" => Ok(Self::Embedded),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => Ok(Self::Postgres),
            _ => Err(Expected("embedded, or a URL that begins with postgres://")),
        }
    }
}

impl fmt::Debug for IndexChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Postgres => "postgres://",
        })
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text where the log goes to a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl FromStr for LogFormat {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(Expected("json, text or auto")),
        }
    }
}

/// What is logged: a level for everything, and levels for modules.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LogLevel {
    text: String,
    everything: LevelFilter,
    modules: Vec<(String, LevelFilter)>,
}

impl LogLevel {
    /// Only what somebody must know: for commands whose output is something else.
    pub(crate) fn warnings() -> Self {
        Self { text: "warn".to_owned(), everything: LevelFilter::WARN, modules: Vec::new() }
    }

    /// The filter of events and spans. What s3s says of a refused request, the S3 door has said already,
    /// once and at its level: s3s is heard only where it is named.
    pub(crate) fn filter(&self) -> Targets {
        Targets::new()
            .with_default(self.everything)
            .with_target("s3s", LevelFilter::OFF)
            .with_targets(self.modules.iter().cloned())
    }
}

impl FromStr for LogLevel {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let mut parsed = Self { text: text.to_owned(), everything: LevelFilter::INFO, modules: Vec::new() };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => parsed.everything = parse_level(part)?,
                Some((module, level)) if !module.is_empty() => {
                    parsed.modules.push((module.to_owned(), parse_level(level)?));
                }
                Some(_) => return Err(EXPECTED_LEVEL),
            }
        }
        Ok(parsed)
    }
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const EXPECTED_LEVEL: Expected =
    Expected("off, error, warn, info, debug or trace, alone or per module as in info,storage_engine=debug");

fn parse_level(text: &str) -> Result<LevelFilter, Expected> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(EXPECTED_LEVEL),
    }
}

/// Any text that is a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath(pub(crate) PathBuf);

impl FromStr for FilePath {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        if text.is_empty() {
            return Err(Expected("a path"));
        }
        Ok(Self(PathBuf::from(text)))
    }
}

/// Any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl FromStr for Text {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        Ok(Self(text.to_owned()))
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

impl FromStr for Switch {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        text.parse().map(Self).map_err(|_| Expected("true or false"))
    }
}
