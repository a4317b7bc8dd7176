//! What the commands do, one file each.

mod account;
mod bucket;
mod disposal;
mod element;
mod fsck;
mod index;
mod lifecycle;
mod restore;
mod retention;
mod scrub;
mod seal;
mod serve;
mod transfer;
mod webhook;
mod welcome;

pub(crate) use account::account;
pub(crate) use bucket::bucket;
pub(crate) use disposal::disposal;
pub(crate) use element::element;
pub(crate) use fsck::fsck;
pub(crate) use index::index;
pub(crate) use lifecycle::lifecycle;
pub(crate) use restore::{restore, restores};
pub(crate) use retention::{clock, retain};
pub(crate) use scrub::scrub;
pub(crate) use seal::seal;
pub(crate) use serve::serve;
pub(crate) use transfer::{transactions, transfer};
pub(crate) use webhook::webhook;

#[cfg(test)]
mod tests;
