//! Archiving: the bytes of an element go to its archive target, and its sidecars stay.
//!
//! A document that comes to an element of mode ar lies there whole at first. Then its bytes are stored on the
//! target and compared there, a record commits that the element's own copy goes, and it is removed. An element
//! that is to become ar has everything stored first, while it can still be read. Storing is idempotent: a stop
//! anywhere leaves bytes in both places at the worst, and the next look goes on.

use std::io;
use std::sync::{Arc, atomic::Ordering};

use super::open::{Archive, Inner};
use super::read::Found;
use crate::bucket::Versioning;
use crate::caller::Caller;
use crate::disk::{Disk, EntryKind};
use crate::element::{Element, read_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Place, Record};
use crate::mode::{ChangeKind, Mode, Permit};
use crate::name::{ElementName, SIDECAR_SUFFIX};
use crate::seal::Hour;
use crate::sidecar::{Kind, Sidecar, split_overflow};
use crate::target::{self, Item, Target};

/// How long an hour waits in which something could not be archived, in milliseconds.
const RETRY_MS: u64 = 10 * 60 * 1000;
/// Failures that an hour tells of one by one.
const FAILURES_MAX: usize = 20;

/// What was done for the archive targets.
#[derive(Debug, Default)]
pub struct ArchivePass {
    /// Documents whose bytes were moved.
    pub archived: u64,
    /// Those bytes.
    pub bytes: u64,
    /// What could not be moved; it is tried again later. At most twenty are named.
    pub failed: Vec<Unarchivable>,
    /// Whether there may be more to do now.
    pub is_more: bool,
}

/// A document whose bytes could not be moved.
#[derive(Debug)]
pub struct Unarchivable {
    /// The element.
    pub element: ElementName,
    /// The path of its data file, or of the hour's folder.
    pub path: String,
    /// Why.
    pub error: Error,
}

/// What becomes of the element's own bytes once they are on the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    Stay,
    Go,
}

impl Archive {
    /// Archives what one hour of an element of mode ar still has the bytes of.
    ///
    /// *Durability*: bytes that are gone here are safe on the target.
    /// *Concurrency*: one thread; a close waits for one piece of a file at most.
    /// *Errors*: `Unavailable` while the archive closes. What is wrong with one document is in the answer.
    pub fn archive_due(&self) -> Result<ArchivePass> {
        let inner = &self.inner;
        let mut pass = ArchivePass::default();
        drop(self.enter()?);
        let mut elements = inner.ready_elements();
        elements.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        for element in elements {
            let is_due = {
                let document = element.document();
                document.mode == Mode::Ar && document.target.is_some()
            };
            if !is_due {
                continue;
            }
            let now_ms = inner.options.clock.now_ms();
            let hour = element
                .unarchived
                .take(&*element.disk, now_ms)
                .map_err(|error| Error::io("look for bytes to archive", &element.name, error))?;
            let Some(hour) = hour else { continue };
            pass.is_more = true;
            inner.archive_hour(&element, hour, Own::Go, &mut pass);
            break;
        }
        Ok(pass)
    }
}

impl Inner {
    /// Stores the bytes of every document of an hour on the element's target. An hour that is not done is looked at
    /// again later.
    pub(super) fn archive_hour(&self, element: &Arc<Element>, hour: Hour, own: Own, pass: &mut ArchivePass) {
        let before = pass.failed.len();
        let is_stopped = || self.is_closing.load(Ordering::Acquire);
        let done = target::open(&self.options, element, &is_stopped).and_then(|target| {
            let names = data_files(&*element.disk, &hour.to_string())?;
            let mut is_done = true;
            for path in names {
                match self.archive_one(element, &*target, &path, own) {
                    // It went on to another element meanwhile.
                    Err(_) if is_gone(&*element.disk, &path) => {}
                    Ok(Some(bytes)) => {
                        pass.archived += 1;
                        pass.bytes += bytes;
                    }
                    Ok(None) => {}
                    Err(error) if self.is_closing.load(Ordering::Acquire) => return Err(error),
                    Err(error) => {
                        is_done = false;
                        if pass.failed.len() < before + FAILURES_MAX {
                            pass.failed.push(Unarchivable { element: element.name.clone(), path, error });
                        }
                    }
                }
            }
            Ok(is_done)
        });
        let is_done = done.unwrap_or_else(|error| {
            pass.failed.push(Unarchivable { element: element.name.clone(), path: hour.to_string(), error });
            false
        });
        if !is_done {
            element.unarchived.put_off(hour, self.options.clock.now_ms().saturating_add(RETRY_MS));
        }
    }

    /// Stores the bytes of the data file at `path`; answers how many they are, `None` where there is nothing to do.
    fn archive_one(
        &self,
        element: &Arc<Element>,
        target: &dyn Target,
        path: &str,
        own: Own,
    ) -> Result<Option<u64>> {
        let (sidecar, overflow) = match read_pair(&*element.disk, &format!("{path}{SIDECAR_SUFFIX}")) {
            // Its sidecar is about to follow.
            Err(error) if error.is_missing_file() && error.kind() == ErrorKind::Io => return Ok(None),
            other => other?,
        };
        if sidecar.kind != Kind::Object {
            return Ok(None);
        }
        let reader =
            match Found::of(sidecar.clone(), Arc::clone(element), Versioning::Never, None).open_here() {
                Err(error) if error.is_missing_file() => return Ok(None),
                other => other?,
            };
        let is_stopped = || self.is_closing.load(Ordering::Acquire);
        let item = Item {
            element,
            sidecar: &sidecar,
            overflow: overflow.as_deref(),
            read: &|at| reader.read_at(at, super::read::PIECE_BYTES),
            is_stopped: &is_stopped,
        };
        let is_new = !target.holds(&item)?;
        if is_new {
            target.store(&item)?;
        }
        if !self.settle_stored(element, &sidecar, overflow.as_deref(), own)? {
            target.remove(&item)?;
            return Ok(None);
        }
        if own == Own::Go {
            target.released(&item)?;
        }
        Ok((is_new || own == Own::Go).then_some(sidecar.size))
    }

    /// Removes the element's own copy of bytes that are safe on its target, where it is to go; `false` where the
    /// document was disposed of or went on to another element while its bytes were stored.
    fn settle_stored(
        &self,
        element: &Arc<Element>,
        sidecar: &Sidecar,
        overflow: Option<&str>,
        own: Own,
    ) -> Result<bool> {
        let _gate = self.gate.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *_gate {
            return Err(Error::new(ErrorKind::Unavailable, "archive object").about(&sidecar.path));
        }
        let _key = self.key_locks.lock(&sidecar.bucket, &sidecar.key);
        match read_pair(&*element.disk, &sidecar.path.sidecar()) {
            Ok((now, _)) if now.kind == Kind::Object => {}
            Ok(_) => return Ok(false),
            Err(error) if error.is_missing_file() && error.kind() == ErrorKind::Io => return Ok(false),
            Err(error) => return Err(error),
        }
        if own == Own::Stay {
            return Ok(true);
        }
        let _touched = self.touch(element, &sidecar.path, &[])?;
        let document = element.document();
        let _permit: Permit = Permit::grant(document.mode, ChangeKind::Release)?;
        let place = Place {
            element: element.id,
            path: sidecar.path.clone(),
            overflow: overflow.map(str::to_owned),
            blocks: None,
        };
        let caller = Caller::of_job("Archive");
        let record = Record::new(
            self.sequence.draw()?,
            self.options.clock.now_ms(),
            &caller,
            Change::Release { place: place.clone() },
        );
        let committed = element.log()?.append(record, &Attachments::default())?;
        let removed = remove_data(&*element.disk, &place)
            .map_err(|error| Error::io("remove archived bytes", &place.path, error));
        self.end(committed, removed);
        Ok(true)
    }
}

/// Whether no sidecar is beside a data file any more.
fn is_gone(disk: &dyn Disk, path: &str) -> bool {
    disk.exists(&format!("{path}{SIDECAR_SUFFIX}")).is_ok_and(|exists| !exists)
}

/// Removes the data file at a place; one that is gone is no error.
pub(super) fn remove_data(disk: &dyn Disk, place: &Place) -> io::Result<()> {
    match disk.remove(place.path.data()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Paths of the files in an hour's folder that are no sidecars; none where there is no folder.
fn data_files(disk: &dyn Disk, hour: &str) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let read = disk.each_entry(hour, &mut |entry| {
        let is_document = entry.name.ends_with(SIDECAR_SUFFIX) || split_overflow(&entry.name).is_some();
        if entry.kind == EntryKind::File && !is_document {
            paths.push(format!("{hour}/{}", entry.name));
        }
    });
    match read {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("read folder", hour, error));
        }
        _ => {}
    }
    paths.sort_unstable();
    Ok(paths)
}
