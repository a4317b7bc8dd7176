//! The mount door: the archive as a directory. This release mounts nothing yet; what is here is how keys show as names
//! of files and folders.
//!
//! `name.rs` is the name of one segment of a key, both ways.

pub mod name;

#[cfg(test)]
mod tests;
