//! Access control lists. The owner of a bucket has everything in it, as at AWS where ownership is "bucket owner
//! enforced": the lists say so, and cannot be changed.

mod lists;
mod refused;

pub(crate) use lists::{of_bucket, of_object};
pub(crate) use refused::{put_of_bucket, put_of_object};
