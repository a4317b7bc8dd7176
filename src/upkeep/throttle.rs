//! How fast the scrub may work.

use std::time::{Duration, Instant};

use storage_engine::scrub::Work;

/// Work that is ahead by less than this goes on without a pause.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// Turns work into the time that it should have taken.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Bytes per second; `None` for no limit.
    rate: Option<u64>,
    sidecars_per_second: u64,
    /// When what was done so far is paid for.
    until: Instant,
}

impl Throttle {
    pub(super) fn new(rate: Option<u64>, sidecars_per_second: u64, now: Instant) -> Self {
        Self { rate, sidecars_per_second, until: now }
    }

    /// Takes work that was done; says for how long to pause.
    pub(super) fn pause(&mut self, work: Work, now: Instant) -> Option<Duration> {
        // Without a limit on bytes sidecars have none either: somebody wants the pass to be over.
        let rate = self.rate?;
        let seconds = |count: u64, per_second: u64| count as f64 / per_second.max(1) as f64;
        let cost = seconds(work.bytes, rate).max(seconds(work.sidecars, self.sidecars_per_second));
        // Time in which nothing was read is not saved up.
        self.until = self.until.max(now) + Duration::from_secs_f64(cost);
        Some(self.until.saturating_duration_since(now)).filter(|pause| *pause >= PAUSE_MIN)
    }
}
