//! The rules of the house that a machine can check, each as one test.
//!
//! A rule that fails lists every place at once, as `path:line: what`.

mod comments;
mod crates;
mod documents;
mod modules;
mod source_tree;
