//! Claims about terms and the archive clock.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::{RetentionClock, RetentionTerm, TERM_DAYS_MAX};
use crate::clock::Clock;
use crate::disk::{Disks as _, RealDisks, SharedDisk};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;
const START: u64 = 20_777 * DAY;

/// A wall clock and the time that passes in truth, each set apart.
#[derive(Default)]
struct TwoClocks {
    wall: AtomicU64,
    elapsed: AtomicU64,
}

impl Clock for TwoClocks {
    fn now_ms(&self) -> u64 {
        self.wall.load(Ordering::Relaxed)
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed.load(Ordering::Relaxed)
    }
}

impl TwoClocks {
    fn new() -> Self {
        Self { wall: AtomicU64::new(START), elapsed: AtomicU64::new(7) }
    }

    fn pass(&self, ms: u64) {
        self.wall.fetch_add(ms, Ordering::Relaxed);
        self.elapsed.fetch_add(ms, Ordering::Relaxed);
    }

    fn set(&self, wall: u64) {
        self.wall.store(wall, Ordering::Relaxed);
    }
}

fn disk() -> (tempfile::TempDir, SharedDisk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisks.open(folder.path(), true).unwrap();
    disk.create_dir_durable("control").unwrap();
    (folder, disk)
}

/// While the archive is open its clock goes with the time that passes: a wall clock that jumps years ahead moves it no
/// faster, one that is set back stops it at most, and nothing is left of either once the wall clock is right again.
#[test]
fn a_clock_that_jumps_is_not_followed() {
    let (_folder, disk) = disk();
    let clock = TwoClocks::new();
    let archive = RetentionClock::open(&*disk, &clock).unwrap();
    clock.pass(DAY);
    assert_eq!(archive.now_ms(&clock), START + DAY);
    clock.set(START + 3650 * DAY);
    assert_eq!(archive.now_ms(&clock), START + DAY);
    clock.pass(64 * HOUR);
    let status = archive.status(&clock);
    assert_eq!(status.archive_ms, START + DAY + 65 * HOUR, "it catches up by one part in 64");
    assert!(status.behind_ms() > 3600 * DAY);
    clock.set(START);
    clock.pass(HOUR);
    assert_eq!(archive.now_ms(&clock), status.archive_ms, "it never goes back");
    clock.set(START + 10 * DAY);
    clock.pass(HOUR);
    assert_eq!(archive.now_ms(&clock), status.archive_ms + HOUR + HOUR / 64);
    clock.set(START + 3650 * DAY);
    assert_eq!(archive.accept(&clock).behind_ms(), 0, "somebody has seen that it is right");
    assert_eq!(archive.now_ms(&clock), START + 3650 * DAY);
}

/// Over a stop no more than a week is believed, neither a later nor an earlier time.
#[test]
fn a_stop_is_a_week_at_most() {
    let (_folder, disk) = disk();
    let clock = TwoClocks::new();
    let opened = |wall: u64| {
        clock.set(wall);
        let archive = RetentionClock::open(&*disk, &clock).unwrap();
        archive.keep(&*disk, &clock, true).unwrap();
        archive.now_ms(&clock)
    };
    assert_eq!(opened(START), START);
    assert_eq!(opened(START + 7 * DAY), START + 7 * DAY);
    assert_eq!(opened(START + 14 * DAY + 1), START + 7 * DAY);
    assert_eq!(opened(START - 30 * DAY), START + 7 * DAY);
    assert_eq!(opened(START + 10 * DAY), START + 10 * DAY);
}

/// The document is written when it is ten minutes old, not at every look, and what cannot be read is no clock.
#[test]
fn the_clock_is_kept() {
    let (folder, disk) = disk();
    let clock = TwoClocks::new();
    let archive = RetentionClock::open(&*disk, &clock).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test reads what a person would")]
    let text = || std::fs::read_to_string(folder.path().join("control/clock.json")).ok();
    archive.keep(&*disk, &clock, false).unwrap();
    let first = text().unwrap();
    clock.pass(HOUR / 6 - 1);
    archive.keep(&*disk, &clock, false).unwrap();
    assert_eq!(text().unwrap(), first);
    clock.pass(1);
    archive.keep(&*disk, &clock, false).unwrap();
    assert_ne!(text().unwrap(), first);
    disk.write_durable("control/clock.json", b"{\"schema\":").unwrap();
    assert_eq!(RetentionClock::open(&*disk, &clock).unwrap().now_ms(&clock), clock.now_ms());
}

proptest! {
    /// Whatever the wall clock does, the archive's never goes back, and never further ahead than the time that passed
    /// in truth allows.
    #[test]
    fn it_never_runs_ahead(steps in prop::collection::vec((0..4000 * DAY, 0..3 * DAY), 1..50)) {
        let (_folder, disk) = disk();
        let clock = TwoClocks::new();
        let archive = RetentionClock::open(&*disk, &clock).unwrap();
        let (mut before, mut most) = (START, START);
        for (wall, passed) in steps {
            clock.set(START - 2000 * DAY + wall);
            clock.elapsed.fetch_add(passed, Ordering::Relaxed);
            most += passed + passed / 64;
            let now = archive.now_ms(&clock);
            prop_assert!(before <= now && now <= most);
            before = now;
        }
    }
}

/// A term counts from when a version was made; what is older than a new term is told of first.
#[test]
fn terms_warn_before_they_end() {
    let term = RetentionTerm::new(30, 7, START).unwrap();
    assert_eq!(term.expires_ms(START), START + 30 * DAY);
    assert_eq!(term.warns_ms(term.expires_ms(START)), START + 23 * DAY);
    assert_eq!(term.expires_ms(START - 1000 * DAY), START + 7 * DAY);
    assert_eq!(term.warns_ms(START + DAY), START, "what is near its end is told of when the term is set");
    assert_eq!(term.expires_ms(u64::MAX), u64::MAX);
    for (days, warn_days) in [(0, 0), (TERM_DAYS_MAX + 1, 0), (6, 7)] {
        assert!(RetentionTerm::new(days, warn_days, START).is_err(), "{days} {warn_days}");
    }
}
