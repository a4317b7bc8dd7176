//! The files of one object: data file and sidecar in the hour's folder, with the overflow sidecar
//! beside them and the block digests of a large object in `.artstore/blocks/`.
//!
//! A reader of the tree sees a whole pair or none: every file is written under `.artstore/staging/`
//! and renamed, the data file first, the sidecar last. None of it is synced here: the log can make
//! it again until a checkpoint.

use std::io;

use bytes::Bytes;
use uuid::Uuid;

use super::open::{BLOCKS_DIR, STAGING_DIR};
use crate::disk::Disk;
use crate::log::{BodyPlace, Place};
use crate::mode::Permit;

/// What is to be published.
pub(crate) struct NewPair<'a> {
    pub(crate) place: &'a Place,
    pub(crate) id: Uuid,
    pub(crate) body: BodyPlace,
    pub(crate) inline: &'a Bytes,
    pub(crate) sidecar: &'a Bytes,
    pub(crate) overflow: &'a Bytes,
}

/// Where a body is staged.
pub(crate) fn staged_path(id: Uuid) -> String {
    format!("{STAGING_DIR}/{}", id.simple())
}

/// Where the block digests of a staged body are.
pub(crate) fn staged_blocks_path(id: Uuid) -> String {
    format!("{STAGING_DIR}/{}.crc32c", id.simple())
}

/// Where the block digests of a published object are: spread over folders by the id's last digits.
pub(crate) fn blocks_path(id: Uuid) -> String {
    let id = id.simple().to_string();
    format!("{BLOCKS_DIR}/{}/{id}.crc32c", id.get(30..).unwrap_or_default())
}

impl NewPair<'_> {
    /// Publishes the pair under names that nobody has.
    ///
    /// *Errors*: `AlreadyExists` where a name is taken; what was published before is removed again.
    pub(crate) fn publish(&self, disk: &dyn Disk, _permit: &Permit) -> io::Result<()> {
        let published = self.put_all(disk, |from, to| disk.publish(from, to));
        if published.is_err() {
            remove_pair(disk, self.place).ok();
        }
        published
    }

    /// Publishes the pair again after a stop, whatever the stop left: what rides in the record is
    /// written anew, a staged body that is gone from staging has been renamed already.
    pub(crate) fn publish_again(&self, disk: &dyn Disk) -> io::Result<()> {
        self.put_all(disk, |from, to| match disk.replace(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && disk.exists(to)? => Ok(()),
            other => other,
        })
    }

    fn put_all(&self, disk: &dyn Disk, rename: impl Fn(&str, &str) -> io::Result<()>) -> io::Result<()> {
        let hour = self.place.path.hour();
        let staged = staged_path(self.id);
        match self.body {
            BodyPlace::Absent => {}
            BodyPlace::Inline => {
                stage(disk, &staged, self.inline)?;
                in_folder(disk, hour, || rename(&staged, self.place.path.data()))?;
            }
            BodyPlace::Staged => {
                if self.place.blocks.is_some() {
                    let blocks = blocks_path(self.id);
                    in_folder(disk, crate::disk::parent(&blocks), || {
                        rename(&staged_blocks_path(self.id), &blocks)
                    })?;
                }
                in_folder(disk, hour, || rename(&staged, self.place.path.data()))?;
            }
        }
        if let Some(name) = &self.place.overflow {
            let path = format!("{hour}/{name}");
            stage(disk, &staged, self.overflow)?;
            in_folder(disk, hour, || rename(&staged, &path))?;
        }
        stage(disk, &staged, self.sidecar)?;
        in_folder(disk, hour, || rename(&staged, &self.place.path.sidecar()))
    }
}

/// Does `step`, making the folder first where it turns out to be missing.
fn in_folder(disk: &dyn Disk, folder: &str, step: impl Fn() -> io::Result<()>) -> io::Result<()> {
    match step() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk.create_dir(folder)?;
            step()
        }
        other => other,
    }
}

/// Writes a file under staging; what a stop left under its name is replaced by a new file.
fn stage(disk: &dyn Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let file = match disk.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(path)?;
            disk.create(path)?
        }
        other => other?,
    };
    let written = file.write_at(bytes, 0);
    if written.is_err() {
        disk.remove(path).ok();
    }
    written
}

/// Removes the files of a pair, the sidecar first; what is gone already is no error.
pub(crate) fn remove_pair(disk: &dyn Disk, place: &Place) -> io::Result<()> {
    let overflow = place.overflow.as_ref().map(|name| format!("{}/{name}", place.path.hour()));
    let paths = [
        Some(place.path.sidecar()),
        overflow,
        Some(place.path.data().to_owned()),
        place.blocks.map(blocks_path),
    ];
    for path in paths.into_iter().flatten() {
        match disk.remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}
