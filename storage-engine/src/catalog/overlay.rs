//! The catalog's file for a reader that must not write: what the store writes while it opens stays in
//! memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use redb::StorageBackend;

use super::blocks::Blocks;

const PAGE_BYTES: u64 = 4096;
/// Most that is kept in memory: 64 MiB.
const PAGES_MAX: usize = 16 * 1024;

/// One file as redb wants it, of which the disk sees reads alone.
pub(super) struct Overlay {
    blocks: Blocks,
    written: Mutex<Written>,
}

struct Written {
    len: u64,
    /// Bytes of the file below it were cut off once and read as zeros.
    kept_len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(super) fn new(blocks: Blocks) -> io::Result<Self> {
        let len = blocks.len()?;
        Ok(Self { blocks, written: Mutex::new(Written { len, kept_len: len, pages: BTreeMap::new() }) })
    }

    /// The bytes of a page as the disk has them, zeros behind what is kept of the file.
    fn page_below(&self, number: u64, kept_len: u64) -> io::Result<Vec<u8>> {
        let mut page = vec![0; usize::try_from(PAGE_BYTES).unwrap_or(0)];
        if number * PAGE_BYTES < kept_len {
            self.blocks.read(number * PAGE_BYTES, &mut page)?;
        }
        Ok(page)
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overlay")
    }
}

/// The page of an offset, and the offset in it.
fn split(offset: u64) -> (u64, usize) {
    (offset / PAGE_BYTES, usize::try_from(offset % PAGE_BYTES).unwrap_or(0))
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written.lock().unwrap_or_else(PoisonError::into_inner).len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if offset + out.len() as u64 > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut filled = 0;
        while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let (number, at) = split(offset + filled as u64);
            let below;
            let page = match written.pages.get(&number) {
                Some(page) => page,
                None => {
                    below = self.page_below(number, written.kept_len)?;
                    &below
                }
            };
            let source = page.get(at..).unwrap_or_default();
            let count = source.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(source) {
                *to = *from;
            }
            filled += count;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if len < written.len {
            let (first, at) = split(len);
            written.pages.retain(|number, _| *number <= first);
            if let Some(page) = written.pages.get_mut(&first) {
                page.iter_mut().skip(at).for_each(|byte| *byte = 0);
            }
            written.kept_len = written.kept_len.min(len);
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = data;
        let mut offset = offset;
        while !rest.is_empty() {
            let (number, at) = split(offset);
            if !written.pages.contains_key(&number) {
                if written.pages.len() >= PAGES_MAX {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                // What is written over whole may be free, and never have been synced with its digest.
                let is_whole = at == 0 && rest.len() as u64 >= PAGE_BYTES;
                let kept_len = if is_whole { 0 } else { written.kept_len };
                let below = self.page_below(number, kept_len)?;
                written.pages.insert(number, below);
            }
            let page = written.pages.get_mut(&number).map(Vec::as_mut_slice).unwrap_or_default();
            let target = page.get_mut(at..).unwrap_or_default();
            let count = target.len().min(rest.len());
            for (to, from) in target.iter_mut().zip(rest) {
                *to = *from;
            }
            rest = rest.get(count..).unwrap_or_default();
            offset += count as u64;
            written.len = written.len.max(offset);
        }
        Ok(())
    }
}
