//! Placement: which element a new object goes to, and what is refused before its body is read.

use std::sync::{Arc, atomic::Ordering};

use super::open::{Archive, ElementSlot, Inner};
use super::put::{Admission, PutTarget};
use crate::element::{Element, ElementDocument};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{Mode, StorageClass, class_of_name};

/// Least room that bodies leave free on every file system, in bytes: for log, catalog and deletes.
pub(super) const RESERVE_BYTES: u64 = 32 * 1024 * 1024;
/// Free inodes that bodies leave.
const RESERVE_INODES: u64 = 64;

impl Archive {
    /// Decides where an object would land, before its body is read.
    ///
    /// *Errors*: `NoSuchBucket`, `InvalidStorageClass`, `QuotaExceeded`, `StorageFull`, `Unavailable`,
    /// `EntityTooLarge`.
    pub fn admit(&self, target: PutTarget) -> Result<Admission> {
        let _gate = self.enter()?;
        let bucket = self.inner.buckets.get(&target.bucket)?;
        let default_mode = bucket.hold().as_ref().map(|document| document.default_mode);
        let default_mode = default_mode.ok_or_else(|| crate::bucket::no_such_bucket(&target.bucket))?;
        if target.length.is_some_and(|length| length > super::multipart::PART_BYTES_MAX) {
            return Err(Error::new(ErrorKind::EntityTooLarge, "put object")
                .about(&target.key)
                .because("an object sent in one piece has at most 5 GiB: upload it in parts"));
        }
        self.inner.refuse_if_uncovered()?;
        let ingest = self.inner.ingest(target.class.as_deref(), default_mode)?;
        let element = self.inner.ingest_element(ingest.mode, target.length.unwrap_or(0))?;
        Ok(Admission { target, element, bound_for: ingest.bound_for })
    }
}

/// Where a new object of a class goes.
pub(super) struct Ingest {
    /// The mode in which it is stored.
    pub(super) mode: Mode,
    /// The class to which it goes on by itself, where nothing is stored in that one.
    pub(super) bound_for: Option<StorageClass>,
}

impl Inner {
    /// Where a new object of the class named by the client goes; without one, to the bucket's default mode. What is to
    /// be in ro or ar is final in rw until it has gone down (DECISIONS 14).
    ///
    /// *Errors*: `InvalidStorageClass` for a name that is none, or where no element has the class; `Unavailable`
    /// where one that may have it is absent.
    pub(super) fn ingest(&self, class: Option<&str>, default_mode: Mode) -> Result<Ingest> {
        let class = class.map_or(Ok(default_mode.storage_class()), class_of_name)?;
        let mode = class.mode();
        if matches!(mode, Mode::Edit | Mode::Rw) {
            return Ok(Ingest { mode, bound_for: None });
        }
        let has_class = |element: &Arc<Element>| {
            let document = element.document();
            document.class() == class && document.takes_in()
        };
        if !self.ready_elements().iter().any(has_class) {
            return Err(self.no_element_of(mode));
        }
        Ok(Ingest { mode: Mode::Rw, bound_for: Some(class) })
    }

    /// The element of a class that a version goes to, as [`Self::ingest_element`] chooses it.
    ///
    /// *Errors*: as there.
    pub(super) fn element_of_class(&self, class: StorageClass, length: u64) -> Result<Arc<Element>> {
        self.choose(class.mode(), length, |document| document.class() == class)
    }

    /// The first element of `mode` with room for `length` bytes, by priority, then name.
    ///
    /// *Errors*: `InvalidStorageClass` where no element has the mode, else why none takes it.
    pub(super) fn ingest_element(&self, mode: Mode, length: u64) -> Result<Arc<Element>> {
        self.choose(mode, length, |_| true)
    }

    fn choose(
        &self,
        mode: Mode,
        length: u64,
        is_wanted: impl Fn(&ElementDocument) -> bool,
    ) -> Result<Arc<Element>> {
        let is_candidate = |element: &Arc<Element>| {
            let document = element.document();
            document.mode == mode && document.takes_in() && is_wanted(&document)
        };
        let mut candidates: Vec<Arc<Element>> =
            self.ready_elements().into_iter().filter(is_candidate).collect();
        candidates.sort_by_key(|element| (element.document().priority, element.name.clone()));
        let mut refusal = None;
        for element in candidates {
            match self.check_room(&element, length) {
                Ok(()) => return Ok(element),
                Err(error) => refusal = Some(error),
            }
        }
        Err(refusal.unwrap_or_else(|| self.no_element_of(mode)))
    }

    /// An element of mode edit to write a record to that needs no room but the log's own.
    ///
    /// *Errors*: `Unavailable` where none is in use.
    pub(super) fn log_element(&self) -> Result<Arc<Element>> {
        let usable = |element: &Arc<Element>| {
            element.document().mode == Mode::Edit && element.log().is_ok_and(|log| !log.is_latched())
        };
        self.ready_elements().into_iter().find(usable).ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "choose element").because("no element of mode edit is in use")
        })
    }

    fn no_element_of(&self, mode: Mode) -> Error {
        let elements = self.elements.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if elements.values().any(|slot| matches!(slot, ElementSlot::Absent { .. })) {
            return Error::new(ErrorKind::Unavailable, "choose element").because(format_args!(
                "no element of mode {mode} is in use and an element is absent: bring it back and restart"
            ));
        }
        let has_mode = |slot: &ElementSlot| match slot {
            ElementSlot::Ready(element) => element.document().mode == mode,
            ElementSlot::Absent { .. } => false,
        };
        let refusal = Error::new(ErrorKind::InvalidStorageClass, "choose element");
        if mode == Mode::Ar && elements.values().any(has_mode) {
            return refusal.because(
                "no element of mode ar with an archive target has this storage class: artstore element target sets both",
            );
        }
        refusal.because(format_args!("no element has the mode {mode} that this storage class asks for"))
    }

    /// Whether the quota of an element has room for `length` more bytes.
    ///
    /// *Errors*: `QuotaExceeded`.
    pub(super) fn check_quota(&self, element: &Element, length: u64) -> Result<()> {
        let quota = element.document().max_size_bytes;
        if quota.is_some_and(|quota| element.used_bytes().saturating_add(length) > quota) {
            element.is_full.store(true, Ordering::Release);
            return Err(Error::new(ErrorKind::QuotaExceeded, "choose element").about(&element.name));
        }
        Ok(())
    }

    /// Whether `length` more bytes fit on an element.
    ///
    /// *Errors*: `QuotaExceeded`, `StorageFull`, `Unavailable`.
    pub(super) fn check_room(&self, element: &Element, length: u64) -> Result<()> {
        if element.log()?.is_latched() {
            return Err(Error::new(ErrorKind::Unavailable, "choose element")
                .about(&element.name)
                .because("it is read-only after an I/O error until the server is restarted"));
        }
        self.check_quota(element, length)?;
        let reserve = element.document().reserve_bytes.unwrap_or(0).max(RESERVE_BYTES);
        let space =
            element.disk.space().map_err(|error| Error::io("ask for free space", &element.name, error))?;
        if space.free_bytes < length.saturating_add(reserve) || space.free_inodes < RESERVE_INODES {
            element.is_full.store(true, Ordering::Release);
            return Err(Error::new(ErrorKind::StorageFull, "choose element")
                .about(&element.name)
                .because("its file system has no room: delete what is not needed or add an element"));
        }
        Ok(())
    }
}
