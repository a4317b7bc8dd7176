//! Making the seal of one hour: what lies there is written down, and nothing that is damaged.

use sha2::{Digest as _, Sha256};

use super::chain::Chain;
use super::earlier::Earlier;
use super::hour::Hour;
use super::line::Line;
use super::lines::LineWriter;
use super::moved::{MovedLines, Whereabouts, whereabouts};
use super::names::{self, Names};
use super::seal_file::{Link, SealFile, SealName};
use crate::disk::{Disk, SharedDisk};
use crate::document;
use crate::element::{STAGING_DIR, read_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{ElementId, SIDECAR_SUFFIX, StoredName};
use crate::sidecar::{Kind, OVERFLOW_BYTES_MAX, SIDECAR_BYTES_MAX, Sidecar, split_overflow};

/// Whether a tombstone with the digest of the line is in the place of the data file's sidecar.
///
/// *Errors*: `Corrupt`, `NewerFormat`, `Io` where it cannot be read.
fn is_tombstone(disk: &dyn Disk, line: &Line) -> Result<bool> {
    match read_pair(disk, &format!("{}{SIDECAR_SUFFIX}", line.path)) {
        Ok((sidecar, _)) => Ok(sidecar.kind == Kind::Tombstone && sidecar.sha256 == line.digest),
        Err(error) if error.kind() == ErrorKind::Io && error.is_missing_file() => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a try to seal an hour came to.
pub(crate) enum Made {
    /// A seal was appended.
    Sealed(Link),
    /// The last seal says the same.
    Unchanged,
    /// Something changed meanwhile, or the archive is closing: nothing was sealed.
    Disturbed,
}

/// An hour that is to be sealed. Nobody else seals in its element.
pub(crate) struct Making<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) hour: Hour,
    pub(crate) mode: Mode,
    /// The disks of the elements in use.
    pub(crate) disk_of: &'a dyn Fn(ElementId) -> Option<SharedDisk>,
    /// Whether the hour is still as it was when it was found due.
    pub(crate) is_undisturbed: &'a dyn Fn() -> bool,
}

impl Making<'_> {
    /// Writes the manifests of the hour and, where they differ from those of its last seal, the seal and
    /// its line in the chain.
    ///
    /// Data digests are those that the sidecars say; sizes are compared. Sidecars are read and hashed.
    ///
    /// *Durability*: a seal is durable on return. A stop on the way leaves the chain as it was.
    /// *Errors*: `Corrupt` naming a file that is damaged, missing, or another than the last seal says;
    /// `Unavailable` where a document went to an element that is absent; `StorageFull`, `Io`.
    pub(crate) fn run(&self, chain: &mut Chain) -> Result<Made> {
        chain.refuse_if_lost()?;
        let revision = chain.revision(self.hour);
        let earlier = match revision {
            0 => None,
            _ => Some(SealFile::read(self.disk, SealName { hour: self.hour, revision })?.0),
        };
        let mut data = self.begin("data")?;
        let mut sidecars = self.begin("sidecars")?;
        let complete = self.write_data(&mut data, earlier.as_ref(), revision)?
            && self.write_sidecars(&mut sidecars)?
            && (self.is_undisturbed)();
        if !complete {
            return Ok(Made::Disturbed);
        }
        let seal = SealFile {
            data: data.finish().map_err(written)?,
            sidecars: sidecars.finish().map_err(written)?,
            previous: chain.last(),
        };
        let before = earlier.map_or((None, None), |earlier| (earlier.data, earlier.sidecars));
        if before == (seal.data, seal.sidecars) {
            return Ok(Made::Unchanged);
        }
        let name = SealName { hour: self.hour, revision: revision + 1 };
        self.publish(name, &seal, data, sidecars)?;
        let link = Link { name, root: Sha256::digest(seal.encode(name)).into() };
        if !(self.is_undisturbed)() {
            return Ok(Made::Disturbed);
        }
        chain.append(link)?;
        Ok(Made::Sealed(link))
    }

    fn begin(&self, what: &str) -> Result<LineWriter<'_>> {
        LineWriter::create(self.disk, format!("{STAGING_DIR}/seal.{what}")).map_err(written)
    }

    /// Writes a line for each data file; `false` where it was disturbed.
    fn write_data(
        &self,
        manifest: &mut LineWriter<'_>,
        earlier: Option<&SealFile>,
        revision: u32,
    ) -> Result<bool> {
        let folder = self.hour.to_string();
        let mut earlier = Earlier::open(self.disk, SealName { hour: self.hour, revision }, earlier)?;
        let mut moved = MovedLines::of(self.disk, &folder);
        let mut leave = |line: &Line| self.check_gone(line, &mut moved);
        let mut stored = Names::of(self.disk, folder.clone(), names::stored);
        while let Some(name) = stored.next().map_err(|error| Error::io("read folder", &folder, error))? {
            if !(self.is_undisturbed)() {
                return Ok(false);
            }
            let Some(line) = self.data_line(&folder, &name)? else { continue };
            earlier.pass(Some(&line), &mut leave)?;
            manifest.push(&line).map_err(written)?;
        }
        earlier.pass(None, &mut leave)?;
        Ok(true)
    }

    /// Whether a data file that the last seal names is gone by right.
    ///
    /// *Errors*: `Corrupt` where it is not, `Unavailable` where it went to an element that is absent.
    fn check_gone(&self, line: &Line, moved: &mut MovedLines<'_>) -> Result<()> {
        if self.mode == Mode::Edit || is_tombstone(self.disk, line)? {
            return Ok(());
        }
        match whereabouts(moved, line, self.disk_of)? {
            Whereabouts::There => Ok(()),
            Whereabouts::Away => Err(Error::new(ErrorKind::Unavailable, "seal")
                .about(&line.path)
                .because("it went to an element that is absent: bring it back")),
            Whereabouts::Unknown => {
                let mode = self.mode;
                let why = format_args!(
                    "its last seal names it, it is gone, it went nowhere else, no tombstone is there, and mode {mode} removes nothing"
                );
                Err(damaged(&line.path, why))
            }
        }
    }

    /// The line of a stored name; `None` where there is no data file to it by right.
    fn data_line(&self, folder: &str, name: &str) -> Result<Option<Line>> {
        let path = format!("{folder}/{name}");
        let sidecar = match read_pair(self.disk, &format!("{path}{SIDECAR_SUFFIX}")) {
            Ok((sidecar, _)) => sidecar,
            Err(error) if error.kind() == ErrorKind::Io && error.is_missing_file() => {
                if StoredName::is_shaped(name) {
                    return Err(damaged(&path, "it is there and its sidecar is not"));
                }
                // A stranger's file: fsck reports it, and no seal speaks of it.
                return Ok(None);
            }
            Err(error) => {
                let (kind, why) = (error.kind(), error.to_string());
                return Err(Error::new(kind, "seal").about(&path).because(why).caused_by(error));
            }
        };
        let len = match self.disk.open(&path).and_then(|file| file.len()) {
            Ok(len) => Some(len),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("seal", path, error)),
        };
        match (sidecar.kind, len) {
            (Kind::Marker | Kind::Tombstone, None) => Ok(None),
            (Kind::Marker | Kind::Tombstone, Some(_)) => Err(damaged(
                &path,
                "its sidecar is that of a delete marker or a tombstone, which has no data file",
            )),
            (Kind::Object, None) if self.mode != Mode::Ar => {
                Err(damaged(&path, "its sidecar is there and it is not"))
            }
            (Kind::Object, Some(len)) if len != sidecar.size => {
                Err(damaged(&path, format_args!("it has {len} bytes and its sidecar says {}", sidecar.size)))
            }
            (Kind::Object, _) => Ok(Some(Line { digest: sidecar.sha256, path })),
        }
    }

    /// Writes a line for each sidecar and overflow sidecar; `false` where it was disturbed.
    fn write_sidecars(&self, manifest: &mut LineWriter<'_>) -> Result<bool> {
        let folder = self.hour.to_string();
        let mut found = Names::of(self.disk, folder.clone(), names::sidecars);
        while let Some(name) = found.next().map_err(|error| Error::io("read folder", &folder, error))? {
            if !(self.is_undisturbed)() {
                return Ok(false);
            }
            let path = format!("{folder}/{name}");
            let digest = match split_overflow(&name) {
                None => self.sidecar_digest(&path)?,
                Some((stored, _)) => self.overflow_digest(&path, &name, &format!("{folder}/{stored}"))?,
            };
            manifest.push(&Line { digest, path }).map_err(written)?;
        }
        Ok(true)
    }

    fn sidecar_digest(&self, path: &str) -> Result<[u8; 32]> {
        let bytes =
            self.disk.read_whole(path, SIDECAR_BYTES_MAX).map_err(|error| Error::io("seal", path, error))?;
        // What it says was read with its data file; here the bytes that are hashed must be whole.
        document::parse(&bytes, u64::MAX, path)?;
        Ok(Sha256::digest(&bytes).into())
    }

    fn overflow_digest(&self, path: &str, name: &str, stored: &str) -> Result<[u8; 32]> {
        let named = match read_pair(self.disk, &format!("{stored}{SIDECAR_SUFFIX}")) {
            Err(error) if error.kind() == ErrorKind::Io && error.is_missing_file() => None,
            read => read.map(|(_, overflow): (Sidecar, _)| overflow)?,
        };
        if named.as_deref() != Some(name) {
            return Err(damaged(path, "no sidecar names it"));
        }
        let bytes =
            self.disk.read_whole(path, OVERFLOW_BYTES_MAX).map_err(|error| Error::io("seal", path, error))?;
        document::parse(&bytes, u64::MAX, path)?;
        Ok(Sha256::digest(&bytes).into())
    }

    /// Makes the files of a seal durable under their names.
    fn publish(
        &self,
        name: SealName,
        seal: &SealFile,
        data: LineWriter<'_>,
        sidecars: LineWriter<'_>,
    ) -> Result<()> {
        let path = name.path();
        let folder = crate::disk::parent(&path);
        self.refuse_to_replace(name)?;
        let io = |error| Error::io("write seal", &path, error);
        self.disk.create_dir_durable(folder).map_err(io)?;
        let mut own = self.begin("seal")?;
        seal.lines(name).iter().try_for_each(|line| own.push(line)).map_err(io)?;
        own.finish().map_err(io)?;
        for (digest, manifest, path) in
            [(seal.data, data, name.data_path()), (seal.sidecars, sidecars, name.sidecars_path())]
        {
            match digest {
                Some(_) => manifest.publish(&path).map_err(io)?,
                None => remove_if_there(self.disk, &path).map_err(io)?,
            }
        }
        own.publish(&path).map_err(io)?;
        self.disk.sync_dir(folder).map_err(io)
    }

    /// Refuses where a seal of this name is there that a chain led to once: a stop before its line leaves
    /// one that follows on a seal of this chain.
    fn refuse_to_replace(&self, name: SealName) -> Result<()> {
        let left = match SealFile::read(self.disk, name) {
            Err(error) if error.is_missing_file() => return Ok(()),
            read => read?.0,
        };
        let follows = match left.previous {
            None => true,
            Some(previous) => Chain::holds(self.disk, previous)?,
        };
        if follows {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupt, "seal").about(name.path()).because(
            "it is there and the chain does not lead to it: the chain was cut; bring seals/chain back from a backup",
        ))
    }
}

fn remove_if_there(disk: &dyn Disk, path: &str) -> std::io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn written(error: std::io::Error) -> Error {
    Error::io("write seal", STAGING_DIR, error)
}

pub(super) fn damaged(path: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupt, "seal").about(path).because(format_args!(
        "{why}: the hour is not sealed; run artstore fsck, and bring it back from a backup"
    ))
}
