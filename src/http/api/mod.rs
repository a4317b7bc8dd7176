//! The API's address: health for anybody, and administration for accounts that prove who they are.
//!
//! `router.rs` has the routes, `caller.rs` who asks and whether they may, the others one subject each.

mod batch;
mod caller;
mod elements;
mod restores;
mod router;
mod transactions;
mod webhooks;

pub(super) use caller::Peer;
pub(crate) use router::{ApiParts, router};

#[cfg(test)]
mod tests;
