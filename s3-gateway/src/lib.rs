//! The S3 door: the S3 API over HTTP, in front of the storage engine.
//!
//! What it owns: HTTP connections, signatures, the guards in front of s3s, the translation of S3
//! requests and answers. What it does not: bytes on disk, modes and locks (`storage-engine`), who may do
//! what (`auth`). Types of s3s stay in here.
//!
//! Invariants:
//! - [`service()`] is the only way to a [`Service`], and it takes the accounts: no request reaches the
//!   engine unauthenticated, because only `access::Visit::enter` hands the archive out, and it decides.
//! - Blocking calls run in `crossing` alone, within a bounded number of permits.
//! - A body is bounded wherever it is held: documents by `guard::document`, objects by `intake`.
//! - Every answer carries a request id, and every error is logged once, in `response`.
//!
//! | refused | answer |
//! |---|---|
//! | what [`OPERATIONS`] does not name: tags of buckets, locks, policies, CORS … | 501 `NotImplemented` |
//! | a query parameter that changes the meaning of a PUT, POST or DELETE and is not known | 501 `NotImplemented` |
//! | server-side encryption, website redirects, appending writes | 501 `NotImplemented` |
//! | ACLs that give anything but full control to the owner | 400 `AccessControlListNotSupported` |
//! | Object Lock headers | 400 `InvalidRequest` |
//! | Signature Version 2 | 400 `InvalidRequest` |
//! | anonymous requests | 403 `AccessDenied` |

mod access;
mod acl;
mod addressing;
mod bucket;
mod crossing;
mod dispatch;
mod form;
mod guard;
mod intake;
mod lifecycle;
mod listener;
mod listing;
mod notification;
mod object;
mod operations;
mod percent;
mod reading;
mod refusal;
mod response;
mod service;
mod settings;
mod upload;

pub use listener::serve;
pub use operations::{OPERATIONS, Operation};
pub use response::{BoxError, ResponseBody};
pub use service::{Service, service};
pub use settings::{Settings, WebhookOwners};
