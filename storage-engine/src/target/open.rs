//! Opening the archive target that an element's document names.

use super::Target;
use super::directory::DirectoryTarget;
use super::movers::Movers;
use super::setting::{MoverCommands, TargetPlace};
use crate::disk::Disks;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};

/// The target of an element.
///
/// *Errors*: `Unavailable` where none is set, or its folder is not there or another's.
pub(crate) fn open(disks: &dyn Disks, element: &Element) -> Result<Box<dyn Target>> {
    let setting = element.document().target.clone();
    match setting.map(|target| target.place) {
        Some(TargetPlace::Directory(folder)) => {
            Ok(Box::new(DirectoryTarget::open(disks, &folder, element.id)?))
        }
        Some(TargetPlace::Commands(commands)) => Ok(Box::new(Movers::new(commands))),
        None => Err(Error::new(ErrorKind::Unavailable, "open archive target")
            .about(&element.name)
            .because("the element has none: artstore element target says where its bytes are to go")),
    }
}

/// Makes a place the target of an element: a folder is made where it is missing, and marked.
///
/// *Durability*: the mark is durable on return.
/// *Errors*: `AlreadyExists` where it is another element's; `InvalidArgument` for a folder that is not absolute,
/// or lies in the element, and for a command without text; `StorageFull`, `Io`.
pub(crate) fn claim(disks: &dyn Disks, element: &Element, place: &TargetPlace) -> Result<()> {
    let invalid = |why: &str| {
        Err(Error::new(ErrorKind::InvalidArgument, "set archive target").about(&element.name).because(why))
    };
    match place {
        TargetPlace::Directory(folder) if !folder.is_absolute() => {
            invalid("the folder of an archive target is an absolute path")
        }
        TargetPlace::Directory(folder) if folder.starts_with(&element.root) => {
            invalid("the folder of an archive target lies outside of the element")
        }
        TargetPlace::Directory(folder) => DirectoryTarget::claim(disks, folder, element),
        TargetPlace::Commands(commands) => {
            let MoverCommands { archive, recall, verify, remove } = commands;
            let texts = [Some(archive), Some(recall), verify.as_ref(), remove.as_ref()];
            match texts.into_iter().flatten().all(|text| !text.trim().is_empty()) {
                true => Ok(()),
                false => invalid("a mover needs a command to archive and one to recall"),
            }
        }
    }
}
