//! Keys in doubt: their last change was answered with an error while the log failed, and only the next start
//! knows whether it happened.
//!
//! Until then they are not changed. Another element's log would take a later change, which the start would find
//! made to what the earlier one has moved or replaced by then.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{BucketName, ObjectKey};

/// The keys in doubt. There are no more than changes that were under way when a log failed: a log that failed
/// takes none.
#[derive(Default)]
pub(super) struct Doubts {
    keys: Mutex<HashSet<(BucketName, ObjectKey)>>,
    are_any: AtomicBool,
}

impl Doubts {
    /// Notes that a change of a key ends with `error`, where that leaves open whether it happened: the log of its
    /// element has failed, and not before. The caller holds the key's lock.
    pub(super) fn note(&self, element: &Element, error: &Error, (bucket, key): (&BucketName, &ObjectKey)) {
        let is_open = error.kind() != ErrorKind::Unavailable;
        if is_open && element.log().is_ok_and(|log| log.is_latched()) {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.insert((bucket.clone(), key.clone()));
            self.are_any.store(true, Ordering::Release);
        }
    }

    /// Refuses a change of a key in doubt. The caller holds the key's lock.
    ///
    /// *Errors*: `Unavailable`.
    pub(super) fn refuse(&self, bucket: &BucketName, key: &ObjectKey) -> Result<()> {
        if !self.are_any.load(Ordering::Acquire) {
            return Ok(());
        }
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains(&(bucket.clone(), key.clone())) {
            return Err(Error::new(ErrorKind::Unavailable, "change object").about(key).because(
                "whether its last change happened is known when the server has been restarted: a log failed",
            ));
        }
        Ok(())
    }
}
