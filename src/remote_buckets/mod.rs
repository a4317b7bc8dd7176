//! Buckets of other S3 services, for the engine that keeps archived bytes there.
//!
//! `buckets.rs` opens one with the access key that `credentials.rs` reads; `bucket.rs` is what the engine asks of it,
//! `upload.rs` the part of that which sends bytes. `exchange.rs` is one request and its answer, bounded in time and
//! ended with the server; `failure.rs` says what went wrong, and `tries.rs` whether it is tried again.

mod bucket;
mod buckets;
mod credentials;
mod exchange;
mod failure;
mod tries;
mod upload;

pub(crate) use buckets::Buckets;

#[cfg(test)]
mod tests;
