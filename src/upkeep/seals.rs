//! Sealing in the background: hours that are over and quiet get their seals.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use storage_engine::Archive;
use storage_engine::archive::seal::{SealLimits, SealPass};

use crate::error::{Error, ErrorKind, Result};

/// Longest and shortest time between two looks for hours that are due.
const INTERVAL_MAX: Duration = Duration::from_secs(60);
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Most hours of an element in one pass.
const HOURS_MAX: usize = 100;

/// The thread that seals.
pub(crate) struct Sealing {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl Stop {
    fn ask(&self) {
        *self.is_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.asked.notify_all();
    }

    /// Waits; answers at once with `true` when the stop is asked for.
    fn wait(&self, time: Duration) -> bool {
        let is_asked = self.is_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.asked.wait_timeout_while(is_asked, time, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Sealing {
    /// Begins to seal what has not changed for `quiet`.
    ///
    /// *Errors*: `Failed` where the system gives no thread.
    pub(crate) fn start(archive: Arc<Archive>, quiet: Duration) -> Result<Self> {
        let stop = Arc::<Stop>::default();
        let shared = Arc::clone(&stop);
        let interval = quiet.clamp(INTERVAL_MIN, INTERVAL_MAX);
        let body = move || {
            let limits = SealLimits { quiet, hours_max: HOURS_MAX };
            let mut told = String::new();
            while !shared.wait(interval) {
                seal(&archive, &limits, &shared, &mut told);
            }
        };
        let thread = std::thread::Builder::new().name("seals".into()).spawn(body);
        let thread = thread
            .map_err(|source| Error::new(ErrorKind::Failed, "start the sealing thread").caused_by(source))?;
        Ok(Self { stop, thread })
    }

    /// Asks the thread to end; it does so before the next hour, and in the middle of one when the archive
    /// closes.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.ask();
    }

    /// Waits until the thread has ended.
    pub(crate) fn join(self) {
        self.stop.ask();
        if self.thread.join().is_err() {
            tracing::error!("The sealing thread broke; hours that were not sealed are at the next start.");
        }
    }
}

/// Seals what is due; a failure of the whole is told once for as long as it is the same.
fn seal(archive: &Archive, limits: &SealLimits, stop: &Stop, told: &mut String) {
    loop {
        match archive.seal_due(limits) {
            Ok(pass) => {
                told.clear();
                tell(&pass);
                if !pass.is_more || stop.wait(Duration::ZERO) {
                    return;
                }
            }
            Err(error) => {
                let text = error.to_string();
                if text != *told && !stop.wait(Duration::ZERO) {
                    tracing::error!(error = &error as &dyn std::error::Error, "Nothing is sealed.");
                    *told = text;
                }
                return;
            }
        }
    }
}

fn tell(pass: &SealPass) {
    for sealed in &pass.sealed {
        let (element, root) = (sealed.element.as_str(), sealed.root_hex());
        tracing::info!(element, seal = sealed.path, root, "Sealed an hour.");
    }
    for failed in &pass.failed {
        tracing::error!(
            element = failed.element.as_str(),
            hour = failed.hour,
            error = &failed.error as &dyn std::error::Error,
            "An hour is not sealed."
        );
    }
}
