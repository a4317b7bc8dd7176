//! The bytes of a simulated file: pages that were written, and holes that read as zeros.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

pub(super) const PAGE_BYTES: usize = 4096;

type Page = [u8; PAGE_BYTES];

/// Logs are filled with zeros when they are made: those pages cost nothing until they are used.
static ZEROS: LazyLock<Arc<Page>> = LazyLock::new(|| Arc::new([0; PAGE_BYTES]));

#[derive(Clone, Default)]
pub(super) struct Content {
    len: u64,
    /// By page number. Shared between the volatile and the durable side until one changes.
    pages: BTreeMap<u64, Arc<Page>>,
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many pages take room.
    pub(super) fn pages(&self) -> u64 {
        self.pages.len() as u64
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> usize {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        for span in spans(offset, count) {
            let Some(target) = buffer.get_mut(span.of_bytes.clone()) else { continue };
            match self.pages.get(&span.page).and_then(|page| page.get(span.of_page)) {
                Some(source) => target.copy_from_slice(source),
                None => target.fill(0),
            }
        }
        count
    }

    pub(super) fn write_at(&mut self, bytes: &[u8], offset: u64) {
        for span in spans(offset, bytes.len()) {
            let Some(source) = bytes.get(span.of_bytes) else { continue };
            let page = self.pages.entry(span.page).or_insert_with(|| Arc::clone(&ZEROS));
            if source == ZEROS.as_slice() {
                *page = Arc::clone(&ZEROS);
            } else if let Some(target) = Arc::make_mut(page).get_mut(span.of_page) {
                target.copy_from_slice(source);
            }
        }
        if !bytes.is_empty() {
            self.len = self.len.max(offset + bytes.len() as u64);
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.erase(len..self.len);
        }
        self.len = len;
    }

    /// Makes `range` read as zeros; whole pages in it give their room back.
    pub(super) fn erase(&mut self, range: Range<u64>) {
        let page_bytes = PAGE_BYTES as u64;
        let touched = range.start / page_bytes..range.end.div_ceil(page_bytes);
        let pages: Vec<u64> = self.pages.range(touched).map(|(page, _)| *page).collect();
        for page in pages {
            let base = page * page_bytes;
            let from = range.start.max(base) - base;
            // The last page may end beyond the range only where bytes follow it.
            let to = if range.end >= self.len { page_bytes } else { (range.end - base).min(page_bytes) };
            if from == 0 && to == page_bytes {
                self.pages.remove(&page);
                continue;
            }
            let inside = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(PAGE_BYTES);
            let bytes = self.pages.get_mut(&page).and_then(|page| Arc::make_mut(page).get_mut(inside));
            if let Some(bytes) = bytes {
                bytes.fill(0);
            }
        }
    }

    /// How many of `len` bytes at `offset` can be written with `free_pages` new pages.
    pub(super) fn fitting(&self, offset: u64, len: usize, free_pages: u64) -> usize {
        let mut left = free_pages;
        for span in spans(offset, len) {
            if self.pages.contains_key(&span.page) {
                continue;
            }
            if left == 0 {
                return span.of_bytes.start;
            }
            left -= 1;
        }
        len
    }
}

/// The part of a run of bytes that lies in one page.
struct Span {
    page: u64,
    of_page: Range<usize>,
    of_bytes: Range<usize>,
}

fn spans(offset: u64, len: usize) -> impl Iterator<Item = Span> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = offset + done as u64;
        let start = usize::try_from(at % PAGE_BYTES as u64).unwrap_or(0);
        let count = (PAGE_BYTES - start).min(len - done);
        let span = Span {
            page: at / PAGE_BYTES as u64,
            of_page: start..start + count,
            of_bytes: done..done + count,
        };
        done += count;
        Some(span)
    })
}
