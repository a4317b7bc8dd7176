//! Comparing an element, or any copy of one, with its seals: with files alone, and without changing any.
//!
//! `check.rs` goes over elements, `links.rs` over the chain, `hour.rs` over the files of an hour, `strays.rs`
//! over what no seal speaks of. `place.rs` finds the elements.

mod check;
mod finding;
mod hour;
mod links;
mod options;
mod place;
mod report;
mod strays;

pub use check::verify;
pub use finding::{Finding, FindingKind};
pub use options::{Progress, Sample, VerifyOptions};
pub use report::{ElementReport, FINDINGS_MAX, Report, SealedLast};

#[cfg(test)]
mod tests;
