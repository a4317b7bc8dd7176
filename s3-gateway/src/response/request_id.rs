//! Request ids: what ties an answer, the log and the audit trail together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The odd constant of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Gives out request ids: 16 upper-case hex digits, no two alike in the life of a process.
///
/// They name a request and protect nothing, so that one draw of randomness at the start is enough.
pub(crate) struct RequestIds {
    next: AtomicU64,
    host_id: Arc<str>,
}

impl RequestIds {
    /// Starts from a random place; without randomness from a fixed one.
    pub(crate) fn new() -> Self {
        let mut seed = [0; 32];
        if getrandom::fill(&mut seed).is_err() {
            tracing::warn!("no randomness for request ids, they begin anew at each start");
        }
        let start = seed.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Self { next: AtomicU64::new(start), host_id: STANDARD.encode(seed).into() }
    }

    /// The next id.
    pub(crate) fn draw(&self) -> Arc<str> {
        let state = self.next.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed);
        format!("{:016X}", mix(state)).into()
    }

    /// The id of this process: `x-amz-id-2`.
    pub(crate) fn host_id(&self) -> &str {
        &self.host_id
    }
}

/// SplitMix64's finaliser: a bijection, so that different states give different ids.
fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
