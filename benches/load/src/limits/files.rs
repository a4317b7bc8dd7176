//! What the file system does: appends with a sync, pairs of small files, one long write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::rows::repeat;
use crate::error::{Error, ErrorKind, Result};
use crate::measurement::Tally;
use crate::random::Random;

/// A document of 4 KiB and its sidecar.
const DOCUMENT_BYTES: usize = 4096;
const SIDECAR_BYTES: usize = 900;
/// Pairs in one folder, as an hour of an archive may hold them.
const PAIRS_PER_FOLDER: u64 = 10_000;
/// A log segment.
const SEGMENT_BYTES: usize = 16 << 20;
const SEQUENTIAL_BLOCK_BYTES: usize = 1 << 20;

/// Appends a block to a growing file, with fdatasync.
pub(super) fn append(dir: &Path, block_bytes: usize, duration: Duration) -> Result<Tally> {
    let block = Random::new(1).bytes(block_bytes);
    let path = dir.join(format!("append-{block_bytes}"));
    let mut file = File::create(&path).map_err(failed(&path))?;
    repeat(duration, block_bytes, |_| {
        file.write_all(&block).and_then(|()| file.sync_data()).map_err(failed(&path))
    })
}

/// Writes block after block of a file that was filled with zeros before, with fdatasync: a log segment.
pub(super) fn overwrite(dir: &Path, block_bytes: usize, duration: Duration) -> Result<Tally> {
    let block = Random::new(1).bytes(block_bytes);
    let path = dir.join("overwrite");
    let mut file = File::create(&path).map_err(failed(&path))?;
    file.write_all(&vec![0; SEGMENT_BYTES]).and_then(|()| file.sync_all()).map_err(failed(&path))?;
    let blocks = (SEGMENT_BYTES / block_bytes) as u64;
    repeat(duration, block_bytes, |number| {
        let offset = number % blocks * block_bytes as u64;
        file.write_all_at(&block, offset).and_then(|()| file.sync_data()).map_err(failed(&path))
    })
}

/// Creates a document and its sidecar, each in a staging folder first and renamed then, without a sync.
pub(super) fn pair(dir: &Path, duration: Duration) -> Result<Tally> {
    let content = Random::new(1).bytes(DOCUMENT_BYTES);
    let sidecar = Random::new(2).bytes(SIDECAR_BYTES);
    let staging = dir.join("staging");
    fs::create_dir_all(&staging).map_err(failed(&staging))?;
    repeat(duration, DOCUMENT_BYTES + SIDECAR_BYTES, |number| {
        let folder = folder_of_pairs(dir, number / PAIRS_PER_FOLDER);
        if number % PAIRS_PER_FOLDER == 0 {
            fs::create_dir_all(&folder).map_err(failed(&folder))?;
        }
        for (bytes, ending) in [(&content, ""), (&sidecar, ".attr.json")] {
            let name = format!("document_{number:08}{ending}");
            let staged = staging.join(&name);
            write_new(&staged, bytes).map_err(failed(&staged))?;
            fs::rename(&staged, folder.join(&name)).map_err(failed(&staged))?;
        }
        Ok(())
    })
}

/// Removes the pairs that `pair` has made, all of them.
pub(super) fn unlink_pair(dir: &Path, _: Duration) -> Result<Tally> {
    let mut tally = Tally::default();
    for folder in (0..).map(|number| folder_of_pairs(dir, number)).take_while(|folder| folder.exists()) {
        let entries = fs::read_dir(&folder).map_err(failed(&folder))?;
        let names: io::Result<Vec<_>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut documents = names.map_err(failed(&folder))?;
        documents.retain(|path| path.extension().is_none());
        for document in documents {
            let before = std::time::Instant::now();
            let sidecar = document.with_extension("attr.json");
            fs::remove_file(&sidecar).and_then(|()| fs::remove_file(&document)).map_err(failed(&document))?;
            tally.success(before.elapsed(), 0);
        }
    }
    Ok(tally)
}

/// Writes one file from front to end, with one fsync at the end.
pub(super) fn sequential(dir: &Path, mib: usize) -> Result<Tally> {
    let block = Random::new(1).bytes(SEQUENTIAL_BLOCK_BYTES);
    let path = dir.join("sequential");
    let mut file = File::create(&path).map_err(failed(&path))?;
    let mut tally = Tally::default();
    for _ in 0..mib {
        let before = std::time::Instant::now();
        file.write_all(&block).map_err(failed(&path))?;
        tally.success(before.elapsed(), SEQUENTIAL_BLOCK_BYTES as u64);
    }
    file.sync_all().map_err(failed(&path))?;
    Ok(tally)
}

fn folder_of_pairs(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("pairs-{number:04}"))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::io(ErrorKind::Machine, path.display().to_string(), source)
}
