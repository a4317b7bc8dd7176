//! Refusals: every answer that is not a success, by its S3 code.

mod code;
mod engine;
mod refused;

pub(crate) use code::Code;
pub(crate) use refused::{Answer, Refusal};
