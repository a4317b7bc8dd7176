//! Listings: of objects, in both versions of the operation, and of versions.

mod by_marker;
mod by_token;
mod page;
mod page_token;
mod restore_status;
mod spelling;
mod versions;

pub(crate) use by_marker::by_marker;
pub(crate) use by_token::by_token;
pub(crate) use page_token::PageToken;
pub(crate) use spelling::Spelling;
pub(crate) use versions::versions;
