//! What the server does by itself, beside requests: threads that look after the archive.

mod archiving;
mod disposal_list;
mod disposal_run;
mod disposals;
mod expiry;
mod journal;
mod lifecycle_pass;
mod lifecycle_work;
mod lifecycles;
mod scrub;
mod scrub_document;
mod seals;
mod threads;
mod throttle;
mod transaction;
mod transfers;
mod worker;

pub(crate) use disposal_list::PAGE_DOCUMENTS;
pub(crate) use disposal_run::{DisposalRun, DisposalState, ListedDocument, ProposalRequest};
pub(crate) use disposals::Disposals;
pub(crate) use lifecycle_pass::LifecyclePass;
pub(crate) use lifecycles::Lifecycles;
pub(crate) use scrub::Scrubber;
pub(crate) use scrub_document::{PassDocument, ScrubDocument, StartScrubRequest};
pub(crate) use threads::{Jobs, Upkeep};
pub(crate) use transaction::{Transaction, TransferRequest, TransitionRequest, Work};
pub(crate) use transfers::Transfers;

#[cfg(test)]
mod tests;
