//! Operations on objects.

mod attributes;
mod delete;
mod delete_many;
mod get;
mod head;
mod put;

pub(crate) use attributes::attributes;
pub(crate) use delete::delete;
pub(crate) use delete_many::delete_many;
pub(crate) use get::get;
pub(crate) use head::head;
pub(crate) use put::{put, store};
