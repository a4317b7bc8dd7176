//! An element in use: its root, its lock, its document and its log.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::document::ElementDocument;
use super::unarchived::Unarchived;
use crate::bucket::BucketDocument;
use crate::disk::{Disk, DiskLock, SharedDisk};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Log, WAL_DIR};
use crate::mode::Mode;
use crate::name::{BucketName, ElementId, ElementName};
use crate::seal::{Chain, Unsealed};

/// Where bodies and files wait to be renamed; swept at start.
pub(crate) const STAGING_DIR: &str = ".artstore/staging";
/// Where open uploads are.
pub(crate) const UPLOADS_DIR: &str = ".artstore/uploads";
/// Where the block digests of large objects are.
pub(crate) const BLOCKS_DIR: &str = ".artstore/blocks";
/// Where the bytes of restored documents are, with what is known of each restore.
pub(crate) const RESTORED_DIR: &str = ".artstore/restored";
/// What proves that movers have archived documents whose bytes are here still.
pub(crate) const ARCHIVED_DIR: &str = ".artstore/archived";
/// The lock of the process that owns the element.
pub(crate) const LOCK: &str = ".artstore/lock";

/// An open element.
pub(crate) struct Element {
    pub(crate) id: ElementId,
    pub(crate) name: ElementName,
    pub(crate) root: PathBuf,
    pub(crate) disk: SharedDisk,
    document: RwLock<ElementDocument>,
    log: OnceLock<Arc<Log>>,
    /// Generation of each bucket document that lies on this element.
    buckets: Mutex<HashMap<BucketName, u64>>,
    /// Bytes of data files; kept where there is a quota.
    used_bytes: AtomicU64,
    /// Whether something did not fit since that was last looked at.
    pub(crate) is_full: AtomicBool,
    /// Whether it was told that it becomes ro before long.
    pub(crate) is_warned: AtomicBool,
    /// Which of its hours are to be sealed.
    pub(crate) unsealed: Unsealed,
    /// Which of its hours may hold bytes that belong to its archive target.
    pub(crate) unarchived: Unarchived,
    /// The chain of its seals, once one was to be made; held by who makes one.
    pub(crate) chain: Mutex<Option<Chain>>,
    /// Held by who notes where a document went that leaves it.
    pub(crate) moved: Mutex<()>,
    _lock: Box<dyn DiskLock>,
}

impl Element {
    /// Makes the folders of a new element and its document.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `AlreadyExists` where the root is an element already.
    pub(crate) fn create(disk: &dyn Disk, document: &ElementDocument) -> Result<()> {
        if let Some(found) = ElementDocument::read(disk)? {
            return Err(Error::new(ErrorKind::AlreadyExists, "create element")
                .about(&found.name)
                .because("the root holds an element already: start the server on it instead"));
        }
        make_folders(disk)?;
        document.write(disk)
    }

    /// Takes an element into use at `now_ms`: takes its lock.
    ///
    /// *Errors*: `Locked` naming the holder, `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn open(
        disk: SharedDisk,
        root: PathBuf,
        document: ElementDocument,
        (holder, now_ms): (&str, u64),
    ) -> Result<Self> {
        make_folders(&*disk)?;
        let lock = disk.lock(LOCK, holder).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Error::new(ErrorKind::Locked, "open element")
                .about(&document.name)
                .because(format_args!("it is in use by {error}")),
            _ => Error::io("lock element", root.display(), error),
        })?;
        Ok(Self {
            id: document.id,
            name: document.name.clone(),
            root,
            disk,
            document: RwLock::new(document),
            log: OnceLock::new(),
            buckets: Mutex::new(HashMap::new()),
            used_bytes: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
            is_warned: AtomicBool::new(false),
            unsealed: Unsealed::unknown(now_ms),
            unarchived: Unarchived::unknown(),
            chain: Mutex::new(None),
            moved: Mutex::new(()),
            _lock: lock,
        })
    }

    /// The document, held so that the mode stays while a change is committed.
    pub(crate) fn document(&self) -> RwLockReadGuard<'_, ElementDocument> {
        self.document.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document, held alone: no change is being committed here, and none begins. A thread that holds it
    /// shared must not ask for it once more: whoever waits here would keep it from getting it.
    pub(crate) fn document_alone(&self) -> RwLockWriteGuard<'_, ElementDocument> {
        self.document.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mode where nobody is about to change it.
    pub(crate) fn mode_at_once(&self) -> Option<Mode> {
        self.document.try_read().ok().map(|document| document.mode)
    }

    /// The log, once recovery has handed it over.
    ///
    /// *Errors*: `Unavailable` before that.
    pub(crate) fn log(&self) -> Result<&Arc<Log>> {
        self.log.get().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "use element")
                .about(&self.name)
                .because("it is being recovered")
        })
    }

    /// Hands the log over.
    pub(crate) fn set_log(&self, log: Arc<Log>) {
        self.log.get_or_init(|| log);
    }

    /// Bytes of the data files on the element, where it has a quota.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Begins to count from what is there.
    pub(crate) fn set_used(&self, bytes: u64) {
        self.used_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts a pair that came.
    pub(crate) fn add_used(&self, bytes: u64) {
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a pair that went.
    pub(crate) fn subtract_used(&self, bytes: u64) {
        let subtract = |used: u64| Some(used.saturating_sub(bytes));
        self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract).ok();
    }

    /// Reads every bucket document on the element.
    ///
    /// *Errors*: `NewerFormat`, `Io`. A damaged document is reported and left alone.
    pub(crate) fn read_buckets(&self) -> Result<Vec<BucketDocument>> {
        let documents = BucketDocument::read_all(&*self.disk)?;
        let mut known = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(documents.iter().map(|document| (document.name.clone(), document.generation)));
        Ok(documents)
    }

    /// Writes a bucket document unless this generation lies here already.
    ///
    /// *Durability*: durable on return.
    pub(crate) fn put_bucket(&self, document: &BucketDocument) -> Result<()> {
        let mut known = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&document.name).is_some_and(|generation| *generation >= document.generation) {
            return Ok(());
        }
        document.write(&*self.disk)?;
        known.insert(document.name.clone(), document.generation);
        Ok(())
    }

    /// Whether a document of the bucket lies here.
    pub(crate) fn holds_bucket(&self, name: &BucketName) -> bool {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Puts a bucket document back in the place of a later one that must not stay. Where it lies here still
    /// nothing is written, so that a full disk does not stand in the way.
    ///
    /// *Durability*: durable on return.
    pub(crate) fn take_back_bucket(&self, document: &BucketDocument) -> Result<()> {
        let mut known = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let path = BucketDocument::path(&document.name);
        if BucketDocument::read(&*self.disk, &path).is_ok_and(|found| found == *document) {
            return Ok(());
        }
        document.write(&*self.disk)?;
        known.insert(document.name.clone(), document.generation);
        Ok(())
    }

    /// Removes a bucket document. *Durability*: durable on return.
    pub(crate) fn remove_bucket(&self, name: &BucketName) -> Result<()> {
        let mut known = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        BucketDocument::remove(&*self.disk, name)?;
        known.remove(name);
        Ok(())
    }
}

fn make_folders(disk: &dyn Disk) -> Result<()> {
    let folders = [
        WAL_DIR,
        STAGING_DIR,
        UPLOADS_DIR,
        BLOCKS_DIR,
        RESTORED_DIR,
        ARCHIVED_DIR,
        crate::bucket::BUCKETS_DIR,
    ];
    for folder in folders {
        if !disk.exists(folder).map_err(|error| Error::io("look for folder", folder, error))? {
            disk.create_dir_durable(folder).map_err(|error| Error::io("create folder", folder, error))?;
        }
    }
    Ok(())
}
