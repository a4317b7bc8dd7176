//! How fast one core digests.

use std::hint::black_box;
use std::time::{Duration, Instant};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::measurement::Tally;
use crate::random::Random;

const BLOCK_BYTES: usize = 1 << 20;

#[derive(Clone, Copy)]
pub(super) enum Digester {
    Md5,
    Sha256,
}

/// Digests blocks of 1 MiB for a while.
pub(super) fn digest(digester: Digester, duration: Duration) -> Tally {
    let block = Random::new(1).bytes(BLOCK_BYTES);
    let mut tally = Tally::default();
    let started = Instant::now();
    while started.elapsed() < duration {
        let before = Instant::now();
        match digester {
            Digester::Md5 => drop(black_box(Md5::digest(black_box(&block)))),
            Digester::Sha256 => drop(black_box(Sha256::digest(black_box(&block)))),
        }
        tally.success(before.elapsed(), BLOCK_BYTES as u64);
    }
    tally
}
