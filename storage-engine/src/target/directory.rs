//! A folder as an archive target: data files and sidecars under the element's own paths, so that the target laid
//! over the element's folder is the element as it was.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::{Item, Target, mark};
use crate::disk::{Disk, Disks, PARTIAL_SUFFIX, SharedDisk, parent};
use crate::document;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::name::ElementId;
use crate::sidecar::{SIDECAR_BYTES_MAX, split_overflow};

/// Bytes read at once.
const PIECE_BYTES: usize = 1024 * 1024;

/// An open folder.
pub(super) struct DirectoryTarget {
    disk: SharedDisk,
}

impl DirectoryTarget {
    /// Opens the target of `element` in `folder`.
    ///
    /// *Errors*: `Unavailable` where the folder is not there or not the element's: bytes that are away are never
    /// bytes that are lost.
    pub(super) fn open(disks: &dyn Disks, folder: &Path, element: ElementId) -> Result<Self> {
        let away = |why: &str| {
            Error::new(ErrorKind::Unavailable, "open archive target").about(folder.display()).because(why)
        };
        let disk = disks.open(folder, false).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => away("it is not there: mount it"),
            _ => Error::io("open archive target", folder.display(), error),
        })?;
        match mark_of(&*disk)? {
            Some(id) if id == element.to_string() => Ok(Self { disk }),
            Some(_) => Err(away("it is the target of another element: mount the right one")),
            None => Err(away("it has no artstore-target.json: mount it")),
        }
    }

    /// Marks `folder` as the target of an element.
    pub(super) fn claim(disks: &dyn Disks, folder: &Path, element: &Element) -> Result<()> {
        let io = |error| Error::io("mark archive target", folder.display(), error);
        let disk = disks.open(folder, true).map_err(io)?;
        match mark_of(&*disk)? {
            Some(id) if id == element.id.to_string() => return Ok(()),
            Some(_) => {
                return Err(Error::new(ErrorKind::AlreadyExists, "mark archive target")
                    .about(folder.display())
                    .because("it is the target of another element: name another folder"));
            }
            None => {}
        }
        disk.write_durable(mark::NAME, &mark::render(element)).map_err(io)
    }

    /// Paths of the overflow sidecars of an item there: the one that its sidecar names, or, where that cannot be read,
    /// all that have its name.
    fn overflows_of(&self, item: &Item<'_>) -> io::Result<Vec<String>> {
        let (path, hour) = (item.sidecar.path.sidecar(), item.sidecar.path.hour());
        let bytes = match self.disk.read_whole(&path, SIDECAR_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let is_its =
            |name: &str| split_overflow(name).is_some_and(|(stem, _)| stem == item.sidecar.path.name());
        let mut names = Vec::new();
        match document::parse(&bytes, u64::MAX, &path) {
            Ok(members) => {
                let named = members.get("overflow").and_then(|overflow| overflow.get("name"));
                names.extend(named.and_then(Value::as_str).map(str::to_owned));
            }
            Err(_) => self.disk.each_entry(hour, &mut |entry| names.push(entry.name))?,
        }
        Ok(names.into_iter().filter(|name| is_its(name)).map(|name| format!("{hour}/{name}")).collect())
    }

    /// Writes the bytes to a file of another name, durable, and compares what is there.
    fn write(&self, item: &Item<'_>, partial: &str) -> Result<()> {
        let io = |error| Error::io("write to archive target", partial, error);
        let file = match self.disk.create(partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.disk.remove(partial).and_then(|()| self.disk.create(partial))
            }
            other => other,
        };
        let (file, mut at) = (file.map_err(io)?, 0);
        loop {
            item.go_on()?;
            let piece = (item.read)(at)?;
            if piece.is_empty() {
                break;
            }
            file.write_at(&piece, at).map_err(io)?;
            at += piece.len() as u64;
        }
        file.sync().and_then(|()| file.forget_cached(0, 0)).map_err(io)?;
        item.compare(&*file, "read back from archive target")
    }
}

impl Target for DirectoryTarget {
    fn holds(&self, item: &Item<'_>) -> Result<bool> {
        let io = |error| Error::io("look into archive target", item.name(), error);
        for (path, content) in item.documents()? {
            match self.disk.read_whole(&path, content.len()) {
                Ok(found) if found == content => {}
                Ok(_) => return Ok(false),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge) =>
                {
                    return Ok(false);
                }
                Err(error) => return Err(io(error)),
            }
        }
        match self.disk.open(item.name()) {
            Ok(file) => Ok(file.len().map_err(io)? == item.sidecar.size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io(error)),
        }
    }

    fn store(&self, item: &Item<'_>) -> Result<()> {
        let (name, hour) = (item.name(), item.sidecar.path.hour());
        let io = |error| Error::io("write to archive target", name, error);
        if !self.disk.exists(hour).map_err(io)? {
            self.disk.create_dir_durable(hour).map_err(io)?;
        }
        let partial = format!("{name}{PARTIAL_SUFFIX}");
        self.write(item, &partial).inspect_err(|_| {
            self.disk.remove(&partial).ok();
        })?;
        self.disk.replace(&partial, name).and_then(|()| self.disk.sync_dir(parent(name))).map_err(io)?;
        // The sidecar says that the bytes were compared: it comes last.
        item.documents()?
            .iter()
            .try_for_each(|(path, content)| self.disk.write_durable(path, content))
            .map_err(io)
    }

    fn recall(&self, item: &Item<'_>, to: &str) -> Result<()> {
        let io = |error| Error::io("read from archive target", item.name(), error);
        let from = self.disk.open(item.name()).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(ErrorKind::Corrupt, "read from archive target")
                .about(item.name())
                .because("it is not on the archive target: bring it back there from a copy")
                .caused_by(error),
            _ => io(error),
        })?;
        let file =
            item.element.disk.create(to).map_err(|error| Error::io("write restored copy", to, error))?;
        let (mut buffer, mut at) = (vec![0; PIECE_BYTES], 0);
        loop {
            item.go_on()?;
            let count = from.read_at(&mut buffer, at).map_err(io)?;
            if count == 0 {
                return Ok(());
            }
            let piece = buffer.get(..count).unwrap_or_default();
            file.write_at(piece, at).map_err(|error| Error::io("write restored copy", to, error))?;
            at += count as u64;
        }
    }

    fn check_removal(&self, _item: &Item<'_>) -> Result<()> {
        Ok(())
    }

    fn remove(&self, item: &Item<'_>) -> Result<()> {
        let io = |error| Error::io("remove from archive target", item.name(), error);
        let (name, hour, sidecar) = (item.name(), item.sidecar.path.hour(), item.sidecar.path.sidecar());
        let mut paths = vec![format!("{name}{PARTIAL_SUFFIX}"), name.to_owned()];
        // The sidecar goes last: it alone names the overflow sidecar.
        paths.extend(self.overflows_of(item).map_err(io)?);
        paths.push(sidecar);
        let mut is_any = false;
        for path in paths {
            match self.disk.remove(&path) {
                Ok(()) => is_any = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io(error)),
            }
        }
        if is_any || self.disk.exists(hour).map_err(io)? {
            self.disk.sync_dir(hour).map_err(io)
        } else {
            Ok(())
        }
    }

    fn released(&self, _item: &Item<'_>) -> Result<()> {
        Ok(())
    }
}

/// The id of the element that a folder is the target of.
fn mark_of(disk: &dyn Disk) -> Result<Option<String>> {
    match disk.read_whole(mark::NAME, mark::BYTES_MAX) {
        Ok(bytes) => mark::element_of(&bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", mark::NAME, error)),
    }
}
