//! The command line: what can be typed, and how answers and errors are shown.
//!
//! `arguments.rs` and `archiving.rs` hold the commands as types, `share.rs` a value they take, `terminal.rs` is the only place
//! that prints, `table.rs` lays out lists for people.

mod archiving;
mod arguments;
mod bucket;
mod disposal;
mod retention;
mod share;
mod table;
pub(crate) mod terminal;
mod webhook;

pub(crate) use archiving::{RestoreArguments, SettingsArguments, TargetArguments};
pub(crate) use arguments::{
    AccountCommand, Arguments, Command, ElementCommand, FsckArguments, IndexCommand, LifecycleCommand,
    ModeArguments, NewAccountArguments, NewElementArguments, OutputArguments, RebuildArguments, ScrubCommand,
    SealCommand, SealVerifyArguments, StartScrubArguments, TransferArguments,
};
pub(crate) use bucket::{BucketCommand, BucketSettingsArguments};
pub(crate) use disposal::{DisposalCommand, ProposalArguments, RunArguments, ShowArguments};
pub(crate) use retention::{ClockCommand, RetainArguments};
pub(crate) use table::Table;
pub(crate) use terminal::printable;
pub(crate) use webhook::{DeadArguments, NewWebhookArguments, WebhookArguments, WebhookCommand};

#[cfg(test)]
mod tests;
