//! Claims about ending: what is in flight is waited for, but not for ever.

use std::future::{pending, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{DRAIN_MAX, Drained, STOP_MAX, drain};
use crate::error::{Error, ErrorKind, Result};

/// Runs a drain of doors that `open` starts.
fn drained(
    open: impl FnOnce(&mut JoinSet<Result<()>>),
    limit: Duration,
    again: impl Future<Output = &'static str>,
) -> Drained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let mut doors = JoinSet::new();
        open(&mut doors);
        drain(&mut doors, limit, again).await
    })
}

/// A request that takes its time is answered before the process ends.
#[test]
fn what_is_in_flight_is_finished() {
    let (sender, receiver) = oneshot::channel::<()>();
    let (done, is_done) = oneshot::channel::<()>();
    let open = |doors: &mut JoinSet<Result<()>>| {
        doors.spawn(async move {
            receiver.await.expect("the other door ends first");
            done.send(()).expect("somebody waits");
            Ok(())
        });
        doors.spawn(async move {
            sender.send(()).expect("the first door waits");
            Ok(())
        });
    };
    assert_eq!(drained(open, DRAIN_MAX, pending()), Drained::Whole);
    assert_eq!(is_done.blocking_recv(), Ok(()));
}

#[test]
fn a_door_that_fails_does_not_cut_the_others_off() {
    let (done, is_done) = oneshot::channel::<()>();
    let open = |doors: &mut JoinSet<Result<()>>| {
        doors.spawn(async { Err(Error::new(ErrorKind::Failed, "serve")) });
        doors.spawn(async move {
            tokio::task::yield_now().await;
            done.send(()).expect("somebody waits");
            Ok(())
        });
    };
    assert_eq!(drained(open, DRAIN_MAX, pending()), Drained::Whole);
    assert_eq!(is_done.blocking_recv(), Ok(()));
}

#[test]
fn a_request_that_does_not_end_is_cut_off_at_the_limit() {
    let open = |doors: &mut JoinSet<Result<()>>| {
        doors.spawn(pending());
    };
    assert_eq!(drained(open, Duration::from_millis(1), pending()), Drained::CutOff);
}

#[test]
fn a_second_signal_does_not_wait() {
    let open = |doors: &mut JoinSet<Result<()>>| {
        doors.spawn(pending());
    };
    assert_eq!(drained(open, DRAIN_MAX, ready("SIGTERM")), Drained::Interrupted);
}

#[test]
fn the_limits_keep_the_promise_of_thirty_seconds() {
    assert!(DRAIN_MAX < STOP_MAX, "the last checkpoint has time of its own");
    assert!(STOP_MAX < Duration::from_secs(30));
}
