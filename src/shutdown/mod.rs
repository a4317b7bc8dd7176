//! Ending: what asks for it, and how long it may take.

mod drain;
mod signals;

pub(crate) use drain::{DRAIN_MAX, Drained, STOP_MAX, drain};
pub(crate) use signals::Signals;

#[cfg(test)]
mod tests;
