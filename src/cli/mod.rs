//! The command line: what can be typed, and how answers and errors are shown.
//!
//! `arguments.rs` holds the commands as types, `terminal.rs` is the only place that prints, `table.rs` lays
//! out lists for people.

mod arguments;
mod table;
pub(crate) mod terminal;

pub(crate) use arguments::{
    AccountCommand, Arguments, Command, ElementCommand, FsckArguments, NewAccountArguments,
    NewElementArguments, ScrubCommand, StartScrubArguments,
};
pub(crate) use table::Table;

#[cfg(test)]
mod tests;
