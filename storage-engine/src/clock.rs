//! Time, injected: the engine never reads the system's clock by itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// A source of wall-clock time. Order never comes from it, only names and displayed times.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;

    /// Milliseconds that have passed since some moment, whatever the wall clock was set to; a clock that cannot tell
    /// answers with its wall clock.
    fn elapsed_ms(&self) -> u64 {
        self.now_ms()
    }
}

/// The operating system's real-time clock.
///
/// It is read through the C library, as the signature check reads it, so that a test can move both together.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Time since the machine started, asleep or not (clock_gettime(2), CLOCK_BOOTTIME).
    fn elapsed_ms(&self) -> u64 {
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let (seconds, nanos) = (u64::try_from(since.tv_sec), u64::try_from(since.tv_nsec));
        seconds.unwrap_or(0).saturating_mul(1000).saturating_add(nanos.unwrap_or(0) / 1_000_000)
    }
}
