//! Pages of listings.

mod page_token;

pub(crate) use page_token::PageToken;
