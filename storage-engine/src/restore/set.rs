//! Every restore of the archive, in memory: what readers ask at each GET, and who is recalled next.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::document::RestoreDocument;
use super::request::{RestoreState, RestoreStatus, Tier};
use crate::name::ElementId;

/// Most restores at a time.
pub(crate) const RESTORES_MAX: usize = 100_000;

/// What is kept in memory of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Restore {
    /// The element that holds the pair.
    pub(crate) element: ElementId,
    /// Of the pair.
    pub(crate) id: Uuid,
    pub(crate) tier: Tier,
    pub(crate) state: RestoreState,
    pub(crate) requested_ms: u64,
    pub(crate) expires_ms: u64,
    /// Not to be tried before.
    pub(crate) retry_ms: u64,
    /// The end of which was told that it is near; 0 where none was.
    pub(crate) warned_ms: u64,
}

/// The restores, by the sequence number of their version.
#[derive(Default)]
pub(crate) struct Restores {
    known: Mutex<HashMap<u64, Restore>>,
}

impl Restore {
    pub(crate) fn of(document: &RestoreDocument, element: ElementId) -> Self {
        Self {
            element,
            id: document.id,
            tier: document.tier,
            state: document.state,
            requested_ms: document.requested_ms,
            expires_ms: document.expires_ms,
            retry_ms: 0,
            warned_ms: 0,
        }
    }

    /// What readers are told at `now_ms`; `None` where the bytes are not here and not on their way.
    fn status(&self, now_ms: u64) -> Option<RestoreStatus> {
        match self.state {
            RestoreState::Requested | RestoreState::Recalling => Some(RestoreStatus::Ongoing),
            RestoreState::Restored if now_ms < self.expires_ms => {
                Some(RestoreStatus::Restored { until_ms: self.expires_ms })
            }
            RestoreState::Restored | RestoreState::Failed => None,
        }
    }
}

impl Restores {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Restore>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there can be one more.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().len() < RESTORES_MAX
    }

    /// What is known of the restore of a version.
    pub(crate) fn get(&self, seq: u64) -> Option<Restore> {
        self.lock().get(&seq).copied()
    }

    /// What readers of a version are told.
    pub(crate) fn status(&self, seq: u64, now_ms: u64) -> Option<RestoreStatus> {
        self.lock().get(&seq)?.status(now_ms)
    }

    /// Keeps a restore, in the place of what was known of it.
    pub(crate) fn put(&self, seq: u64, restore: Restore) {
        self.lock().insert(seq, restore);
    }

    /// Changes a restore that is known.
    pub(crate) fn change(&self, seq: u64, change: impl FnOnce(&mut Restore)) {
        if let Some(known) = self.lock().get_mut(&seq) {
            change(known);
        }
    }

    pub(crate) fn forget(&self, seq: u64) {
        self.lock().remove(&seq);
    }

    /// Takes the one that is to be recalled next: of the fastest tier the one that has waited longest.
    pub(crate) fn take_next(&self, now_ms: u64) -> Option<(u64, Restore)> {
        let mut known = self.lock();
        let waits =
            |restore: &Restore| restore.state == RestoreState::Requested && restore.retry_ms <= now_ms;
        let next = known.iter_mut().filter(|(_, restore)| waits(restore));
        let (seq, restore) = next.min_by_key(|(seq, restore)| (restore.tier, restore.requested_ms, **seq))?;
        restore.state = RestoreState::Recalling;
        Some((*seq, *restore))
    }

    /// Those of which `is_it` holds, at most `max`.
    pub(crate) fn select(&self, max: usize, is_it: impl Fn(&Restore) -> bool) -> Vec<(u64, Restore)> {
        let known = self.lock();
        let mut found: Vec<_> = known
            .iter()
            .filter(|(_, restore)| is_it(restore))
            .map(|(seq, restore)| (*seq, *restore))
            .collect();
        found.sort_unstable_by_key(|(seq, restore)| (restore.requested_ms, *seq));
        found.truncate(max);
        found
    }
}
