//! What stands in front of s3s: each guard refuses what s3s 0.14.1 would let pass, or do at any cost.
//!
//! [`admit`] looks at the head of a request before its body is touched, [`wrap`] watches the body.

mod admission;
mod authorization;
mod body;
mod chunk_framing;
mod credential_scope;
pub(crate) mod document;
mod expiry;
mod hoisted;
mod query;
mod signed_headers;
mod subresource;
mod unreadable;

pub(crate) use admission::{Admitted, BodyShape, admit};
pub(crate) use authorization::{Place, VERSION_4};
pub(crate) use body::wrap;
pub(crate) use credential_scope::Credential;
pub(crate) use document::DOCUMENT_BYTES_MAX;
pub(crate) use query::Query;

#[cfg(test)]
mod tests;
