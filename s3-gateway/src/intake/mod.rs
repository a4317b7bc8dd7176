//! Bodies on their way in, and what clients claim about them.

mod checksum_headers;
mod claims;
mod unsupported;

pub(crate) use claims::Claims;
pub(crate) use unsupported::refuse_unsupported;
