//! Operations on objects.

mod annotation;
mod attributes;
mod copy;
mod copy_source;
mod delete;
mod delete_many;
mod get;
mod head;
mod put;
mod put_queue;
mod restore;
mod tags;

pub(crate) use attributes::attributes;
pub(crate) use copy::copy;
pub(crate) use copy_source::{CopySource, SourceTimes, source_too_large};
pub(crate) use delete::delete;
pub(crate) use delete_many::delete_many;
pub(crate) use get::get;
pub(crate) use head::head;
pub(crate) use put::{put, store};
pub(crate) use put_queue::PutQueue;
pub(crate) use restore::restore;
pub(crate) use tags::{delete_tags, get_tags, put_tags};
