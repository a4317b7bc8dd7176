//! Every setting of the program: where it may be given, what it may be, and which source wins.
//!
//! A setting comes from a flag, else from the environment, else from the config file, else from its
//! default. This module alone reads the environment. Everything is parsed once, into [`Settings`]; a
//! mistake is refused with its place, what was expected and what to do.
//!
//! `catalogue.rs` names the settings, `value.rs`, `scrub.rs`, `interval.rs` and `recalls.rs` their values, `environment.rs` and `file.rs` are the
//! sources, `choice.rs` decides between them, `resolved.rs` is the outcome.

mod catalogue;
mod choice;
mod environment;
mod file;
mod interval;
mod key_file;
mod recalls;
mod resolved;
mod scrub;
mod value;

pub(crate) use catalogue::Setting;
pub(crate) use environment::Environment;
pub(crate) use key_file::KeyFile;
pub(crate) use resolved::{
    AuthSettings, Flags, LoggingSettings, ScrubSettings, ServerSettings, Settings, StorageSettings,
};
pub(crate) use scrub::ByteRate;
pub(crate) use value::{IndexChoice, ListenAddress, LogFormat, LogLevel};

#[cfg(test)]
mod tests;
