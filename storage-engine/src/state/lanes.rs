//! A digest of a multiset: each element is spread over lanes, which are added up.
//!
//! This is LtHash with 1,024 lanes of 16 bits ("Securing Update Propagation with Homomorphic Hashing",
//! Lewi, Kim, Maykov, Weis, 2019, after Bellare and Micciancio, 1997): sums do not depend on the order, an
//! element that was added can be taken away again, and to find two multisets of one sum is as hard as a
//! lattice problem of at least 200 bits.

use shake::Shake128;
use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};

/// Number of lanes.
const LANES: usize = 1024;
const LANE_BYTES: usize = 2;

/// The sum of the elements added so far.
pub(super) struct Lanes(Box<[u16; LANES]>);

impl Lanes {
    /// The sum of nothing.
    pub(super) fn new() -> Self {
        Self(Box::new([0; LANES]))
    }

    /// Adds an element, known by its digest.
    pub(super) fn add(&mut self, digest: &[u8; 32]) {
        self.merge(digest, u16::wrapping_add);
    }

    /// Takes an element away that was added, or will be.
    pub(super) fn remove(&mut self, digest: &[u8; 32]) {
        self.merge(digest, u16::wrapping_sub);
    }

    /// The lanes, little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    fn merge(&mut self, digest: &[u8; 32], combine: fn(u16, u16) -> u16) {
        let mut spread = [0; LANES * LANE_BYTES];
        let mut hasher = Shake128::default();
        hasher.update(digest);
        hasher.finalize_xof().read(&mut spread);
        let (pairs, _) = spread.as_chunks::<LANE_BYTES>();
        for (lane, pair) in self.0.iter_mut().zip(pairs) {
            *lane = combine(*lane, u16::from_le_bytes(*pair));
        }
    }
}
