//! The catalog's file in blocks that are checked at every read, since the store does not check the pages
//! it reads (ADR 0004).
//!
//! The store sees a file of its own form; on disk each of its blocks of 4,096 bytes has a CRC-32C:
//!
//! | block on disk | content |
//! |---|---|
//! | 0 | the header: see below |
//! | 1 | digests of the next 1,024 blocks: each the CRC-32C of the block's number and its bytes, little-endian |
//! | 2–1,025 | blocks 1–1,024 as the store sees them |
//! | 1,026 | digests of the next 1,024 blocks, and so on |
//!
//! The header, which the store overwrites in place, lies in one sector of 512 bytes, so that it and its
//! digest reach the disk together or not at all: 8 bytes `ARTCAT02`, 496 bytes that the store sees as the
//! first of its file, 4 bytes that are not zero where damage was found, the CRC-32C of the 508 bytes before it.
//!
//! *Power cuts*: one `fdatasync` covers blocks and digests. A block of the last durable state is not written
//! again before the next one, and its digest with it, so that a torn block of digests changes none that
//! counts. What was written behind the last sync may differ from its digest afterwards, and nobody reads it:
//! the store goes back to its last durable state.
//!
//! *Bounds*: 4 MiB of digests in memory, one bit for each block of the first 256 GiB.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::proven::Proven;
use crate::digest::crc32c_of;
use crate::disk::DiskFile;

/// Size of a block in bytes.
pub(super) const BLOCK_BYTES: usize = 4096;
const BLOCK: u64 = BLOCK_BYTES as u64;
const DIGEST_BYTES: usize = 4;
/// Blocks whose digests lie in one block.
const GROUP: u64 = (BLOCK_BYTES / DIGEST_BYTES) as u64;
/// Most blocks of digests in memory.
const CACHED_MAX: u64 = 1024;

const SECTOR_BYTES: usize = 512;
const MAGIC: &[u8; 8] = b"ARTCAT02";
/// Bytes at the beginning of the store's file that are kept; it uses 320.
const HEADER_BYTES: usize = 496;
/// Where the mark of a damaged file lies.
const MARK_AT: usize = MAGIC.len() + HEADER_BYTES;

/// One file whose blocks are checked.
pub(super) struct Blocks {
    file: Box<dyn DiskFile>,
    /// What the store sees of the header.
    header: Mutex<Vec<u8>>,
    /// Blocks of digests, each at the place of its group's number modulo their count.
    digests: Vec<Mutex<Digests>>,
    proven: Proven,
    /// Whether the next start makes the catalog anew.
    is_marked: AtomicBool,
    /// Whether nothing is written any more.
    is_condemned: AtomicBool,
}

/// A block of digests in memory.
#[derive(Default)]
struct Digests {
    group: Option<u64>,
    bytes: Vec<u8>,
    /// Whether the disk does not have it so yet.
    is_new: bool,
}

/// Blocks on disk that follow each other: a part of one group.
struct Run {
    group: u64,
    /// Place of the first one in the group.
    first: u64,
    count: u64,
}

impl Run {
    /// Number of the block at `place` in this run, as the store counts.
    fn number(&self, place: u64) -> u64 {
        1 + self.group * GROUP + self.first + place
    }

    /// Where the run lies on disk.
    fn offset(&self) -> u64 {
        (1 + self.group * (GROUP + 1) + 1 + self.first) * BLOCK
    }
}

impl Blocks {
    /// Takes a file; an empty one is a new one.
    ///
    /// *Errors*: `InvalidData` where its header is damaged, of another format, or marked.
    pub(super) fn open(file: Box<dyn DiskFile>) -> io::Result<Self> {
        let header = if file.is_empty()? { vec![0; HEADER_BYTES] } else { read_header(&*file)? };
        let digests = (0..CACHED_MAX).map(|_| Mutex::default()).collect();
        Ok(Self {
            file,
            header: Mutex::new(header),
            digests,
            proven: Proven::default(),
            is_marked: AtomicBool::new(false),
            is_condemned: AtomicBool::new(false),
        })
    }

    /// Length as the store sees it.
    pub(super) fn len(&self) -> io::Result<u64> {
        let on_disk = self.file.len()?.div_ceil(BLOCK);
        let behind_header = on_disk.saturating_sub(1);
        Ok((on_disk - behind_header.div_ceil(GROUP + 1)) * BLOCK)
    }

    /// Cuts or extends the file.
    pub(super) fn set_len(&self, len: u64) -> io::Result<()> {
        self.refuse_condemned()?;
        let behind_header = len.div_ceil(BLOCK).saturating_sub(1);
        let groups = behind_header.div_ceil(GROUP);
        for slot in &self.digests {
            let mut slot = lock(slot);
            if slot.group.is_some_and(|group| group >= groups) {
                *slot = Digests::default();
            }
        }
        self.file.set_len(if len == 0 { 0 } else { (1 + behind_header + groups) * BLOCK })
    }

    /// Reads whole blocks, or of the header.
    ///
    /// *Errors*: `InvalidData` where a block is not what was written.
    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset < BLOCK {
            return self.read_of_header(offset, out);
        }
        let mut rest = out;
        for run in runs(offset, rest.len())? {
            let (part, behind) = rest.split_at_mut(usize_of(run.count * BLOCK).min(rest.len()));
            self.read_run(&run, part)?;
            rest = behind;
        }
        Ok(())
    }

    fn read_of_header(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > BLOCK {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let header = lock(&self.header);
        let behind = header.iter().copied().chain(std::iter::repeat(0)).skip(usize_of(offset));
        out.iter_mut().zip(behind).for_each(|(to, from)| *to = from);
        Ok(())
    }

    fn read_run(&self, run: &Run, out: &mut [u8]) -> io::Result<()> {
        fill(&*self.file, out, run.offset())?;
        for (place, block) in (0..).zip(out.chunks_mut(BLOCK_BYTES)) {
            let number = run.number(place);
            let digest = self.digest(run.group, run.first + place)?;
            if digest != digest_of(number, block) {
                self.read_again(run, place, block)?;
            }
            self.proven.add(number);
        }
        Ok(())
    }

    /// Reads a block beside which nobody writes, and decides.
    fn read_again(&self, run: &Run, place: u64, block: &mut [u8]) -> io::Result<()> {
        let digests = self.digests_of(run.group)?;
        fill(&*self.file, block, run.offset() + place * BLOCK)?;
        let number = run.number(place);
        if digests.get(run.first + place) == digest_of(number, block) {
            return Ok(());
        }
        let why = format!("block {number} of {BLOCK_BYTES} bytes is not what was written");
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Writes whole blocks, or to the header. Not durable.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.refuse_condemned()?;
        if offset < BLOCK {
            return self.write_to_header(offset, data);
        }
        let mut rest = data;
        for run in runs(offset, rest.len())? {
            let (part, behind) = rest.split_at(usize_of(run.count * BLOCK).min(rest.len()));
            let mut digests = self.digests_of(run.group)?;
            self.file.write_at(part, run.offset())?;
            for (place, block) in (0..).zip(part.chunks(BLOCK_BYTES)) {
                let number = run.number(place);
                digests.set(run.first + place, digest_of(number, block));
                self.proven.add(number);
            }
            rest = behind;
        }
        Ok(())
    }

    fn write_to_header(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut header = lock(&self.header);
        let start = usize_of(offset);
        let part = header.get_mut(start..start.saturating_add(data.len()));
        part.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(data);
        self.file.write_at(&self.sector_of(&header), 0)
    }

    fn sector_of(&self, header: &[u8]) -> Vec<u8> {
        sector_of(header, self.is_marked.load(Ordering::Acquire))
    }

    /// Makes everything written durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.refuse_condemned()?;
        for slot in &self.digests {
            self.put_down(&mut lock(slot))?;
        }
        self.file.sync()
    }

    /// Checks the blocks from `first` on, at most `count`, as they lie on disk: those that were read or
    /// written since the file was opened, and so are known to be in use. Answers with the first block
    /// behind them, `None` at the end, and the numbers of those that are damaged.
    pub(super) fn verify(&self, first: u64, count: u64) -> io::Result<(Option<u64>, Vec<u64>)> {
        let (mut damaged, end) = (Vec::new(), self.len()? / BLOCK);
        if first == 0 {
            let header = lock(&self.header);
            let mut sector = vec![0; SECTOR_BYTES];
            self.file.forget_cached(0, BLOCK)?;
            fill(&*self.file, &mut sector, 0)?;
            if sector != self.sector_of(&header) {
                damaged.push(0);
            }
        }
        let mut block = vec![0; BLOCK_BYTES];
        let behind = first.saturating_add(count).min(end);
        for number in (first.max(1)..behind).filter(|number| self.proven.has(*number)) {
            let at = number - 1;
            let run = Run { group: at / GROUP, first: at % GROUP, count: 1 };
            self.file.forget_cached(run.offset(), BLOCK)?;
            fill(&*self.file, &mut block, run.offset())?;
            if self.digest(run.group, run.first)? != digest_of(number, &block) {
                match self.read_again(&run, 0, &mut block) {
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => damaged.push(number),
                    other => other?,
                }
            }
        }
        Ok((Some(behind).filter(|behind| *behind < end), damaged))
    }

    /// Lets the next start make the catalog anew. *Durability*: durable on return, as far as the disk can.
    pub(super) fn mark(&self) {
        let header = lock(&self.header);
        if self.is_marked.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.file.write_at(&self.sector_of(&header), 0).and_then(|()| self.file.sync()) {
            tracing::error!(%error, "the damaged catalog could not be marked: remove the folder catalog before the next start");
        }
    }

    /// Marks the file and refuses every further write. Says whether it was the first call.
    pub(super) fn condemn(&self) -> bool {
        let is_first = !self.is_condemned.swap(true, Ordering::AcqRel);
        self.mark();
        is_first
    }

    /// Whether a read met a damaged block, so that nothing can be looked up any more.
    pub(super) fn is_condemned(&self) -> bool {
        self.is_condemned.load(Ordering::Acquire)
    }

    fn refuse_condemned(&self) -> io::Result<()> {
        if self.is_condemned() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the catalog is damaged"));
        }
        Ok(())
    }

    fn digest(&self, group: u64, place: u64) -> io::Result<u32> {
        Ok(self.digests_of(group)?.get(place))
    }

    /// The digests of a group, held.
    fn digests_of(&self, group: u64) -> io::Result<MutexGuard<'_, Digests>> {
        let slot = self.digests.get(usize_of(group % CACHED_MAX)).ok_or(io::ErrorKind::InvalidInput)?;
        let mut slot = lock(slot);
        if slot.group != Some(group) {
            self.put_down(&mut slot)?;
            slot.group = None;
            slot.bytes.resize(BLOCK_BYTES, 0);
            fill(&*self.file, &mut slot.bytes, digests_at(group))?;
            slot.group = Some(group);
        }
        Ok(slot)
    }

    /// Writes a block of digests that the disk does not have. Not durable.
    fn put_down(&self, slot: &mut Digests) -> io::Result<()> {
        if let (Some(group), true) = (slot.group, slot.is_new) {
            self.file.write_at(&slot.bytes, digests_at(group))?;
            slot.is_new = false;
        }
        Ok(())
    }
}

impl Digests {
    fn get(&self, place: u64) -> u32 {
        let at = usize_of(place) * DIGEST_BYTES;
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn set(&mut self, place: u64, digest: u32) {
        let at = usize_of(place) * DIGEST_BYTES;
        if let Some(bytes) = self.bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            *bytes = digest.to_le_bytes();
            self.is_new = true;
        }
    }
}

/// The runs of whole blocks behind the header.
fn runs(offset: u64, len: usize) -> io::Result<Vec<Run>> {
    if !offset.is_multiple_of(BLOCK) || !len.is_multiple_of(BLOCK_BYTES) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut at = offset / BLOCK - 1;
    let end = at + len as u64 / BLOCK;
    let mut runs = Vec::new();
    while at < end {
        let (group, first) = (at / GROUP, at % GROUP);
        let count = (GROUP - first).min(end - at);
        runs.push(Run { group, first, count });
        at += count;
    }
    Ok(runs)
}

fn digests_at(group: u64) -> u64 {
    (1 + group * (GROUP + 1)) * BLOCK
}

/// The digest of a block: with its number, so that a block in the place of another is noticed.
fn digest_of(number: u64, block: &[u8]) -> u32 {
    crc32c_of(&[&number.to_le_bytes(), block])
}

fn sector_of(header: &[u8], is_marked: bool) -> Vec<u8> {
    let mut sector = MAGIC.to_vec();
    sector.extend(header);
    sector.resize(MARK_AT, 0);
    sector.extend(u32::from(is_marked).to_le_bytes());
    sector.extend(crc32c_of(&[&sector]).to_le_bytes());
    sector
}

fn read_header(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let mut sector = vec![0; SECTOR_BYTES];
    fill(file, &mut sector, 0)?;
    let header = sector.get(MAGIC.len()..MARK_AT).unwrap_or_default();
    let why = if sector_of(header, false) == sector {
        return Ok(header.to_vec());
    } else if sector_of(header, true) == sector {
        "a part of it was found damaged"
    } else {
        "its header is damaged or of another format"
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

fn fill(file: &dyn DiskFile, out: &mut [u8], offset: u64) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
