//! Operations on buckets.

mod create;
mod delete;
mod head;
mod list;
mod location;
mod versioning;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use head::head;
pub(crate) use list::list;
pub(crate) use location::location;
pub(crate) use versioning::{put_versioning, versioning};
