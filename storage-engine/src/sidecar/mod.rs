//! Sidecars: the `*.attr.json` beside each data file, the only source of truth about it.
//!
//! `record.rs` says what a sidecar holds, `codec.rs` how it is written and read, `overflow.rs` what
//! happens to what does not fit into 4,096 bytes.

mod codec;
mod overflow;
mod record;

pub use codec::{SIDECAR_BYTES_MAX, decode, encode};
pub(crate) use codec::{bound_for, members};
pub(crate) use overflow::split_overflow;
pub use overflow::{OVERFLOW_BYTES_MAX, Overflow};
pub use record::{Blocks, Kind, Sidecar};

#[cfg(test)]
mod tests;
