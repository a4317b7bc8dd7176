//! Who asks for something of the archive as a whole: a user of the machine, or an account at the HTTP API.

use std::net::IpAddr;
use std::sync::Arc;

use auth::Principal;
use storage_engine::caller::{Caller, Door};

/// Who asks, as the log and the audit keep it.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    account: Arc<str>,
    account_name: Arc<str>,
    door: Door,
    address: Option<IpAddr>,
    request_id: Arc<str>,
}

impl Asker {
    /// A user of the machine, at the control socket or by an offline command.
    pub(crate) fn local(uid: u32, request_id: Arc<str>) -> Self {
        Self {
            account: format!("uid:{uid}").into(),
            account_name: "local".into(),
            door: Door::Control,
            address: None,
            request_id,
        }
    }

    /// An account at the HTTP API.
    pub(crate) fn account(principal: &Principal, address: IpAddr, request_id: Arc<str>) -> Self {
        Self {
            account: principal.account().as_str().into(),
            account_name: principal.name().as_str().into(),
            door: Door::Api,
            address: Some(address),
            request_id,
        }
    }

    /// Its name in records of what it asked for.
    pub(crate) fn name(&self) -> &str {
        &self.account
    }

    pub(crate) fn caller(&self, operation: &'static str) -> Caller {
        Caller {
            account: Arc::clone(&self.account),
            account_name: Arc::clone(&self.account_name),
            door: self.door,
            address: self.address,
            request_id: Arc::clone(&self.request_id),
            operation,
        }
    }
}
