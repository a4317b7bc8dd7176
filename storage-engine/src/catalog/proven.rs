//! Which blocks are known to agree with their digests: they were read and found whole, or written, since
//! the catalog was opened. What a stop left behind the last durable state is in neither.

use std::sync::{Mutex, PoisonError};

/// Most words of 64 blocks that are remembered: 8 MiB of memory for 256 GiB of the catalog.
const WORDS_MAX: usize = 1024 * 1024;

/// A set of block numbers; those beyond its bound are never in it.
#[derive(Default)]
pub(super) struct Proven(Mutex<Vec<u64>>);

impl Proven {
    /// Notes a block.
    pub(super) fn add(&self, number: u64) {
        let (word, bit) = split(number);
        if word >= WORDS_MAX {
            return;
        }
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        if let Some(word) = words.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether a block was noted.
    pub(super) fn has(&self, number: u64) -> bool {
        let (word, bit) = split(number);
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        words.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn split(number: u64) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}
