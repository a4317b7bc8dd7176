//! How often a request is made, and what lies between.

use std::future::pending;
use std::time::Duration;

use super::exchange::within;
use super::failure::Failure;

/// Requests in all.
const COUNT: u32 = 4;
/// Each wait is so many times the one before.
const GROWTH: u32 = 4;

/// What is left of the tries of a request.
pub(super) struct Tries<'a> {
    first_wait: Duration,
    left: u32,
    wait: Duration,
    is_stopped: &'a dyn Fn() -> bool,
}

impl<'a> Tries<'a> {
    pub(super) fn new(first_wait: Duration, is_stopped: &'a dyn Fn() -> bool) -> Self {
        Self { first_wait, left: COUNT, wait: first_wait, is_stopped }
    }

    /// Begins anew: the request has come further than before.
    pub(super) fn renew(&mut self) {
        (self.left, self.wait) = (COUNT, self.first_wait);
    }

    /// Whether this is not the first try.
    pub(super) fn is_repeated(&self) -> bool {
        self.left < COUNT
    }

    /// Waits before the next try. *Errors*: the failure, where it does not pass or none is left.
    pub(super) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        self.left -= 1;
        if self.left == 0 || !failure.is_passing() {
            return Err(failure);
        }
        match within(self.wait, self.is_stopped, pending::<()>()).await {
            Err(Failure::Slow) => {}
            Err(stopped) => return Err(stopped),
            Ok(()) => {}
        }
        self.wait *= GROWTH;
        Ok(())
    }
}
