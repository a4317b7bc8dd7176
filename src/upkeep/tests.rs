//! Claims about what the server does by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use storage_engine::Archive;
use storage_engine::archive::OpenOptions;
use storage_engine::clock::SystemClock;
use storage_engine::scrub::Work;

mod disposals;
mod expiry;
mod lifecycles;
mod world;

use super::Scrubber;
use super::throttle::Throttle;
use crate::settings::{Environment, Flags, ScrubSettings, Settings};

fn settings() -> ScrubSettings {
    Settings::load(Flags::default(), &Environment::default()).expect("the defaults are valid").storage.scrub
}

fn archive(folder: &tempfile::TempDir) -> Arc<Archive> {
    Arc::new(Archive::open(OpenOptions::new(folder.path().join("data"))).expect("the archive opens"))
}

/// Seconds that pieces of work take together.
fn seconds(throttle: &mut Throttle, pieces: u64, work: Work) -> u64 {
    let start = Instant::now();
    let mut now = start;
    for _ in 0..pieces {
        now += throttle.pause(work, now).unwrap_or_default();
    }
    now.duration_since(start).as_secs()
}

/// Bytes and sidecars are read as fast as is allowed and no faster; the slower of the two counts, and without
/// a rate neither does.
#[test]
fn the_scrub_keeps_its_rate() {
    let throttle = |rate| Throttle::new(rate, 500, Instant::now());
    let mib = Work { bytes: 1 << 20, sidecars: 0 };
    assert!((9..=10).contains(&seconds(&mut throttle(Some(32 << 20)), 320, mib)));
    let sidecar = Work { bytes: 900, sidecars: 1 };
    assert!((9..=10).contains(&seconds(&mut throttle(Some(32 << 20)), 5000, sidecar)));
    assert_eq!(seconds(&mut throttle(None), 5000, mib), 0);
}

/// Time in which nothing was read allows no burst afterwards.
#[test]
fn an_idle_hour_is_not_saved_up() {
    let start = Instant::now();
    let mut throttle = Throttle::new(Some(1 << 20), 500, start);
    let later = start + Duration::from_secs(3600);
    let pause = throttle.pause(Work { bytes: 10 << 20, sidecars: 0 }, later);
    assert_eq!(pause, Some(Duration::from_secs(10)));
}

/// A pass begins when somebody asks, and its end is shown.
#[test]
fn a_pass_begins_when_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let scrubber = Scrubber::start(archive(&folder), Arc::new(SystemClock), settings()).expect("it starts");
    assert_eq!(scrubber.document().last, None, "a new archive waits an hour");
    scrubber.ask(Some(None));
    while scrubber.document().last.is_none() {
        std::thread::yield_now();
    }
    let last = scrubber.document().last.expect("it ended");
    assert_eq!((last.damage, last.inconsistent, last.notes), (0, 0, 0), "{last:?}");
    scrubber.stop();
}

/// The slowest pass ends at once with the server, and is there to be gone on with.
#[test]
fn a_slow_pass_ends_with_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = archive(&folder);
    let scrubber =
        Scrubber::start(Arc::clone(&archive), Arc::new(SystemClock), settings()).expect("it starts");
    // A year and more for its first document.
    scrubber.ask(Some(Some(1)));
    while scrubber.document().current.is_none() {
        std::thread::yield_now();
    }
    let started = Instant::now();
    scrubber.stop();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(archive.scrub_status().current.is_some());
}
