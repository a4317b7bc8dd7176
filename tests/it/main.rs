//! The integration tests of the workspace: the rules of the house, and the program as a process.
//!
//! What a client sees through S3 is tested with real clients in `tests/clients`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reaches files directly, and its failure is a panic"
)]

mod process;
mod server;
mod tidy;
