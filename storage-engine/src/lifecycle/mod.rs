//! Lifecycle rules: what of a bucket expires, and what moves to a stricter mode, by its age.
//!
//! Pure: nothing here reads a clock or changes a version. `rule.rs` holds the rules, `filter.rs` what they
//! concern, `class.rs` where they move it, `day.rs` how days are counted, `check.rs` which rules are valid, and
//! `judge.rs` decides what is due of one version. Whoever carries it out is above the engine.

mod check;
mod class;
mod day;
mod filter;
mod judge;
mod rule;

pub use check::{LIFECYCLE_BYTES_MAX, RULES_MAX};
pub use class::TransitionClass;
pub use day::Midnight;
pub use filter::{Filter, Scope};
pub use judge::{Candidate, Judgement, Standing};
pub use rule::{
    DefaultMinimumSize, Expiration, Lifecycle, NoncurrentExpiration, NoncurrentTransition, Rule, Transition,
    When,
};

#[cfg(test)]
mod tests;
