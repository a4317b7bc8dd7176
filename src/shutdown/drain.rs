//! Waiting for what is in flight.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::error::Result;

/// How long requests in flight may take after the signal.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(25);
/// How long everything after the signal may take, the last checkpoint included: the promise is 30 seconds.
pub(crate) const STOP_MAX: Duration = Duration::from_secs(29);

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Every door has finished.
    Whole,
    /// Requests were still in flight when the time was over; they were cut off.
    CutOff,
    /// Somebody asked a second time and does not want to wait.
    Interrupted,
}

/// Waits until every door has finished, for at most `limit`, or until `again` comes.
///
/// The doors were told to stop. A door that fails now is logged: the others are waited for all the same.
pub(crate) async fn drain(
    doors: &mut JoinSet<Result<()>>,
    limit: Duration,
    again: impl Future<Output = &'static str>,
) -> Drained {
    let finished = async {
        while let Some(ended) = doors.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "A door failed while stopping."
                    );
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "A door broke while stopping.");
                }
            }
        }
    };
    let drained = tokio::select! {
        biased;
        signal = again => {
            tracing::warn!(signal, "Ends at once: a second signal came.");
            Drained::Interrupted
        }
        in_time = tokio::time::timeout(limit, finished) => match in_time {
            Ok(()) => Drained::Whole,
            Err(_) => {
                tracing::warn!(limit_s = limit.as_secs(), "Cut off the requests that were still in flight.");
                Drained::CutOff
            }
        },
    };
    doors.abort_all();
    drained
}
