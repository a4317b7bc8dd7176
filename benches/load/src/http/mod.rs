//! HTTP/1.1 as a client that measures needs it: kept-alive connections, answers checked while they come in.

mod answer;
mod connection;

pub(crate) use connection::{BodyCheck, Connection};
