//! Opening the archive target that an element's document names.

use super::Target;
use super::bucket::BucketTarget;
use super::directory::DirectoryTarget;
use super::movers::Movers;
use super::setting::{BucketPlace, MoverCommands, TargetPlace};
use crate::archive::OpenOptions;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};

/// Longest prefix of a bucket: a key has at most 1,024 bytes, and the paths of an element's files fewer than 300.
const PREFIX_BYTES_MAX: usize = 512;

/// The target of an element.
///
/// *Errors*: `Unavailable` where none is set, or its folder or bucket is not there or another's.
pub(crate) fn open(
    options: &OpenOptions,
    element: &Element,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Box<dyn Target>> {
    let setting = element.document().target.clone();
    match setting.map(|target| target.place) {
        Some(TargetPlace::Directory(folder)) => {
            Ok(Box::new(DirectoryTarget::open(&*options.disks, &folder, element.id)?))
        }
        Some(TargetPlace::Bucket(place)) => {
            Ok(Box::new(BucketTarget::open(&*options.buckets, place, element.id, is_stopped)?))
        }
        Some(TargetPlace::Commands(commands)) => Ok(Box::new(Movers::new(commands))),
        None => Err(Error::new(ErrorKind::Unavailable, "open archive target")
            .about(&element.name)
            .because("the element has none: artstore element target says where its bytes are to go")),
    }
}

/// Makes a place the target of an element: a folder is made where it is missing, and marked; a prefix of a bucket is
/// marked.
///
/// *Durability*: the mark is durable on return.
/// *Errors*: `AlreadyExists` where it is another element's; `InvalidArgument` for a folder that is not absolute,
/// or lies in the element, for a command without text, and for a bucket that cannot be named so; `Unavailable` where
/// the bucket cannot be reached; `StorageFull`, `Io`.
pub(crate) fn claim(
    options: &OpenOptions,
    element: &Element,
    place: &TargetPlace,
    is_stopped: &dyn Fn() -> bool,
) -> Result<()> {
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
        TargetPlace::Directory(folder) => DirectoryTarget::claim(&*options.disks, folder, element),
        TargetPlace::Bucket(place) if !place.credentials.is_absolute() => {
            invalid("the credentials file of a bucket is an absolute path")
        }
        TargetPlace::Bucket(place) if !is_prefix(place) => invalid(
            "the prefix of a bucket has at most 512 bytes, no slash at either end, and no empty part, . or ..",
        ),
        TargetPlace::Bucket(place) => BucketTarget::claim(&*options.buckets, place, element, is_stopped),
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

/// Whether keys can begin with this prefix, and be asked for by URLs.
fn is_prefix(place: &BucketPlace) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
    let prefix = &place.prefix;
    prefix.is_empty() || (prefix.len() <= PREFIX_BYTES_MAX && prefix.split('/').all(is_part))
}
