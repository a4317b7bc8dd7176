//! The mount door: the archive as a directory. This release has none; the crate keeps its place in the
//! direction of dependencies.
