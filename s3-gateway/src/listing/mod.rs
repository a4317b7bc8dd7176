//! Listings of objects: both versions of the operation over one page of the engine.

mod by_marker;
mod by_token;
mod page;
mod page_token;
mod spelling;

pub(crate) use by_marker::by_marker;
pub(crate) use by_token::by_token;
pub(crate) use page_token::PageToken;
pub(crate) use spelling::Spelling;
