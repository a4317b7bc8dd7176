//! Time, injected: the engine never reads the system's clock by itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// A source of wall-clock time. Order never comes from it, only names and displayed times.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;
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
}
