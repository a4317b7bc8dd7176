//! Seals: for each hour that is over and quiet a manifest of its files, chained to the seal before it, all
//! in the format of `sha256sum`. docs/SEALS.md has the format and the commands.
//!
//! `hour.rs` is what a seal covers, `seal_file.rs` the seal, `chain.rs` the list of all of an element,
//! `line.rs` and `lines.rs` the lines they are made of. `make.rs` makes one, `earlier.rs` compares it with the one before it, `unsealed.rs` knows
//! which hours need one, and `moved.rs` where documents are that left a sealed hour. `verify` compares seals with files, with no database and on any copy.

mod chain;
mod earlier;
#[cfg(test)]
pub(crate) mod fixture;
mod hour;
mod hours;
mod line;
mod lines;
mod make;
mod moved;
mod names;
mod seal_file;
mod unsealed;
pub mod verify;

pub(crate) use chain::Chain;
pub(crate) use hour::Hour;
pub(crate) use hours::hours_from;
pub(crate) use make::{Made, Making};
pub(crate) use moved::Moved;
pub(crate) use seal_file::Link;
pub(crate) use unsealed::{Due, REST_HOURS_MAX, Unsealed, UnsealedRecord};

#[cfg(test)]
mod tests;
