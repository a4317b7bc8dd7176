//! What the server does by itself, beside requests: threads that look after the archive.

mod scrub;
mod scrub_document;
mod throttle;

pub(crate) use scrub::Scrubber;
pub(crate) use scrub_document::{PassDocument, ScrubDocument, StartScrubRequest};

#[cfg(test)]
mod tests;
