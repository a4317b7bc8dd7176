//! The steps that changes of every kind share.

use std::sync::{Arc, PoisonError};

use uuid::Uuid;

use super::multipart::UploadId;
use super::open::Inner;
use super::upload_store;
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::element::{Element, remove_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Committed, Place, Record};
use crate::mode::Mode;
use crate::name::VersionId;
use crate::seal::Moved;

impl Inner {
    /// Shows a change to readers. The caller holds the lock of its key.
    pub(super) fn show(&self, updates: &[Update]) -> Result<()> {
        for Update::Put { bucket, key, .. } | Update::Remove { bucket, key, .. } in updates {
            self.recent.forget(bucket, key);
        }
        self.catalog.apply(updates)
    }

    /// Removes what a change left behind it: the pairs of `retired`, which gave way to the one at `to` where there
    /// is one. It is committed and visible: where that fails, its answer stands, and the record stays in the log for
    /// the next start to finish.
    pub(super) fn finish(
        &self,
        committed: Committed,
        (retired, to): (&[Entry], Option<&Place>),
        completed: Option<(&Arc<Element>, UploadId)>,
    ) {
        let finished = self.retire(retired, to).and_then(|()| match completed {
            Some((element, upload)) => upload_store::remove_document(&*element.disk, upload),
            None => Ok(()),
        });
        self.end(committed, finished);
    }

    /// Ends a change whose files are published; `finished` says whether it left nothing behind it.
    pub(super) fn end(&self, committed: Committed, finished: Result<()>) {
        match finished {
            Ok(()) => committed.applied(),
            Err(error) => {
                tracing::error!(%error, "what a change left could not be removed; the element is read-only until the server is restarted");
            }
        }
    }

    /// Takes committed changes back that could not be published, so that recovery does not bring them either:
    /// abort records, one for each caller's change of that sequence number, in one frame. Says whether they
    /// are durable; where they are not, the changes stand in the log, and only recovery can bring them about.
    pub(super) fn abort(&self, element: &Arc<Element>, changes: &[(&Caller, u64)]) -> bool {
        let now_ms = self.options.clock.now_ms();
        let records = changes.iter().map(|(caller, seq)| {
            let record = Record::new(self.sequence.draw()?, now_ms, caller, Change::Abort { aborted: *seq });
            record.encode(&Attachments::default())
        });
        let aborted =
            records.collect::<Result<Vec<_>>>().and_then(|records| element.log()?.append_all(records));
        match aborted {
            Ok(aborts) => {
                aborts.into_iter().for_each(Committed::applied);
                true
            }
            Err(error) => {
                tracing::error!(element = %element.name, %error, "a change could neither be published nor taken back; the element is read-only until the server is restarted");
                false
            }
        }
    }

    /// Removes the files of versions that nobody can reach any more.
    ///
    /// *Errors*: `Io`; the change they gave way to is committed all the same.
    fn retire(&self, entries: &[Entry], to: Option<&Place>) -> Result<()> {
        for entry in entries {
            self.remove_place(&entry.place, to)?.subtract_used(entry.size);
        }
        Ok(())
    }

    /// Removes the files at a place, and notes at its seals where the document went: in every mode but edit, what
    /// gives way to another pair is the same version, which moves on.
    pub(super) fn remove_place(&self, place: &Place, to: Option<&Place>) -> Result<Arc<Element>> {
        let element = self.element(place.element)?;
        let io = |error| Error::io("remove superseded files", &place.path, error);
        remove_pair(&*element.disk, place).map_err(io)?;
        // The caller may hold the element's document: no second look waits for it.
        if let Some(to) = to.filter(|_| element.mode_at_once() != Some(Mode::Edit)) {
            let moved = Moved { data: place.path.clone(), element: to.element, to: to.path.clone() };
            let _alone = element.moved.lock().unwrap_or_else(PoisonError::into_inner);
            moved.append(&*element.disk).map_err(io)?;
        }
        Ok(element)
    }
}

/// A version id of its own for change `seq`.
///
/// *Errors*: `Io` where the system gives no random bytes.
pub(super) fn unique_version(seq: u64) -> Result<VersionId> {
    let nonce =
        getrandom::u64().map_err(|error| Error::new(ErrorKind::Io, "draw version id").caused_by(error))?;
    Ok(VersionId::Unique { seq, nonce })
}

/// Random bytes for an id.
pub(super) fn random_uuid_bytes() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(ErrorKind::Io, "draw id").caused_by(error))?;
    Ok(bytes)
}

/// A UUIDv7 for something made at `now_ms` (RFC 9562, section 5.7).
pub(super) fn uuid_at(now_ms: u64) -> Result<Uuid> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| Error::new(ErrorKind::Io, "draw id").caused_by(error))?;
    Ok(uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid())
}
