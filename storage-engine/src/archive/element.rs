//! Elements of the archive: found at start, made by command, shown to operators.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::open::{Archive, ElementSlot, Inner, OpenOptions};
use super::status::{ElementState, ElementStatus, NewElement, WhenFull};
use crate::caller::Caller;
use crate::disk::{Disk, EntryKind};
use crate::element::{Element, ElementDocument, Registered, Registry};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Log, Record};
use crate::mode::Mode;
use crate::name::{ElementId, ElementName};

/// The folder of element roots in the data directory.
pub(crate) const ELEMENTS_DIR: &str = "elements";
/// What the first start makes.
const FIRST_ELEMENTS: [(&str, Mode); 2] = [("edit-01", Mode::Edit), ("rw-01", Mode::Rw)];

/// Opens every registered element and takes in those whose folder was put under `elements/`.
///
/// *Errors*: `Locked`, `Corrupt` (also for two roots with one id), `NewerFormat`, `Io`.
pub(super) fn open_all(options: &OpenOptions, disk: &dyn Disk) -> Result<BTreeMap<ElementId, ElementSlot>> {
    let known = Registry::read(disk)?;
    let is_first_start = known.is_none();
    let mut registry = known.unwrap_or_default();
    let before = registry.clone();
    adopt(options, disk, &mut registry)?;
    // A first start that was interrupted has made some of them; a copy brought back is all there is.
    let adopted = registry
        .elements
        .iter()
        .all(|known| FIRST_ELEMENTS.iter().any(|(name, _)| *name == known.name.as_str()));
    if is_first_start && adopted {
        for (name, mode) in FIRST_ELEMENTS {
            let root = format!("{ELEMENTS_DIR}/{name}");
            let name = ElementName::parse(name)?;
            if registry.elements.iter().any(|known| known.name == name) {
                continue;
            }
            registry.elements.push(make(
                options,
                NewElement { name, mode, root: None, max_size_bytes: None },
                root,
            )?);
        }
    }
    if registry != before || is_first_start {
        registry.write(disk)?;
    }
    let mut elements = BTreeMap::new();
    for registered in registry.elements {
        let slot = open_one(options, registered.clone())?;
        if elements.insert(registered.id, slot).is_some() {
            return Err(Error::new(ErrorKind::Corrupt, "open elements").about(&registered.name).because(
                "two roots carry the id of one element: a copy was registered beside its original; remove one of them",
            ));
        }
    }
    Ok(elements)
}

/// Registers element folders under `elements/` that are not registered: copies brought back.
fn adopt(options: &OpenOptions, disk: &dyn Disk, registry: &mut Registry) -> Result<()> {
    let entries =
        disk.read_dir(ELEMENTS_DIR).map_err(|error| Error::io("read folder", ELEMENTS_DIR, error))?;
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
        let root = format!("{ELEMENTS_DIR}/{}", entry.name);
        if registry.elements.iter().any(|known| known.root == root) {
            continue;
        }
        let found = options.disks.open(&resolve(options, &root), false);
        let found = found.map_err(|error| Error::io("open element", &root, error))?;
        if let Some(document) = ElementDocument::read(&*found)? {
            tracing::info!(element = %document.name, root, "an element that was not registered is taken in");
            registry.elements.push(Registered { id: document.id, name: document.name, root });
        }
    }
    Ok(())
}

fn resolve(options: &OpenOptions, root: &str) -> PathBuf {
    // Joining an absolute path replaces what is before it.
    options.data.join(root)
}

fn open_one(options: &OpenOptions, registered: Registered) -> Result<ElementSlot> {
    let root = resolve(options, &registered.root);
    let absent = |registered| Ok(ElementSlot::Absent { registered, known_mode: None });
    let disk = match options.disks.open(&root, false) {
        Ok(disk) => disk,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            tracing::error!(element = %registered.name, root = %root.display(), "the element's root is not there; its objects answer 503");
            return absent(registered);
        }
        Err(error) => return Err(Error::io("open element", root.display(), error)),
    };
    let Some(document) = ElementDocument::read(&*disk)? else {
        tracing::error!(element = %registered.name, root = %root.display(), "the root has no element.json; the element's objects answer 503");
        return absent(registered);
    };
    if document.id != registered.id {
        return Err(Error::new(ErrorKind::Corrupt, "open element").about(root.display()).because(
            format_args!(
                "it holds element {} ({}) and {} ({}) is registered there: put the right folder back",
                document.name, document.id, registered.name, registered.id
            ),
        ));
    }
    if disk.file_system_id().ok() != sub_file_system(&*options.disks, &root) {
        return Err(Error::new(ErrorKind::InvalidArgument, "open element").about(root.display()).because(
            "its folder .artstore is on another file system: an element lies on one file system, so that renames are atomic",
        ));
    }
    Ok(ElementSlot::Ready(Arc::new(Element::open(
        disk,
        root,
        document,
        (&options.holder, options.clock.now_ms()),
    )?)))
}

/// The file system of `.artstore`, or of the root where the folder is not there yet.
fn sub_file_system(disks: &dyn crate::disk::Disks, root: &Path) -> Option<u64> {
    let disk = disks.open(&root.join(".artstore"), false).or_else(|_| disks.open(root, false)).ok()?;
    disk.file_system_id().ok()
}

/// Makes an element and says how it is registered.
fn make(options: &OpenOptions, new: NewElement, root: String) -> Result<Registered> {
    let path = resolve(options, &root);
    let disk = options
        .disks
        .open(&path, true)
        .map_err(|error| Error::io("create element", path.display(), error))?;
    let random = super::store::random_uuid_bytes()?;
    let id = ElementId::new(uuid::Builder::from_random_bytes(random).into_uuid());
    let document = ElementDocument::new(id, new.name.clone(), new.mode, new.max_size_bytes);
    Element::create(&*disk, &document)?;
    Ok(Registered { id, name: new.name, root })
}

impl Archive {
    /// Every registered element, in order of name.
    #[must_use]
    pub fn elements(&self) -> Vec<ElementStatus> {
        let elements = self.inner.elements.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<ElementStatus> =
            elements.values().map(|slot| status_of(&self.inner, slot)).collect();
        all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Makes an element and takes it into use.
    ///
    /// *Durability*: durable on return, registered last.
    /// *Errors*: `AlreadyExists` for a name that is taken or a root that is an element; `InvalidArgument` for a root
    /// that is not absolute; `StorageFull`; `Io`.
    pub fn create_element(&self, caller: &Caller, new: NewElement) -> Result<ElementStatus> {
        let _gate = self.enter()?;
        let inner = &self.inner;
        let mut elements = inner.elements.write().unwrap_or_else(PoisonError::into_inner);
        let mut registry = Registry::read(&*inner.disk)?.unwrap_or_default();
        if registry.elements.iter().any(|known| known.name == new.name) {
            return Err(Error::new(ErrorKind::AlreadyExists, "create element")
                .about(&new.name)
                .because("an element of this name is registered: choose another name"));
        }
        let root = match &new.root {
            None => format!("{ELEMENTS_DIR}/{}", new.name),
            Some(root) if root.is_absolute() => root.display().to_string(),
            Some(root) => {
                return Err(Error::new(ErrorKind::InvalidArgument, "create element")
                    .about(root.display())
                    .because("the root of an element is an absolute path"));
            }
        };
        let registered = make(&inner.options, new, root)?;
        let slot = open_one(&inner.options, registered.clone())?;
        if let ElementSlot::Ready(element) = &slot {
            element.set_log(Log::start(
                Arc::clone(&element.disk),
                element.id,
                (1, 1),
                Default::default(),
                Vec::new(),
                Arc::clone(&inner.bell),
            )?);
            inner.catalog.set_covered(element.id, element.document().mode)?;
            let record =
                Record::new(inner.sequence.draw()?, inner.options.clock.now_ms(), caller, Change::Note);
            element.log()?.append(record, &Attachments::default())?.applied();
        }
        registry.elements.push(registered.clone());
        registry.write(&*inner.disk)?;
        let status = status_of(inner, &slot);
        elements.insert(registered.id, slot);
        Ok(status)
    }
}

fn status_of(inner: &Inner, slot: &ElementSlot) -> ElementStatus {
    match slot {
        ElementSlot::Ready(element) => {
            let document = element.document();
            let latched = element.log().is_ok_and(|log| log.is_latched());
            ElementStatus {
                name: element.name.clone(),
                id: element.id,
                root: element.root.clone(),
                mode: Some(document.mode),
                state: if latched { ElementState::Latched } else { ElementState::Ready },
                max_size_bytes: document.max_size_bytes,
                priority: Some(document.priority),
                reserve_bytes: document.reserve_bytes,
                when_full: document.when_full,
                retention: document.retention,
                target: document.target.clone(),
                free_bytes: element.disk.space().map_or(0, |space| space.free_bytes),
            }
        }
        ElementSlot::Absent { registered, .. } => ElementStatus {
            name: registered.name.clone(),
            id: registered.id,
            root: resolve(&inner.options, &registered.root),
            mode: None,
            state: ElementState::Absent,
            max_size_bytes: None,
            priority: None,
            reserve_bytes: None,
            when_full: WhenFull::Refuse,
            retention: None,
            target: None,
            free_bytes: 0,
        },
    }
}
