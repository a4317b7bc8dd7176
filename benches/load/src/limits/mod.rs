//! What the machine allows: the disk, the digests, HTTP alone.

mod digests;
mod files;
mod http;
mod rows;

pub(crate) use rows::run;
