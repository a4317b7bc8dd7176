//! Retention: how long a version is kept from removal, and what an element's term makes of it.
//!
//! In edit a term says when a document goes; in rw, ro and ar until when it is kept. `record.rs` is what the
//! sidecar of a version says, `term.rs` what `element.json` sets, `clock.rs` the time by which both are measured, `disposal.rs` what stays
//! of a version that was let go when its time was over.

mod clock;
mod disposal;
mod record;
mod term;

pub use clock::ClockStatus;
pub(crate) use clock::RetentionClock;
pub use disposal::{Disposal, REASON_CHARS_MAX};
pub use record::{Retention, RetentionOrigin};
pub use term::{RetentionTerm, TERM_DAYS_MAX, TermSetting};

#[cfg(test)]
mod tests;
