//! Access control lists. The owner of a bucket has everything in it, as at AWS where ownership is "bucket owner
//! enforced": the lists say so, and cannot be changed.

mod lists;
mod put;

pub(crate) use lists::{of_bucket, of_object};
pub(crate) use put::{of_bucket as put_of_bucket, of_object as put_of_object};
