//! The files of one object: data file and sidecar in the hour's folder, with the overflow sidecar
//! beside them and the block digests of a large object in `.artstore/blocks/`.
//!
//! A reader of the tree sees a whole pair or none: every file is written under `.artstore/staging/`
//! under a name of its own and renamed, the data file first, the sidecar last. None of it is synced here: the log can make
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

/// A file of the pair on its way: bytes to be written first, if any, then the rename.
struct Step<'a> {
    bytes: Option<&'a Bytes>,
    from: String,
    to: String,
}

impl NewPair<'_> {
    /// Publishes the pair under names that nobody has.
    ///
    /// *Errors*: as [`PublishError`] says.
    pub(crate) fn publish(&self, disk: &dyn Disk, _permit: &Permit) -> Result<(), PublishError> {
        let steps = self.steps();
        for (at, step) in steps.iter().enumerate() {
            let Err(error) = step.run(disk, |from, to| disk.publish(from, to)) else { continue };
            let undone = steps.iter().take(at).rev().try_for_each(|step| disk.remove(&step.to));
            return Err(PublishError { error, is_undone: undone.is_ok() });
        }
        Ok(())
    }

    /// Replaces the sidecar of a pair that is there. An overflow sidecar that stays is not written again.
    ///
    /// *Errors*: as [`PublishError`] says; undone, the pair is as it was.
    pub(crate) fn annotate(
        &self,
        disk: &dyn Disk,
        keeps_overflow: bool,
        _permit: &Permit,
    ) -> Result<(), PublishError> {
        let mut steps = self.steps();
        if keeps_overflow {
            steps.drain(..steps.len().saturating_sub(1));
        }
        for (at, step) in steps.iter().enumerate() {
            let Err(error) = step.run(disk, |from, to| disk.replace(from, to)) else { continue };
            let undone = steps.iter().take(at).try_for_each(|step| disk.remove(&step.to));
            return Err(PublishError { error, is_undone: undone.is_ok() });
        }
        Ok(())
    }

    /// Publishes the pair again after a stop, whatever the stop left: what rides in the record is
    /// written anew, a staged body that is gone from staging has been renamed already.
    pub(crate) fn publish_again(&self, disk: &dyn Disk) -> io::Result<()> {
        self.steps().iter().try_for_each(|step| {
            step.run(disk, |from, to| match disk.replace(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && disk.exists(to)? => Ok(()),
                other => other,
            })
        })
    }

    /// The files in the order in which they appear.
    fn steps(&self) -> Vec<Step<'_>> {
        let staged = staged_path(self.id);
        let data = self.place.path.data().to_owned();
        let mut steps = Vec::with_capacity(4);
        match self.body {
            BodyPlace::Absent => {}
            BodyPlace::Inline => {
                steps.push(Step { bytes: Some(self.inline), from: staged.clone(), to: data })
            }
            BodyPlace::Staged => {
                if self.place.blocks.is_some() {
                    steps.push(Step {
                        bytes: None,
                        from: staged_blocks_path(self.id),
                        to: blocks_path(self.id),
                    });
                }
                steps.push(Step { bytes: None, from: staged.clone(), to: data });
            }
        }
        if let Some(name) = &self.place.overflow {
            let to = format!("{}/{name}", self.place.path.hour());
            steps.push(Step { bytes: Some(self.overflow), from: format!("{staged}.ext"), to });
        }
        steps.push(Step {
            bytes: Some(self.sidecar),
            from: format!("{staged}.attr"),
            to: self.place.path.sidecar(),
        });
        steps
    }
}

/// Why a pair could not be published.
pub(crate) struct PublishError {
    pub(crate) error: io::Error,
    /// Whether what had been published before was removed again.
    pub(crate) is_undone: bool,
}

impl Step<'_> {
    /// Writes the file where there are bytes for it, and renames it, making the folder where it is missing.
    fn run(&self, disk: &dyn Disk, rename: impl Fn(&str, &str) -> io::Result<()>) -> io::Result<()> {
        if let Some(bytes) = self.bytes {
            stage(disk, &self.from, bytes)?;
        }
        let mut renamed = rename(&self.from, &self.to);
        if renamed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            renamed =
                disk.create_dir(crate::disk::parent(&self.to)).and_then(|()| rename(&self.from, &self.to));
        }
        if renamed.is_err() && self.bytes.is_some() {
            disk.remove(&self.from).ok();
        }
        renamed
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

/// Removes an overflow sidecar beside the pair at `place`; what is gone already is no error.
pub(crate) fn remove_overflow(disk: &dyn Disk, place: &Place, name: &str) -> io::Result<()> {
    remove_if_there(disk, &format!("{}/{name}", place.path.hour()))
}

/// Removes the files of a pair, the sidecar first; what is gone already is no error.
pub(crate) fn remove_pair(disk: &dyn Disk, place: &Place) -> io::Result<()> {
    remove_if_there(disk, &place.path.sidecar())?;
    remove_all_but_sidecar(disk, place)
}

/// Removes the files of a pair but its sidecar; what is gone already is no error.
pub(crate) fn remove_all_but_sidecar(disk: &dyn Disk, place: &Place) -> io::Result<()> {
    let overflow = place.overflow.as_ref().map(|name| format!("{}/{name}", place.path.hour()));
    let paths = [overflow, Some(place.path.data().to_owned()), place.blocks.map(blocks_path)];
    paths.into_iter().flatten().try_for_each(|path| remove_if_there(disk, &path))
}

fn remove_if_there(disk: &dyn Disk, path: &str) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
