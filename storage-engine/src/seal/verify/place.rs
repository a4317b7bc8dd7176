//! Where the elements are that are compared.

use std::io;
use std::path::PathBuf;

use super::finding::{Finding, FindingKind};
use super::options::VerifyOptions;
use super::report::Tally;
use crate::archive::ELEMENTS_DIR;
use crate::disk::{EntryKind, SharedDisk};
use crate::element::{ElementDocument, Registry};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::ElementId;
use crate::seal::seal_file::SEALS_DIR;

const DOCUMENT: &str = "element.json";

/// An element, or a copy of one.
pub(super) struct Place {
    pub(super) name: String,
    /// `None` where it has no document.
    pub(super) id: Option<ElementId>,
    pub(super) root: PathBuf,
    pub(super) disk: SharedDisk,
    /// As its document says; where there is none, that of the loosest promise.
    pub(super) mode: Mode,
}

/// Finds the elements of a folder, in order of name.
///
/// *Errors*: `InvalidArgument` where there is none, `Io`.
pub(super) fn find(options: &VerifyOptions, tally: &mut Tally) -> Result<Vec<Place>> {
    let none = || {
        Error::new(ErrorKind::InvalidArgument, "verify seals").about(options.folder.display()).because(
            "there is neither an element nor a data directory: name the folder that holds element.json or elements/",
        )
    };
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => none().caused_by(error),
        _ => Error::io("open folder", options.folder.display(), error),
    };
    let disk = options.disks.open(&options.folder, false).map_err(io)?;
    if disk.exists(DOCUMENT).map_err(io)? || disk.exists(SEALS_DIR).map_err(io)? {
        return Ok(vec![Place::open(options.folder.clone(), disk)]);
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for entry in disk.read_dir(ELEMENTS_DIR).map_err(io)? {
        if entry.kind == EntryKind::Dir {
            roots.push(options.folder.join(ELEMENTS_DIR).join(entry.name));
        }
    }
    for registered in Registry::read(&*disk)?.unwrap_or_default().elements {
        // An absolute root takes the place of the folder before it.
        let root = options.folder.join(&registered.root);
        let is_elsewhere = std::path::Path::new(&registered.root).is_absolute();
        if (is_elsewhere && !options.follows_registry) || options.disks.open(&root, false).is_err() {
            let name = registered.name.as_str();
            tally.add(Finding::new(
                FindingKind::ElementAbsent,
                name,
                "",
                format_args!(
                    "it is registered at {} and was not looked for there or not found",
                    registered.root
                ),
            ));
        } else if !roots.contains(&root) {
            roots.push(root);
        }
    }
    let mut places = Vec::new();
    for root in roots {
        let disk = options.disks.open(&root, false).map_err(io)?;
        if disk.exists(DOCUMENT).map_err(io)? || disk.exists(SEALS_DIR).map_err(io)? {
            places.push(Place::open(root, disk));
        }
    }
    places.sort_by(|a, b| a.name.cmp(&b.name));
    if places.is_empty() { Err(none()) } else { Ok(places) }
}

impl Place {
    fn open(root: PathBuf, disk: SharedDisk) -> Self {
        let folder = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        match ElementDocument::read(&*disk) {
            Ok(Some(document)) => Self {
                name: document.name.to_string(),
                id: Some(document.id),
                root,
                disk,
                mode: document.mode,
            },
            // Its document is no business of the seals: fsck tells.
            Ok(None) | Err(_) => Self { name: folder, id: None, root, disk, mode: Mode::Edit },
        }
    }
}
