//! The quarantine: where a repair moves what it cannot place, so that nothing is destroyed.
//!
//! `.artstore/quarantine/<time>-<n>/` holds what one run moved, each file, folder or link under the path
//! that it had from the element's root. Beside it, `<time>-<n>.jsonl` says of each why. A line is durable
//! before its file moves, so that nothing lies in quarantine without its reason; a line whose file is not
//! there tells of a move that a stop prevented.

use std::io;

use serde::Serialize;

use crate::disk::{Disk, DiskFile, EntryKind, parent};
use crate::timestamp::to_rfc3339;

pub(super) const QUARANTINE_DIR: &str = ".artstore/quarantine";
const REASONS_SUFFIX: &str = ".jsonl";
/// Most runs of one second.
const RUNS_MAX: u32 = 1000;
/// Most entries of a run that are counted.
pub(super) const ENTRIES_MAX: u64 = 1_000_000;
/// Length of a date and time to the second.
const STAMP_CHARS: usize = 19;

/// What one run moves on one element.
pub(super) struct Quarantine {
    /// Folder of the run.
    folder: String,
    reasons: Box<dyn DiskFile>,
    reasons_len: u64,
    /// The folder that was made durable last.
    ready: Option<String>,
    /// After an error on writing or syncing nobody knows what is durable.
    is_latched: bool,
}

/// Why something lies in quarantine: one line of JSON.
#[derive(Serialize)]
pub(super) struct Reason<'a> {
    /// RFC 3339, UTC.
    pub(super) at: String,
    pub(super) element: &'a str,
    pub(super) path: &'a str,
    /// Kind of the finding.
    pub(super) kind: &'a str,
    pub(super) why: &'a str,
    pub(super) remedy: &'a str,
}

/// What lies in quarantine of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) folder: String,
    /// Files and links, counted up to [`ENTRIES_MAX`].
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Quarantine {
    /// Begins the quarantine of a run on an element.
    pub(super) fn begin(disk: &dyn Disk, now_ms: u64) -> io::Result<Self> {
        disk.create_dir_durable(QUARANTINE_DIR)?;
        let date = to_rfc3339(now_ms);
        let stamp: String = date.chars().take(STAMP_CHARS).filter(|c| !matches!(c, '-' | ':')).collect();
        for number in 1..=RUNS_MAX {
            let folder = format!("{QUARANTINE_DIR}/{stamp}Z-{number}");
            match disk.create(&format!("{folder}{REASONS_SUFFIX}")) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(reasons) => {
                    disk.sync_dir(QUARANTINE_DIR)?;
                    return Ok(Self { folder, reasons, reasons_len: 0, ready: None, is_latched: false });
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Moves what lies at the reason's path; answers with the path that it has then.
    ///
    /// *Durability*: it is durable under the new path on return, with its reason.
    pub(super) fn take(&mut self, disk: &dyn Disk, reason: &Reason<'_>) -> io::Result<String> {
        if self.is_latched {
            return Err(io::Error::other("an earlier write to the quarantine failed"));
        }
        let to = format!("{}/{}", self.folder, reason.path);
        let prepared = self.note(reason).and_then(|()| self.make_ready(disk, parent(&to)));
        self.is_latched = prepared.is_err();
        prepared?;
        disk.publish(reason.path, &to)?;
        let synced = disk.sync_dir(parent(&to)).and_then(|()| disk.sync_dir(parent(reason.path)));
        self.is_latched = synced.is_err();
        synced.map(|()| to)
    }

    fn note(&mut self, reason: &Reason<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(reason)?;
        line.push(b'\n');
        self.reasons.write_at(&line, self.reasons_len)?;
        self.reasons_len += line.len() as u64;
        self.reasons.sync()
    }

    fn make_ready(&mut self, disk: &dyn Disk, folder: &str) -> io::Result<()> {
        if self.ready.as_deref() != Some(folder) {
            disk.create_dir_durable(folder)?;
            self.ready = Some(folder.to_owned());
        }
        Ok(())
    }
}

/// The folders of all runs on an element, in order of time.
pub(super) fn runs(disk: &dyn Disk) -> io::Result<Vec<String>> {
    let mut entries = match disk.read_dir(QUARANTINE_DIR) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    entries.sort_unstable();
    let runs = entries.into_iter().filter(|entry| entry.kind == EntryKind::Dir);
    Ok(runs.map(|run| format!("{QUARANTINE_DIR}/{}", run.name)).collect())
}

/// What lies in the quarantine of an element, run by run; empty runs are passed over.
pub(super) fn held(disk: &dyn Disk) -> io::Result<Vec<Held>> {
    let mut found = Vec::new();
    for run in runs(disk)? {
        let held = count(disk, run)?;
        found.extend((held.files > 0).then_some(held));
    }
    Ok(found)
}

fn count(disk: &dyn Disk, folder: String) -> io::Result<Held> {
    let (mut held, mut folders) = (Held { folder: folder.clone(), ..Held::default() }, vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in disk.read_dir(&folder)? {
            let path = format!("{folder}/{}", entry.name);
            match entry.kind {
                EntryKind::Dir => folders.push(path),
                EntryKind::File => {
                    held.files += 1;
                    // What cannot be opened is counted all the same.
                    held.bytes += disk.open(&path).and_then(|file| file.len()).unwrap_or(0);
                }
                EntryKind::Other => held.files += 1,
            }
        }
        if held.files >= ENTRIES_MAX {
            break;
        }
    }
    Ok(held)
}
