//! Opening and closing the archive.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use super::checkpoint::CheckpointMark;
use super::doubt::Doubts;
use super::recent::Recent;
use super::uploads::Uploads;
use crate::bell::{Bell, Call};
use crate::bucket::BucketSet;
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::disk::{Disk, DiskLock, RealDisks, SharedDisk};
use crate::element::{Element, Registered};
use crate::error::{Error, ErrorKind, Result};
use crate::key_lock::KeyLocks;
use crate::mode::Mode;
use crate::name::ElementId;
use crate::outbox::{Listeners, Outbox};
use crate::restore::Restores;
use crate::retention::RetentionClock;
use crate::scrub::ScrubState;
use crate::sequence::Sequence;
use crate::signal::Signal;
use crate::target::{NoBuckets, RemoteBuckets};

/// How an archive is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// The data directory; made where it does not exist.
    pub data: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where disks come from.
    pub disks: Arc<dyn crate::disk::Disks>,
    /// What reaches buckets that are archive targets.
    pub buckets: Arc<dyn RemoteBuckets>,
    /// What the lock files say of this process, such as `artstore serve, process 4711`.
    pub holder: String,
}

impl OpenOptions {
    /// The archive in `data` on the real disk with the system's clock, which reaches no buckets elsewhere.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        let holder = format!("process {}", std::process::id());
        Self {
            data,
            clock: Arc::new(SystemClock),
            disks: Arc::new(RealDisks),
            buckets: Arc::new(NoBuckets),
            holder,
        }
    }
}

/// The archive. Shared as `Arc<Archive>`.
///
/// *Concurrency*: every method may be called from any thread. Lock order: gate, bucket, key, element
/// document, log, catalog.
pub struct Archive {
    pub(crate) inner: Arc<Inner>,
    checkpointer: Mutex<Option<JoinHandle<()>>>,
}

/// What the archive's threads share.
pub(crate) struct Inner {
    pub(crate) options: OpenOptions,
    /// The data directory.
    pub(crate) disk: SharedDisk,
    pub(super) elements: RwLock<BTreeMap<ElementId, ElementSlot>>,
    pub(crate) buckets: BucketSet,
    pub(crate) uploads: Uploads,
    pub(crate) outbox: Outbox,
    pub(crate) listeners: Listeners,
    pub(crate) catalog: Catalog,
    pub(super) recent: Recent,
    pub(super) sequence: Sequence,
    pub(crate) key_locks: KeyLocks,
    pub(super) doubts: Doubts,
    pub(super) restores: Restores,
    /// The time by which documents expire and retentions end.
    pub(super) retention_clock: RetentionClock,
    /// Calls those who archive and recall.
    pub(super) work: Signal,
    pub(super) bell: Arc<Bell>,
    pub(crate) checkpoint: Mutex<CheckpointMark>,
    /// Held while a control document is written.
    pub(super) control: Mutex<()>,
    /// Held shared by every change, alone by the close; `true` once closed.
    pub(crate) gate: RwLock<bool>,
    /// Highest sequence number that the catalog shows.
    pub(super) applied_seq: AtomicU64,
    pub(crate) scrub: ScrubState,
    /// Held by who brings an element to mode ar.
    pub(super) archiving: Mutex<()>,
    /// Held by who seals.
    pub(super) sealing: Mutex<()>,
    /// Set before the gate is closed: what takes long and can be left ends.
    pub(super) is_closing: AtomicBool,
    _lock: Box<dyn DiskLock>,
}

/// A registered element.
pub(super) enum ElementSlot {
    /// In use.
    Ready(Arc<Element>),
    /// Its root or document was not found at start; the mode that it had, where the catalog knows all that lies on it.
    Absent { registered: Registered, known_mode: Option<Mode> },
}

impl Archive {
    /// Opens the archive; at the first start makes it, with the elements edit-01 and rw-01.
    ///
    /// What the logs hold beyond the last checkpoint is applied; a catalog that is missing or damaged
    /// is rebuilt from the sidecars.
    ///
    /// *Errors*: `Locked` naming the holder; `NewerFormat`; `Corrupt`; `StorageFull`; `Io`.
    pub fn open(options: OpenOptions) -> Result<Self> {
        Self::open_on(options, Catalog::open)
    }

    /// Opens the archive as [`Self::open`] does, with a catalog that is made anew from the sidecars.
    pub(super) fn open_anew(options: OpenOptions) -> Result<Self> {
        Self::open_on(options, |disk, archive, _| Catalog::make(disk, archive))
    }

    fn open_on(
        options: OpenOptions,
        open_catalog: impl FnOnce(&dyn Disk, u64, u64) -> Result<Catalog>,
    ) -> Result<Self> {
        let data = options.data.display().to_string();
        let io = |error| Error::io("open data directory", &data, error);
        let disk = options.disks.open(&options.data, true).map_err(io)?;
        for folder in ["control", "elements"] {
            if !disk.exists(folder).map_err(io)? {
                disk.create_dir_durable(folder).map_err(io)?;
            }
        }
        let lock = disk.lock("lock", &options.holder).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                Error::new(ErrorKind::Locked, "open data directory").about(&data).because(format_args!(
                    "it is in use by {error}: stop that process, or choose another --data"
                ))
            }
            _ => Error::io("lock data directory", &data, error),
        })?;
        let archive_id = super::control::archive_id(&*disk)?;
        let mark = CheckpointMark::read(&*disk)?;
        let elements = super::element::open_all(&options, &*disk)?;
        let catalog = open_catalog(&*disk, archive_id, mark.number)?;
        let scrub = ScrubState::load(&*disk);
        let retention_clock = RetentionClock::open(&*disk, &*options.clock)?;
        let inner = Arc::new(Inner {
            sequence: Sequence::open(Arc::clone(&disk))?,
            outbox: Outbox::open(Arc::clone(&disk))?,
            options,
            disk,
            elements: RwLock::new(elements),
            buckets: BucketSet::default(),
            uploads: Uploads::default(),
            listeners: Listeners::default(),
            catalog,
            recent: Recent::new(),
            key_locks: KeyLocks::new(),
            doubts: Doubts::default(),
            restores: Restores::default(),
            retention_clock,
            work: Signal::default(),
            bell: Arc::new(Bell::new()),
            checkpoint: Mutex::new(mark),
            control: Mutex::new(()),
            gate: RwLock::new(false),
            applied_seq: AtomicU64::new(0),
            scrub,
            archiving: Mutex::new(()),
            sealing: Mutex::new(()),
            is_closing: AtomicBool::new(false),
            _lock: lock,
        });
        inner.recover()?;
        let checkpointer = Inner::start_checkpointer(&inner)?;
        Ok(Self { inner, checkpointer: Mutex::new(Some(checkpointer)) })
    }

    /// Waits for the changes in flight, checkpoints, and gives the locks back when the last user of
    /// the archive lets go of it. Later changes answer `Unavailable`. Closing twice is no error.
    ///
    /// *Errors*: those of the last checkpoint; nothing acknowledged depends on it.
    pub fn close(&self) -> Result<()> {
        self.inner.is_closing.store(true, Ordering::Release);
        self.inner.work.call();
        let was_closed = {
            let mut gate = self.inner.gate.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *gate, true)
        };
        self.inner.bell.ring(Call::Stop);
        let checkpointer = self.checkpointer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let joined = checkpointer.map_or(Ok(()), JoinHandle::join);
        if joined.is_err() {
            return Err(Error::new(ErrorKind::Io, "close archive").because("the checkpoint thread failed"));
        }
        if was_closed {
            return Ok(());
        }
        self.inner.keep_clock(true);
        self.inner.run_checkpoint(true)
    }

    /// Opens the gate for one change.
    ///
    /// *Errors*: `Unavailable` once the archive is closing.
    pub(super) fn enter(&self) -> Result<RwLockReadGuard<'_, bool>> {
        let gate = self.inner.gate.read().unwrap_or_else(PoisonError::into_inner);
        if *gate {
            return Err(Error::new(ErrorKind::Unavailable, "change archive")
                .because("the server is stopping: try again"));
        }
        Ok(gate)
    }

    /// Whether keys can be looked up: `false` once a part of the catalog was found damaged, until the
    /// archive is opened again.
    #[must_use]
    pub fn is_catalog_usable(&self) -> bool {
        self.inner.catalog.is_usable()
    }

    /// The highest sequence number that readers see.
    #[must_use]
    pub fn applied_seq(&self) -> u64 {
        self.inner.applied_seq.load(Ordering::Acquire)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the archive was not closed cleanly; the next start recovers it");
        }
    }
}

impl Inner {
    /// The element of this id where it is in use.
    ///
    /// *Errors*: `Unavailable` where it is absent.
    pub(crate) fn element(&self, id: ElementId) -> Result<Arc<Element>> {
        let elements = self.elements.read().unwrap_or_else(PoisonError::into_inner);
        match elements.get(&id) {
            Some(ElementSlot::Ready(element)) => Ok(Arc::clone(element)),
            Some(ElementSlot::Absent { registered, .. }) => Err(absent(registered)),
            None => Err(Error::new(ErrorKind::Unavailable, "find element")
                .about(id)
                .because("the catalog names an element that is not registered: run artstore element create for its root")),
        }
    }

    /// Every element in use.
    pub(crate) fn ready_elements(&self) -> Vec<Arc<Element>> {
        let elements = self.elements.read().unwrap_or_else(PoisonError::into_inner);
        let ready = elements.values().filter_map(|slot| match slot {
            ElementSlot::Ready(element) => Some(Arc::clone(element)),
            ElementSlot::Absent { .. } => None,
        });
        ready.collect()
    }

    /// Refuses an answer that an absent element could contradict: one whose content the catalog does
    /// not know may hold any key (DECISIONS 3).
    ///
    /// *Errors*: `Unavailable`, naming the element.
    pub(super) fn refuse_if_uncovered(&self) -> Result<()> {
        let elements = self.elements.read().unwrap_or_else(PoisonError::into_inner);
        for slot in elements.values() {
            if let ElementSlot::Absent { registered, known_mode: None } = slot {
                return Err(absent(registered));
            }
        }
        Ok(())
    }

    /// Refuses where any element is absent: for answers about everything a bucket holds.
    ///
    /// *Errors*: `Unavailable`, naming the element.
    pub(super) fn refuse_if_absent(&self) -> Result<()> {
        let elements = self.elements.read().unwrap_or_else(PoisonError::into_inner);
        for slot in elements.values() {
            if let ElementSlot::Absent { registered, .. } = slot {
                return Err(absent(registered));
            }
        }
        Ok(())
    }

    /// Notes that readers see the change of this number.
    pub(super) fn note_applied(&self, seq: u64) {
        self.applied_seq.fetch_max(seq, Ordering::AcqRel);
    }
}

pub(super) fn absent(registered: &Registered) -> Error {
    Error::new(ErrorKind::Unavailable, "use element").about(&registered.name).because(format_args!(
        "its root {} was not found when the server started: bring it back and restart",
        Path::new(&registered.root).display()
    ))
}
