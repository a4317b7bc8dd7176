//! Who asks for a change: what the log and the audit trail keep of each.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The way a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The S3 gateway.
    S3,
    /// The HTTP API.
    Api,
    /// The mount.
    Mount,
    /// The control socket and offline commands.
    Control,
    /// The engine's own jobs.
    Job,
}

/// The account, door and request behind a call. Written into the log record of each change.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Id of the account.
    pub account: Arc<str>,
    /// A short name of the account for stored names, as people know it.
    pub account_name: Arc<str>,
    /// The door used.
    pub door: Door,
    /// The peer's address, where the door has one.
    pub address: Option<IpAddr>,
    /// The request id that the answer carries.
    pub request_id: Arc<str>,
    /// The operation in the door's own terms, such as `PutObject`.
    pub operation: &'static str,
}

impl Caller {
    /// The engine's own job, which nobody asked for at the time.
    #[must_use]
    pub(crate) fn of_job(operation: &'static str) -> Self {
        Self {
            account: "system".into(),
            account_name: "system".into(),
            door: Door::Job,
            address: None,
            request_id: "".into(),
            operation,
        }
    }
}
