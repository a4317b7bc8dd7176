//! Operations on objects.

mod attributes;
mod copy;
mod copy_source;
mod delete;
mod delete_many;
mod get;
mod head;
mod put;

pub(crate) use attributes::attributes;
pub(crate) use copy::copy;
pub(crate) use copy_source::{CopySource, SourceTimes, source_too_large};
pub(crate) use delete::delete;
pub(crate) use delete_many::delete_many;
pub(crate) use get::get;
pub(crate) use head::head;
pub(crate) use put::{put, store};
