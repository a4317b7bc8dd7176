//! What every answer has in common: ids, the error document, the line in the log.

mod bare_etag;
mod body;
mod context;
mod document;
mod finish;
mod late;
mod request_id;
mod timestamp;

pub(crate) use bare_etag::BareEtag;
pub use body::{BoxError, ResponseBody};
pub(crate) use context::RequestContext;
pub(crate) use document::{ErrorDocument, element, is_xml};
pub(crate) use finish::{Accepted, finish, refuse};
pub(crate) use late::answer_in_time;
pub(crate) use request_id::RequestIds;
pub(crate) use timestamp::timestamp;
