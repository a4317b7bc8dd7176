//! Who listens: accounts that have a webhook for the events of their buckets, and rules of buckets.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use super::event::{Event, EventKind, Notify, Occurrence};
use crate::bucket::BucketDocument;
use crate::caller::Caller;

/// The accounts that listen. Rules of buckets stand in their documents.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    accounts: RwLock<BTreeSet<String>>,
}

impl Listeners {
    /// Says which accounts listen from now on.
    pub(crate) fn set(&self, accounts: BTreeSet<String>) {
        *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = accounts;
    }

    fn listens(&self, account: &str) -> bool {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        !accounts.is_empty() && accounts.contains(account)
    }

    /// The event of something that happens in a bucket; `None` where nobody listens.
    pub(crate) fn event_of(
        &self,
        bucket: &BucketDocument,
        caller: &Caller,
        (seq, time_ms): (u64, u64),
        occurrence: impl FnOnce() -> Option<Occurrence>,
    ) -> Option<Event> {
        let is_for_owner = self.listens(&bucket.owner);
        if !is_for_owner && bucket.notification.is_empty() {
            return None;
        }
        let Occurrence { kind, key, version, size, etag, mode, expires_ms, reason, .. } = occurrence()?;
        let met = bucket.notification.iter().filter(|rule| kind == EventKind::Test || rule.meets(kind, &key));
        let notify: Vec<Notify> =
            met.map(|rule| Notify { rule: rule.id.clone(), webhook: rule.webhook.clone() }).collect();
        let is_for_owner = is_for_owner && kind != EventKind::Test;
        if !is_for_owner && notify.is_empty() {
            return None;
        }
        Some(Event {
            seq,
            kind,
            time_ms,
            owner: bucket.owner.to_string(),
            bucket: bucket.name.clone(),
            key,
            version: version.map(|version| version.to_string()),
            size,
            etag,
            mode,
            expires_ms,
            reason,
            account: caller.account.to_string(),
            address: caller.address,
            request_id: caller.request_id.to_string(),
            is_for_owner,
            notify,
        })
    }
}
