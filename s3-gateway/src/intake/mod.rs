//! Bodies of objects and parts on their way into the engine, and what clients claim about them.

mod attributes;
mod checksum_headers;
mod claims;
mod conditions;
mod incoming;
mod tagging;
mod unsupported;

pub(crate) use attributes::attributes;
pub(crate) use checksum_headers::{checksum_headers, value_of};
pub(crate) use claims::Claims;
pub(crate) use conditions::{delete_conditions, write_conditions};
pub(crate) use incoming::{Incoming, Lengths};
pub(crate) use tagging::{checked_tags, parse_tagging};
pub(crate) use unsupported::refuse_unsupported;
