//! Recalls: the bytes that were asked for are brought back, and go again when their day has come.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, atomic::Ordering};
use std::time::Duration;

use super::open::{Archive, Inner};
use super::read::{Found, PIECE_BYTES};
use crate::bucket::Versioning;
use crate::disk::{Disk, EntryKind, PARTIAL_SUFFIX};
use crate::element::{Element, RESTORED_DIR, read_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::fsck::told;
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey, VersionId};
use crate::outbox::EventKind;
use crate::restore::{Restore, RestoreDocument, RestoreState, expiry, restored_path};
use crate::sidecar::Kind;
use crate::target::{self, Item};

/// Tries before a restore fails.
const ATTEMPTS_MAX: u64 = 6;
/// How long a recall waits after its first failure, in milliseconds; twice as long after each further one.
const RETRY_MS: u64 = 2 * 60 * 1000;
/// For how long a restore that failed is shown, in milliseconds.
const FAILED_KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How long before its end a copy is told to be near it, in milliseconds.
const WARNED_MS: u64 = 24 * 60 * 60 * 1000;
/// Copies that end in one call.
const EXPIRED_MAX: usize = 1000;

/// What a recall came to.
#[derive(Debug)]
pub struct Recall {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version_id: VersionId,
    /// Whether the bytes are here, and why not.
    pub outcome: Result<u64>,
    /// Whether that is its end: it is not tried again.
    pub is_final: bool,
}

impl Archive {
    /// Waits until there may be bytes to archive or to recall, at most for `time`; `seen` is what the last call
    /// answered, 0 at first.
    #[must_use]
    pub fn wait_for_archive_work(&self, seen: u64, time: Duration) -> u64 {
        self.inner.work.wait(seen, time)
    }

    /// Wakes those who wait for work.
    pub fn wake_archive_work(&self) {
        self.inner.work.call();
    }

    /// Brings the bytes that are next: those of the fastest tier that have waited longest. `None` where nothing
    /// waits. Several threads may recall at a time.
    ///
    /// *Durability*: bytes that are here are compared with their SHA-256 and survive a power cut.
    /// *Errors*: `Unavailable` while the archive closes. Why bytes could not be brought is in the answer.
    pub fn recall_next(&self) -> Result<Option<Recall>> {
        let inner = &self.inner;
        drop(self.enter()?);
        let Some((seq, restore)) = inner.restores.take_next(inner.options.clock.now_ms()) else {
            return Ok(None);
        };
        let element = inner.element(restore.element)?;
        let document = match RestoreDocument::read(&*element.disk, restore.id) {
            Ok(document) => document,
            Err(error) => {
                inner.restores.forget(seq);
                return Err(error);
            }
        };
        let (bucket, key, version_id) = (document.bucket.clone(), document.key.clone(), document.version_id);
        let brought = inner.bring(&element, &document);
        let (document, outcome, is_final) = inner.settle_recall(&element, seq, document, brought);
        match (&outcome, is_final) {
            (Ok(_), _) => inner.tell_of_restore(EventKind::RestoreCompleted, &document),
            (Err(_), true) => inner.tell_of_restore(EventKind::RestoreFailed, &document),
            (Err(_), false) => {}
        }
        Ok(Some(Recall { bucket, key, version_id, outcome, is_final }))
    }

    /// Removes restored copies whose day has come, and forgets restores that failed a week ago; answers how many
    /// copies went.
    ///
    /// *Durability*: they are gone for good on return.
    /// *Concurrency*: who reads one goes on reading.
    /// *Errors*: `Unavailable` while the archive closes, `Io`.
    pub fn expire_restored(&self) -> Result<u64> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let now_ms = inner.retention_now_ms();
        let mut expired = 0;
        for (seq, restore) in inner.restores.select(EXPIRED_MAX, |restore| restore.is_over(now_ms)) {
            let element = inner.element(restore.element)?;
            let document = match RestoreDocument::read(&*element.disk, restore.id) {
                Ok(document) => Some(document),
                // What it stood for is over all the same.
                Err(error) => {
                    tracing::error!(id = %restore.id, %error, "what was known of a restore that is over cannot be read");
                    None
                }
            };
            {
                let lock = |document: &RestoreDocument| inner.key_locks.lock(&document.bucket, &document.key);
                let _key = document.as_ref().map(lock);
                if inner.restores.get(seq).is_none_or(|known| !known.is_over(now_ms)) {
                    continue;
                }
                inner.restores.forget(seq);
                RestoreDocument::remove(&*element.disk, restore.id)?;
            }
            if restore.state == RestoreState::Restored {
                expired += 1;
                if let Some(document) = &document {
                    inner.tell_of_restore(EventKind::RestoreExpired, document);
                }
            }
        }
        inner.warn_of_expiry(now_ms)?;
        Ok(expired)
    }
}

impl Restore {
    /// Whether nothing of it is to be kept at `now_ms`.
    fn is_over(&self, now_ms: u64) -> bool {
        match self.state {
            RestoreState::Restored => self.expires_ms <= now_ms,
            RestoreState::Failed => self.requested_ms.saturating_add(FAILED_KEPT_MS) <= now_ms,
            RestoreState::Requested | RestoreState::Recalling => false,
        }
    }
}

impl Inner {
    /// Tells of copies whose day is near, once each as long as this process lives.
    fn warn_of_expiry(&self, now_ms: u64) -> Result<()> {
        let is_near = |restore: &Restore| {
            restore.state == RestoreState::Restored
                && restore.warned_ms != restore.expires_ms
                && (now_ms..now_ms.saturating_add(WARNED_MS)).contains(&restore.expires_ms)
        };
        for (seq, restore) in self.restores.select(EXPIRED_MAX, is_near) {
            self.restores.change(seq, |known| known.warned_ms = restore.expires_ms);
            let element = self.element(restore.element)?;
            if let Ok(document) = RestoreDocument::read(&*element.disk, restore.id) {
                self.tell_of_restore(EventKind::FileExpiring, &document);
            }
        }
        Ok(())
    }

    /// Brings the bytes of a version to its restored copy, durable and compared.
    fn bring(&self, element: &Arc<Element>, document: &RestoreDocument) -> Result<()> {
        let disk: &dyn Disk = &*element.disk;
        let (sidecar, overflow) = read_pair(disk, &document.path.sidecar())?;
        if sidecar.kind != Kind::Object {
            return Err(disposed(&document.key));
        }
        let copy = restored_path(document.id);
        let partial = format!("{copy}{PARTIAL_SUFFIX}");
        match disk.remove(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("write restored copy", partial, error));
            }
            _ => {}
        }
        let here = Found::of(sidecar.clone(), Arc::clone(element), Versioning::Never, None).open_here().ok();
        let is_stopped = || self.is_closing.load(Ordering::Acquire);
        let item = Item {
            element,
            sidecar: &sidecar,
            overflow: overflow.as_deref(),
            read: &|at| {
                here.as_ref().map_or(Ok(Default::default()), |reader| reader.read_at(at, PIECE_BYTES))
            },
            is_stopped: &is_stopped,
        };
        // Bytes that are not on the target yet need not come from there.
        match &here {
            Some(_) => copy_here(&item, disk, &partial)?,
            None => target::open(&self.options, element, &is_stopped)?.recall(&item, &partial)?,
        }
        let io = |error| Error::io("keep restored copy", &copy, error);
        let file = disk.open_to_write(&partial).map_err(io)?;
        item.compare(&*file, "keep restored copy")?;
        file.sync()
            .and_then(|()| disk.replace(&partial, &copy))
            .and_then(|()| disk.sync_dir(RESTORED_DIR))
            .map_err(io)
    }

    /// Keeps what a recall came to; says so, and whether that is its end.
    fn settle_recall(
        &self,
        element: &Arc<Element>,
        seq: u64,
        mut document: RestoreDocument,
        brought: Result<()>,
    ) -> (RestoreDocument, Result<u64>, bool) {
        let now_ms = self.options.clock.now_ms();
        let _key = self.key_locks.lock(&document.bucket, &document.key);
        if self.restores.get(seq).is_none() {
            let removed = RestoreDocument::remove(&*element.disk, document.id);
            let error = removed.err().unwrap_or_else(|| disposed(&document.key));
            return (document, Err(error), true);
        }
        // Meanwhile somebody may have asked for it to come sooner.
        let tier = self.restores.get(seq).map_or(document.tier, |known| known.tier);
        document.tier = tier;
        let error = match brought {
            Ok(()) => {
                document.state = RestoreState::Restored;
                document.failure = None;
                let here_ms = self.retention_now_ms();
                if document.expires_ms <= here_ms {
                    document.expires_ms = expiry(here_ms, document.days);
                }
                match document.write(&*element.disk) {
                    Ok(()) => {
                        self.restores.put(seq, Restore::of(&document, element.id));
                        let size = document.size;
                        return (document, Ok(size), true);
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        if self.is_closing.load(Ordering::Acquire) {
            self.restores.change(seq, |known| known.state = RestoreState::Requested);
            return (document, Err(error), false);
        }
        document.attempts += 1;
        document.failure = Some(told(&error));
        let is_final = document.attempts >= ATTEMPTS_MAX;
        document.state = if is_final { RestoreState::Failed } else { RestoreState::Requested };
        if let Err(error) = document.write(&*element.disk) {
            tracing::warn!(%error, "why a document could not be restored was not kept");
        }
        let wait_ms = RETRY_MS << document.attempts.saturating_sub(1).min(10);
        let retry_ms = now_ms.saturating_add(wait_ms);
        self.restores.put(seq, Restore { retry_ms, ..Restore::of(&document, element.id) });
        (document, Err(error), is_final)
    }

    /// Takes the restores of an element over at a start, and removes what is left of others.
    ///
    /// *Errors*: `NewerFormat`, `Io`. A damaged document is reported and its copy removed: the bytes are archived.
    pub(super) fn admit_restores(&self, element: &Arc<Element>) -> Result<()> {
        let disk: &dyn Disk = &*element.disk;
        let io = |error| Error::io("read restored copies", &element.name, error);
        let is_archived = element.document().mode == Mode::Ar;
        let entries = disk.read_dir(RESTORED_DIR).map_err(io)?;
        let ids = entries.iter().filter_map(|entry| entry.name.strip_suffix(".json"));
        let mut kept = HashSet::new();
        for id in ids.filter_map(|id| uuid::Uuid::try_parse(id).ok()) {
            match RestoreDocument::read(disk, id) {
                Ok(document) if is_archived && self.has_copy(disk, &document)? => {
                    let mut restore = Restore::of(&document, element.id);
                    if restore.state == RestoreState::Recalling {
                        restore.state = RestoreState::Requested;
                    }
                    self.restores.put(document.seq, restore);
                    let id = id.simple().to_string();
                    kept.extend([format!("{id}.json"), id]);
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::NewerFormat | ErrorKind::Io) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(%id, %error, "what is known of a restore is damaged: ask for it again");
                }
            }
        }
        for entry in
            entries.iter().filter(|entry| entry.kind == EntryKind::File && !kept.contains(&entry.name))
        {
            disk.remove(&format!("{RESTORED_DIR}/{}", entry.name)).map_err(io)?;
        }
        Ok(())
    }

    /// Whether the copy that a restore says is here is.
    fn has_copy(&self, disk: &dyn Disk, document: &RestoreDocument) -> Result<bool> {
        if document.state != RestoreState::Restored {
            return Ok(true);
        }
        let path = restored_path(document.id);
        match disk.open(&path).and_then(|file| file.len()) {
            Ok(len) => Ok(len == document.size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("read restored copy", path, error)),
        }
    }
}

fn disposed(key: &ObjectKey) -> Error {
    Error::new(ErrorKind::NoSuchVersion, "restore object").about(key).because("it was disposed of meanwhile")
}

/// Copies bytes that the element still has itself.
fn copy_here(item: &Item<'_>, disk: &dyn Disk, to: &str) -> Result<()> {
    let io = |error| Error::io("write restored copy", to, error);
    let (file, mut at) = (disk.create(to).map_err(io)?, 0);
    loop {
        let piece = (item.read)(at)?;
        if piece.is_empty() {
            return Ok(());
        }
        file.write_at(&piece, at).map_err(io)?;
        at += piece.len() as u64;
    }
}
