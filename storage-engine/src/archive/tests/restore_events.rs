//! What is told of restores.

use super::shelf::{DAY_MS, MIDNIGHT_MS, START_MS, World};
use super::{find_data, put};
use crate::archive::restore::Tier;
use crate::mode::Mode;
use crate::outbox::EventKind;

/// Who listens is told that a restore was asked for, that the bytes are here, that their end is near, and that they are
/// gone; and of one that failed why.
#[test]
fn what_becomes_of_a_restore_is_told() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, b"archived").unwrap();
    world.transfer("a", Mode::Ar);
    world.archive_all();
    let owner = world.archive.bucket(&world.bucket).unwrap().owner.to_string();
    world.archive.set_event_accounts([owner].into());
    world.restore("a", 2, Tier::Standard).unwrap();
    world.restore("a", 2, Tier::Expedited).unwrap();
    assert_eq!(world.recall_all(), ["a"]);
    world.archive.expire_restored().unwrap();
    let until_ms = MIDNIGHT_MS + 2 * DAY_MS;
    world.pass_time(until_ms - START_MS - DAY_MS / 2);
    world.archive.expire_restored().unwrap();
    world.archive.expire_restored().unwrap();
    world.pass_time(DAY_MS);
    world.archive.expire_restored().unwrap();
    let told = world.archive.events(0, 100).unwrap().events;
    let kinds: Vec<EventKind> = told.iter().map(|(_, event)| event.kind).collect();
    let wanted = [
        EventKind::RestoreRequested,
        EventKind::RestoreCompleted,
        EventKind::FileExpiring,
        EventKind::RestoreExpired,
    ];
    assert_eq!(kinds, wanted);
    let ends: Vec<Option<u64>> = told.iter().map(|(_, event)| event.expires_ms).collect();
    assert_eq!(ends, [None, Some(until_ms), Some(until_ms), None]);
    assert!(told.iter().all(|(_, event)| event.key == "a" && event.mode == Some(Mode::Ar)));

    let path = find_data(&world.target(), "a_");
    #[expect(clippy::disallowed_methods, reason = "the test damages the file on the target")]
    std::fs::write(&path, b"something else").unwrap();
    world.restore("a", 1, Tier::Standard).unwrap();
    while !world.archive.recall_next().unwrap().unwrap().is_final {
        world.pass_time(DAY_MS);
    }
    let told = world.archive.events(0, 100).unwrap().events;
    let (_, last) = told.last().unwrap();
    assert_eq!((told.len(), last.kind), (6, EventKind::RestoreFailed));
    assert!(last.reason.is_some(), "{last:?}");
}
