//! Webhooks: who is told of events, what is sent, and the sending of it, at least once.
//!
//! `webhook.rs` is a webhook as it is kept, `registry.rs` all of them and what may be asked of them. A webhook
//! has a mailbox (`mailbox.rs`): how far in the outbox it is, what is to be tried again and what was given up,
//! kept in control documents by `ledger.rs`. `courier.rs` runs one task a webhook, so that a slow receiver delays
//! no other; `letter.rs` and `body.rs` say what it sends, `sender.rs` sends it to an address that `address.rs`
//! allows.

mod address;
mod body;
mod courier;
mod document;
mod endpoint;
mod ledger;
mod letter;
mod mailbox;
mod registry;
mod sender;
mod signature;
mod webhook;

pub(crate) use courier::Couriers;
pub(crate) use document::{
    CreatedWebhook, DeadDocument, NewWebhookRequest, RetriedDocument, TestedDocument, WebhookDocument,
    WebhookRequest,
};
pub(crate) use registry::Webhooks;
pub(crate) use sender::Timings;

#[cfg(test)]
mod tests;
