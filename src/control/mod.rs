//! The control socket: how commands reach the process that owns an archive.
//!
//! HTTP with JSON over `<data>/control.sock`, for the owner and root alone (SO_PEERCRED). `server.rs`
//! answers, `client.rs` asks, `owner.rs` is either the server reached or, where none runs, the archive
//! opened by the command itself; both end in `crate::administration`. `scrub.rs` asks for the
//! scrub, `archiving.rs` answers about archive targets and restores, `retention.rs` about retention and
//! the archive clock, `disposals.rs` about disposal runs, `webhooks.rs` about webhooks.

mod archiving;
mod client;
mod disposals;
mod owner;
mod peer;
mod retention;
mod scrub;
mod server;
mod socket;
mod webhooks;

pub(crate) use owner::Owner;
pub(crate) use scrub::{scrub_status, start_scrub};
pub(crate) use server::serve;
pub(crate) use socket::{SocketFile, bind};

#[cfg(test)]
mod tests;
