//! Keeping versions from removal, and the time by which they may go.

use std::sync::{Arc, PoisonError};

use super::open::{Archive, Inner};
use crate::bucket::no_such_bucket;
use crate::caller::Caller;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::{ChangeKind, Permit};
use crate::name::{BucketName, ObjectKey, VersionId};
use crate::retention::{ClockStatus, Retention, RetentionOrigin};

impl Archive {
    /// Keeps a version from removal until `until_ms`, in milliseconds since 1970, in whatever mode it lies; says what
    /// keeps it then. What is kept for longer already stays so.
    ///
    /// *Durability*: on return it is kept through a power cut.
    /// *Errors*: `InvalidArgument` for a time that is past; `NoSuchBucket`, `NoSuchKey`, `KeyDeleted`, `NoSuchVersion`,
    /// `DeleteMarker`, `MetadataTooLarge`, `StorageFull`, `Unavailable`, `Corrupt`, `Io`.
    pub fn retain(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
        until_ms: u64,
    ) -> Result<Retention> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        if until_ms <= inner.retention_now_ms() {
            return Err(Error::new(ErrorKind::InvalidArgument, "retain object")
                .about(key)
                .because("the time until which it is to be kept is past"));
        }
        let open_bucket = inner.buckets.get(bucket)?;
        let held = open_bucket.hold();
        let settings = held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let _key = inner.key_locks.lock(bucket, key);
        inner.doubts.refuse(bucket, key)?;
        let old = inner.entry_in(bucket, key, version)?;
        let (mut sidecar, element) = inner.sidecar_of(&old)?;
        if let Some(known) = sidecar.retention.filter(|known| known.until_ms >= until_ms) {
            return Ok(known);
        }
        let kept = Retention { until_ms, origin: RetentionOrigin::Account };
        inner.check_room(&element, 0)?;
        let document = element.document();
        let permit = Permit::grant(document.mode, ChangeKind::Retain)?;
        sidecar.placement_seq = inner.sequence.draw()?;
        sidecar.modified_ms = inner.options.clock.now_ms();
        sidecar.retention = Some(kept);
        let event = inner.event_of_version(caller, settings, (&sidecar, document.mode), None);
        let annotated = inner.commit_annotation(caller, (&element, &permit), &old, &sidecar, event);
        annotated.inspect_err(|error| inner.doubts.note(&element, error, (bucket, key)))?;
        Ok(kept)
    }

    /// What time it is for whatever goes or moves by its age, in milliseconds since 1970: the archive's own, which
    /// does not follow a clock that jumps. Notes it on disk every ten minutes.
    #[must_use]
    pub fn retention_now_ms(&self) -> u64 {
        self.inner.keep_clock(false);
        self.inner.retention_now_ms()
    }

    /// The archive's time and the system's.
    #[must_use]
    pub fn clock(&self) -> ClockStatus {
        self.inner.retention_clock.status(&*self.inner.options.clock)
    }

    /// Lets the archive's time go on to the system's at once: somebody has seen that it is right.
    ///
    /// *Durability*: durable on return; the log keeps who said so.
    /// *Errors*: `StorageFull`, `Unavailable`, `Io`.
    pub fn accept_clock(&self, caller: &Caller) -> Result<ClockStatus> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let element = inner.log_element()?;
        let record = Record::new(inner.sequence.draw()?, inner.options.clock.now_ms(), caller, Change::Note);
        element.log()?.append(record, &Attachments::default())?.applied();
        let clock = Arc::clone(&inner.options.clock);
        let status = inner.retention_clock.accept(&*clock);
        let _alone = inner.control.lock().unwrap_or_else(PoisonError::into_inner);
        inner.retention_clock.keep(&*inner.disk, &*clock, true)?;
        Ok(status)
    }
}

impl Inner {
    /// The archive's time, in milliseconds since 1970.
    pub(super) fn retention_now_ms(&self) -> u64 {
        self.retention_clock.now_ms(&*self.options.clock)
    }

    /// Notes on disk what time it is, now and then or at once. Where that fails the next stop counts from before.
    pub(super) fn keep_clock(&self, now: bool) {
        let _alone = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.retention_clock.keep(&*self.disk, &*self.options.clock, now) {
            tracing::warn!(%error, "the archive clock could not be kept");
        }
    }
}
