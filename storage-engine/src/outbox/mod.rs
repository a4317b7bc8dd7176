//! The outbox: what happened to objects, for those who asked to be told, in the order of its coming.
//!
//! It owns `<data>/outbox/`, the form of an event and who listens. It does not own who is told how: that is
//! the program's. An event rides in the log record of its change, so that a change pays no sync for it, and is
//! noted here once the change is visible. The file is written from time to time and at every checkpoint, before
//! the log lets go of the record; recovery notes again what the file lacks. So an event of an acknowledged
//! change is told at least once, one of a change that did not happen never, and its sequence number tells
//! whether it was told before.

mod event;
mod line;
mod listeners;
mod queue;
mod segment;
#[cfg(test)]
mod tests;

pub use event::{Event, EventKind, Notify, Occurrence};
pub(crate) use listeners::Listeners;
pub use queue::EventPage;
pub(crate) use queue::Outbox;
