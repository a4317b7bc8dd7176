//! The files of one hour against the last seal of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::check::Run;
use super::finding::{Finding, FindingKind};
use super::place::Place;
use super::report::Tally;
use crate::disk::Disk;
use crate::element::read_pair;
use crate::error::{ErrorKind, Result};
use crate::mode::Mode;
use crate::name::SIDECAR_SUFFIX;
use crate::seal::line::Line;
use crate::seal::lines::{LineReader, Read};
use crate::seal::moved::{MovedLines, Whereabouts, whereabouts};
use crate::seal::names::{self, Names};
use crate::seal::seal_file::{SealFile, SealName};
use crate::sidecar::{Kind, Sidecar, split_overflow};

/// Bytes read at once.
const PIECE_BYTES: usize = 1 << 20;
/// Most changed sidecars of an hour that are compared with its earlier seals.
const CHANGED_MAX: usize = 10_000;
/// Most times that a sidecar is read whose overflow is gone.
const TRIES_MAX: usize = 8;
/// A server removes a sidecar, and its data file an instant later: so long, and so often in an hour, the data file is
/// waited for to go.
const PAUSE: Duration = Duration::from_millis(10);
const PAUSES_MAX: usize = 50;

/// An hour that is being compared.
pub(super) struct HourCheck<'a, 'b> {
    run: &'a mut Run<'b>,
    place: &'a Place,
    name: SealName,
    pub(super) tally: Tally,
    pub(super) files: u64,
    pub(super) files_read: u64,
    /// Sidecars that differ and may have been changed by right, with their digests.
    changed: BTreeMap<String, [u8; 32]>,
    moved: MovedLines<'a>,
    buffer: Vec<u8>,
    pauses_left: usize,
}

impl<'a, 'b> HourCheck<'a, 'b> {
    pub(super) fn new(run: &'a mut Run<'b>, place: &'a Place, name: SealName) -> Self {
        let tally = Tally::default();
        Self {
            run,
            place,
            name,
            tally,
            files: 0,
            files_read: 0,
            changed: BTreeMap::new(),
            moved: MovedLines::of(&*place.disk, &name.hour.to_string()),
            buffer: Vec::new(),
            pauses_left: PAUSES_MAX,
        }
    }

    /// Compares every file that the seal names.
    pub(super) fn run(&mut self) {
        let seal = match SealFile::read(&*self.place.disk, self.name) {
            Ok((seal, _)) => seal,
            Err(error) => return self.say(FindingKind::Unreadable, self.name.path(), error),
        };
        if seal.data.is_some() {
            self.each_line(&self.name.data_path(), &mut |check, line| check.check_data(line));
        }
        if seal.sidecars.is_some() {
            self.each_line(&self.name.sidecars_path(), &mut |check, line| check.check_sidecar(line));
        }
        self.settle_changed();
        self.look_for_unsealed(&seal);
    }

    fn say(&mut self, kind: FindingKind, path: impl Into<String>, detail: impl std::fmt::Display) {
        self.tally.add(Finding::new(kind, &self.place.name, path, detail));
    }

    /// Hands over every line of a manifest, which was compared with its seal.
    fn each_line(&mut self, path: &str, take: &mut dyn FnMut(&mut Self, &Line)) {
        let mut read = || -> io::Result<()> {
            let mut lines = LineReader::open(&*self.place.disk, path)?;
            while let Some(read) = lines.next()? {
                match read {
                    Read::Line(line) => take(self, &line),
                    Read::Malformed => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
            self.say(FindingKind::Unreadable, path, error);
        }
    }

    /// Compares a data file, whose digest never changes.
    fn check_data(&mut self, line: &Line) {
        self.files += 1;
        self.run.step(1, 0);
        let sidecar = format!("{}{SIDECAR_SUFFIX}", line.path);
        match self.read_digest(&line.path) {
            Ok(found) if found.is_none_or(|found| found == line.digest) => {}
            Ok(found) => {
                let found = found.map_or_else(String::new, hex::encode);
                let detail =
                    format_args!("its SHA-256 is {found} and was sealed as {}", hex::encode(line.digest));
                self.say(FindingKind::FileChanged, &*line.path, detail);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.check_missing_data(line, &sidecar);
            }
            Err(error) => return self.say(FindingKind::Unreadable, &*line.path, error),
        }
        if self.run.options.sample.takes(&line.path)
            && let Ok(found) = read_sidecar(&*self.place.disk, &sidecar)
            && found.sha256 != line.digest
        {
            let detail = "it says another SHA-256 of its data file than was sealed";
            self.say(FindingKind::FileChanged, sidecar, detail);
        }
    }

    /// Says whether a data file that is not there is missing.
    fn check_missing_data(&mut self, line: &Line, sidecar: &str) {
        let is_alone = !self.is_there(sidecar);
        match read_sidecar(&*self.place.disk, sidecar) {
            // A deletion takes the sidecar first: without one, its own line tells.
            _ if is_alone && self.place.mode == Mode::Edit => return,
            Ok(found) if found.kind == Kind::Tombstone && found.sha256 == line.digest => {
                let reason = found.disposal.map(|disposal| disposal.reason).unwrap_or_default();
                let detail = format_args!("it was disposed of: {reason}");
                return self.say(FindingKind::GoneSince, &*line.path, detail);
            }
            // Its bytes are on the archive target.
            Ok(found) if found.kind == Kind::Object && self.place.mode == Mode::Ar => return,
            // What is wrong with the sidecar, its own line tells.
            Err(_) if !is_alone && self.place.mode == Mode::Ar => return,
            Ok(_) | Err(_) => {}
        }
        let places = self.run.places;
        let disk_of = |id| Some(Arc::clone(&places.iter().find(|place| place.id == Some(id))?.disk));
        let sealed = hex::encode(line.digest);
        match whereabouts(&mut self.moved, line, &disk_of) {
            Ok(Whereabouts::There) if is_alone => {}
            Ok(Whereabouts::Away) if is_alone => {
                let detail = "it went to an element that is not here";
                self.say(FindingKind::GoneSince, &*line.path, detail);
            }
            Ok(_) => {
                self.say(
                    FindingKind::FileMissing,
                    &*line.path,
                    format_args!("it is not there; SHA-256 {sealed}"),
                );
            }
            Err(error) => {
                let detail = format_args!(
                    "it is not there, SHA-256 {sealed}, and where it went cannot be read: {error}"
                );
                self.say(FindingKind::FileMissing, &*line.path, detail);
            }
        }
    }

    /// Compares a sidecar or overflow sidecar, which a client may change.
    fn check_sidecar(&mut self, line: &Line) {
        self.files += 1;
        self.run.step(1, 0);
        let found = match self.read_digest(&line.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.check_missing_sidecar(line),
            Err(error) => return self.say(FindingKind::Unreadable, &*line.path, error),
        };
        let Some(found) = found.filter(|found| *found != line.digest) else { return };
        let is_overflow = split_overflow(&line.path).is_some();
        let is_final = matches!(self.place.mode, Mode::Ro | Mode::Ar);
        let by_nobody = || Some("it is not what was sealed, and nothing changes it by right".to_owned());
        let fault = match read_sidecar(&*self.place.disk, &line.path) {
            _ if is_overflow => by_nobody(),
            // The line of its data file tells.
            Ok(found) if found.kind == Kind::Tombstone => return,
            Ok(found) if is_final && found.retention.is_none() => by_nobody(),
            Ok(_) => None,
            Err(error) if error.is_missing_file() && error.kind() == ErrorKind::Io => {
                return self.check_missing_sidecar(line);
            }
            Err(error) => Some(format!("it is not what was sealed: {error}")),
        };
        match fault {
            Some(detail) => self.say(FindingKind::FileChanged, &*line.path, detail),
            None if self.changed.len() < CHANGED_MAX => drop(self.changed.insert(line.path.clone(), found)),
            None => self.say_changed(line.path.clone()),
        }
    }

    fn check_missing_sidecar(&mut self, line: &Line) {
        let sealed = hex::encode(line.digest);
        if let Some((stem, _)) = split_overflow(&line.path) {
            // Where the sidecar names another or is gone, its own line tells.
            let sidecar = format!("{stem}{SIDECAR_SUFFIX}");
            if read_sidecar(&*self.place.disk, &sidecar)
                .is_err_and(|error| error.kind() == ErrorKind::Corrupt && error.is_missing_file())
            {
                let detail = format_args!("its sidecar names it and it is not there; SHA-256 {sealed}");
                self.say(FindingKind::FileMissing, &*line.path, detail);
            }
            return;
        }
        let data = line.path.strip_suffix(SIDECAR_SUFFIX).unwrap_or(&line.path);
        while self.is_there(data) && self.pauses_left > 0 {
            self.pauses_left -= 1;
            // Another process removes it: nobody here could tell when.
            std::thread::park_timeout(PAUSE);
        }
        if self.is_there(data) {
            let detail = format_args!("it is not there and its data file is; SHA-256 {sealed}");
            return self.say(FindingKind::FileMissing, &*line.path, detail);
        }
        self.say(FindingKind::GoneSince, data.to_owned(), "its sidecar is gone, and it has no data file");
    }

    /// Tells of changed sidecars whether they are new, or as an earlier seal of the hour has them.
    fn settle_changed(&mut self) {
        let mut older = Vec::new();
        for revision in (1..self.name.revision).rev() {
            if self.changed.is_empty() {
                return;
            }
            let earlier = SealName { revision, ..self.name };
            let Ok((SealFile { sidecars: Some(_), .. }, _)) = SealFile::read(&*self.place.disk, earlier)
            else {
                continue;
            };
            let mut changed = std::mem::take(&mut self.changed);
            self.each_line(&earlier.sidecars_path(), &mut |_, line| {
                if changed.get(&line.path) == Some(&line.digest) {
                    changed.remove(&line.path);
                    older.push(line.path.clone());
                }
            });
            self.changed = changed;
            for path in std::mem::take(&mut older) {
                let last = self.name.revision;
                let detail = format!(
                    "revision {revision} has it so, and revision {last} otherwise: an old state was put back"
                );
                self.say(FindingKind::SidecarOlder, path, detail);
            }
        }
        for path in std::mem::take(&mut self.changed).into_keys() {
            self.say_changed(path);
        }
    }

    fn say_changed(&mut self, path: String) {
        self.say(FindingKind::ChangedSince, path, "its checksum holds and its data file is the sealed one");
    }

    /// Reports what lies in the folder and is not named by the seal.
    fn look_for_unsealed(&mut self, seal: &SealFile) {
        let folder = self.name.hour.to_string();
        let read = self.each_unsealed(seal, &folder);
        if let Err(error) = read {
            self.say(FindingKind::Unreadable, folder, error);
        }
    }

    fn each_unsealed(&mut self, seal: &SealFile, folder: &str) -> io::Result<()> {
        let disk = &*self.place.disk;
        let mut sealed = [
            Sealed::open(self.place, seal.data.map(|_| self.name.data_path()))?,
            Sealed::open(self.place, seal.sidecars.map(|_| self.name.sidecars_path()))?,
        ];
        let mut found = Names::of(disk, folder.to_owned(), names::all);
        while let Some(name) = found.next()? {
            let path = format!("{folder}/{name}");
            let [data, sidecars] = &mut sealed;
            if !(data.has(&path)? | sidecars.has(&path)?) {
                self.say(FindingKind::UnsealedFile, path, "the last seal of its hour does not name it");
            }
        }
        Ok(())
    }

    /// The SHA-256 of a file, `None` where the sample leaves it out.
    ///
    /// *Errors*: those of the disk, `NotFound` also where it is left out.
    fn read_digest(&mut self, path: &str) -> io::Result<Option<[u8; 32]>> {
        let file = self.place.disk.open(path)?;
        if !self.run.options.sample.takes(path) {
            return Ok(None);
        }
        self.files_read += 1;
        let (mut hasher, mut at) = (Sha256::new(), 0);
        self.buffer.resize(PIECE_BYTES, 0);
        loop {
            let count = file.read_at(&mut self.buffer, at)?;
            if count == 0 {
                return Ok(Some(hasher.finalize().into()));
            }
            hasher.update(self.buffer.get(..count).unwrap_or_default());
            at += count as u64;
            self.run.step(0, count as u64);
        }
    }

    fn is_there(&self, path: &str) -> bool {
        self.place.disk.exists(path).unwrap_or(true)
    }
}

/// Reads a sidecar with its overflow. An annotation takes the old overflow away once the new sidecar is there:
/// where it is gone, the sidecar is read again.
fn read_sidecar(disk: &dyn Disk, path: &str) -> Result<Sidecar> {
    let mut tries = 0;
    loop {
        match read_pair(disk, path) {
            Err(error)
                if error.kind() == ErrorKind::Corrupt && error.is_missing_file() && tries < TRIES_MAX =>
            {
                tries += 1;
            }
            read => return read.map(|(sidecar, _)| sidecar),
        }
    }
}

/// A manifest that is read along with the names of a folder: both are in order.
struct Sealed {
    lines: Option<LineReader>,
    next: Option<Line>,
}

impl Sealed {
    fn open(place: &Place, path: Option<String>) -> io::Result<Self> {
        let lines = path.map(|path| LineReader::open(&*place.disk, &path)).transpose()?;
        let mut sealed = Self { lines, next: None };
        sealed.advance()?;
        Ok(sealed)
    }

    fn has(&mut self, path: &str) -> io::Result<bool> {
        while self.next.as_ref().is_some_and(|next| next.path.as_str() < path) {
            self.advance()?;
        }
        Ok(self.next.as_ref().is_some_and(|next| next.path == path))
    }

    fn advance(&mut self) -> io::Result<()> {
        let read = self.lines.as_mut().map(LineReader::next).transpose()?.flatten();
        self.next = match read {
            Some(Read::Line(line)) => Some(line),
            Some(Read::Malformed) | None => None,
        };
        Ok(())
    }
}
