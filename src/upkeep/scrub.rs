//! The thread of the scrub: when a pass begins, how fast it goes, and that it ends with the server.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use storage_engine::Archive;
use storage_engine::clock::Clock;
use storage_engine::scrub::{Pace, ScrubEnd};

use super::scrub_document::ScrubDocument;
use super::throttle::Throttle;
use super::worker::Worker;
use crate::error::Result;
use crate::settings::ScrubSettings;

/// From the server's start to the first pass of an archive that never had one.
const FIRST_DELAY: Duration = Duration::from_secs(3_600);
/// From a pass that failed to the next try.
const RETRY_DELAY: Duration = Duration::from_secs(3_600);
/// Longest wait without a look at the clock, which may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Rate of a pass that is asked for where the settings name none.
const RATE_ASKED: u64 = 32 << 20;

/// The scrub of a running server.
pub(crate) struct Scrubber {
    shared: Arc<Shared>,
    worker: Worker,
}

struct Shared {
    archive: Arc<Archive>,
    clock: Arc<dyn Clock>,
    settings: ScrubSettings,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    is_stopping: bool,
    /// Whether somebody asked for a pass that has not ended yet, and its rate.
    asked: Option<Option<u64>>,
    /// Counts the requests: the pass under way takes their rate.
    requests: u64,
    /// No pass begins by itself before this.
    not_before: Instant,
}

impl Scrubber {
    /// Starts the thread.
    ///
    /// *Errors*: `Failed` where there can be no thread.
    pub(crate) fn start(
        archive: Arc<Archive>,
        clock: Arc<dyn Clock>,
        settings: ScrubSettings,
    ) -> Result<Arc<Self>> {
        let has_record = {
            let status = archive.scrub_summary();
            status.current.is_some() || status.last.is_some()
        };
        let delay = if has_record { Duration::ZERO } else { FIRST_DELAY };
        let state =
            State { is_stopping: false, asked: None, requests: 0, not_before: Instant::now() + delay };
        let shared =
            Arc::new(Shared { archive, clock, settings, state: Mutex::new(state), changed: Condvar::new() });
        let working = Arc::clone(&shared);
        let worker = Worker::start("scrub", move || working.run())?;
        Ok(Arc::new(Self { shared, worker }))
    }

    /// Begins a pass, or goes on with the one under way, at `rate` bytes per second, `Some(None)` as fast as it
    /// goes, `None` as the settings say.
    pub(crate) fn ask(&self, rate: Option<Option<u64>>) {
        let shared = &self.shared;
        let of_settings = shared.settings.rate.0.or(Some(RATE_ASKED));
        let mut state = shared.lock();
        state.asked = Some(rate.unwrap_or(of_settings));
        state.requests += 1;
        drop(state);
        shared.changed.notify_all();
    }

    /// How far it is and what it found.
    pub(crate) fn document(&self) -> ScrubDocument {
        let is_asked = self.shared.lock().asked.is_some();
        let mut document = ScrubDocument::of(self.shared.archive.scrub_status());
        document.is_running |= is_asked;
        document.next_ms = self.shared.due_ms();
        document
    }

    /// Asks the thread to end. What the pass under way found is kept, and the next start goes on with it.
    pub(crate) fn ask_to_stop(&self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
    }

    /// Waits until the thread has ended.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        self.worker.join();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(self: Arc<Self>) {
        while self.wait_until_due() {
            let requests = self.lock().requests;
            match self.archive.scrub(Self::pace(&self)) {
                Ok(ScrubEnd::Finished) => {
                    let mut state = self.lock();
                    // One that was asked for meanwhile is still to come.
                    if state.requests == requests {
                        state.asked = None;
                    }
                }
                Ok(ScrubEnd::Stopped) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "The scrub failed.");
                    let mut state = self.lock();
                    state.asked = None;
                    state.not_before = Instant::now() + RETRY_DELAY;
                }
            }
        }
    }

    /// Waits for the next pass; `false` once the server stops.
    fn wait_until_due(&self) -> bool {
        let mut state = self.lock();
        while !state.is_stopping && state.asked.is_none() {
            let is_due = self.due_ms().is_some_and(|due| due <= self.clock.now_ms());
            let now = Instant::now();
            if is_due && state.not_before <= now {
                break;
            }
            let (held, _) =
                self.changed.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner);
            state = held;
        }
        !state.is_stopping
    }

    /// When the next pass begins by itself, in milliseconds since 1970; 0 for as soon as may be.
    fn due_ms(&self) -> Option<u64> {
        self.settings.rate.0?;
        let status = self.archive.scrub_summary();
        let ended_ms = match (&status.current, &status.last) {
            (Some(_), _) | (None, None) => return Some(0),
            (None, Some(last)) => last.ended_ms.unwrap_or(0),
        };
        let interval = u64::try_from(self.settings.interval.0.as_millis()).unwrap_or(u64::MAX);
        Some(ended_ms.saturating_add(interval))
    }

    /// The pace of one call, at the rate of the last request.
    fn pace(shared: &Arc<Self>) -> Pace {
        let shared = Arc::clone(shared);
        let throttle: Mutex<(u64, Option<Throttle>)> = Mutex::new((0, None));
        Arc::new(move |work| {
            let mut throttle = throttle.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let mut state = shared.lock();
            if throttle.0 != state.requests || throttle.1.is_none() {
                let rate = state.asked.unwrap_or(shared.settings.rate.0);
                let sidecars = shared.settings.sidecars.0.get();
                *throttle = (state.requests, Some(Throttle::new(rate, sidecars, now)));
            }
            let pause = throttle.1.as_mut().and_then(|throttle| throttle.pause(work, now));
            let end = pause.map(|pause| now + pause);
            let requests = state.requests;
            while let Some(left) = end.and_then(|end| end.checked_duration_since(Instant::now())) {
                if left.is_zero() || state.is_stopping || state.requests != requests {
                    break;
                }
                let (held, _) =
                    shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
                state = held;
            }
            !state.is_stopping
        })
    }
}
