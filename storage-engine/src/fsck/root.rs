//! The elements that are checked: found as a start finds them, locked, and left as they are.

use std::collections::BTreeSet;
use std::io;

use super::finding::{Finding, FindingKind, told};
use super::options::FsckOptions;
use super::report::{ElementReport, Tally};
use crate::archive::ELEMENTS_DIR;
use crate::disk::{Disk, DiskLock, EntryKind, SharedDisk, parent};
use crate::element::{ElementDocument, LOCK, Registered, Registry};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{ElementId, ElementName};

const DOCUMENT: &str = "element.json";
const REGISTRY: &str = "control/elements.json";

/// The root of an element, with its lock held.
pub(super) struct Root {
    pub(super) id: ElementId,
    pub(super) name: ElementName,
    pub(super) disk: SharedDisk,
    /// `None` where its document cannot be read.
    pub(super) mode: Option<Mode>,
    pub(super) report: ElementReport,
    /// Whether a repair may change it: its document is whole and its own, and its lock is held.
    pub(super) is_sound: bool,
    /// `None` where there is nothing to lock: a copy without `.artstore`, or a read-only file system.
    _lock: Option<Box<dyn DiskLock>>,
}

/// Opens every registered element, and those that the next start would take in; answers also with what
/// is to be said of the absent ones.
///
/// *Errors*: `Locked` naming the holder, `Io` where a lock cannot be taken for another reason.
pub(super) fn open_all(
    options: &FsckOptions,
    disk: &dyn Disk,
    is_repair: bool,
    tally: &mut Tally,
) -> Result<(Vec<Root>, Vec<ElementReport>)> {
    let mut known = registered(disk, tally);
    find_unregistered(options, disk, &mut known, tally);
    let (mut roots, mut absent, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for registered in known {
        let path = options.data.join(&registered.root);
        match open_one(options, &registered, is_repair, tally)? {
            Some(root) if seen.insert(root.id) => roots.push(root),
            Some(root) => tally.add(Finding::new(
                FindingKind::ElementDocumentDamaged,
                Some(&root.name),
                DOCUMENT,
                format_args!("another root carries the same id as {}: one is a copy", path.display()),
            )),
            None => absent.push(ElementReport::new(registered.id, registered.name, path, false)),
        }
    }
    Ok((roots, absent))
}

fn registered(disk: &dyn Disk, tally: &mut Tally) -> Vec<Registered> {
    match Registry::read(disk) {
        Ok(registry) => registry.unwrap_or_default().elements,
        Err(error) => {
            tally.add(Finding::new(FindingKind::ControlDocumentDamaged, None, REGISTRY, told(&error)));
            Vec::new()
        }
    }
}

/// Adds the element folders under `elements/` that are not registered.
fn find_unregistered(options: &FsckOptions, disk: &dyn Disk, known: &mut Vec<Registered>, tally: &mut Tally) {
    let entries = match disk.read_dir(ELEMENTS_DIR) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            return tally.add(Finding::new(FindingKind::UnreadableFile, None, ELEMENTS_DIR, error));
        }
    };
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
        let root = format!("{ELEMENTS_DIR}/{}", entry.name);
        if known.iter().any(|known| known.root == root) {
            continue;
        }
        let Ok(found) = options.disks.open(&options.data.join(&root), false) else { continue };
        match ElementDocument::read(&*found) {
            Ok(None) => {}
            Ok(Some(document)) => {
                let detail = format_args!("element {} is not registered", document.name);
                tally.add(Finding::new(FindingKind::ElementUnregistered, None, &*root, detail));
                known.push(Registered { id: document.id, name: document.name, root });
            }
            Err(error) => tally.add(Finding::new(
                FindingKind::ElementDocumentDamaged,
                None,
                format!("{root}/{DOCUMENT}"),
                told(&error),
            )),
        }
    }
}

/// Opens one root; `None` where it is absent.
fn open_one(
    options: &FsckOptions,
    registered: &Registered,
    is_repair: bool,
    tally: &mut Tally,
) -> Result<Option<Root>> {
    let path = options.data.join(&registered.root);
    let mut say = |kind, where_: &str, detail: String| {
        tally.add(Finding::new(kind, Some(&registered.name), where_, detail));
    };
    let shown = path.display().to_string();
    let disk = match options.disks.open(&path, false) {
        Ok(disk) => disk,
        Err(error) => {
            say(FindingKind::ElementAbsent, &shown, format!("its root cannot be opened: {error}"));
            return Ok(None);
        }
    };
    let (mut id, mut name, mut mode) = (registered.id, registered.name.clone(), None);
    match ElementDocument::read(&*disk) {
        Ok(None) => {
            say(FindingKind::ElementAbsent, &shown, "its root has no element.json".into());
            return Ok(None);
        }
        Ok(Some(document)) => {
            if document.id != registered.id {
                let detail = format!(
                    "the root holds element {} ({}), and {} ({}) is registered there",
                    document.name, document.id, registered.name, registered.id
                );
                say(FindingKind::ElementDocumentDamaged, DOCUMENT, detail);
            }
            (id, name, mode) = (document.id, document.name, Some(document.mode));
        }
        Err(error) => say(FindingKind::ElementDocumentDamaged, DOCUMENT, told(&error)),
    }
    if is_repair && disk.exists(parent(LOCK)).is_ok_and(|exists| !exists) {
        // A copy may come without this folder. Where it cannot be made, nothing can be locked or changed.
        disk.create_dir_durable(parent(LOCK)).ok();
    }
    let lock = lock(&*disk, LOCK, &options.holder, || name.to_string())?;
    let report = ElementReport::new(id, name.clone(), path, true);
    let is_sound = mode.is_some() && id == registered.id && lock.is_some();
    Ok(Some(Root { id, name, disk, mode, report, is_sound, _lock: lock }))
}

/// Takes a lock file; `None` where there is no folder for it, or the file system is read-only, so that
/// nobody can own what is there.
///
/// *Errors*: `Locked` naming the holder, `Io`.
pub(super) fn lock(
    disk: &dyn Disk,
    path: &str,
    holder: &str,
    what: impl Fn() -> String,
) -> Result<Option<Box<dyn DiskLock>>> {
    match disk.lock(path, holder) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem) => {
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(Error::new(ErrorKind::Locked, "check").about(what()).because(format_args!(
                "it is in use by {error}: stop that process first, fsck reads an archive at rest"
            )))
        }
        Err(error) => Err(Error::io("lock", what(), error)),
    }
}

impl Root {
    /// A finding in this element.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        path: impl Into<String>,
        detail: impl std::fmt::Display,
    ) -> Finding {
        Finding::new(kind, Some(&self.name), path, detail)
    }

    /// Whether the bytes of its objects may be away (mode ar).
    pub(super) fn is_archived(&self) -> bool {
        self.mode == Some(Mode::Ar)
    }
}
