//! Bytes of archived documents that come back for a time.

use std::path::PathBuf;

use super::shelf::{DAY_MS, MIDNIGHT_MS, START_MS, World, data_files};
use super::{content, find_data, get, key, put};
use crate::ErrorKind;
use crate::archive::restore::{RestoreState, RestoreStatus, Restoring, Tier};
use crate::mode::Mode;

/// A restore goes from requested to restored to expired; what readers are told follows, and a stop changes nothing.
#[test]
fn a_restore_lasts_until_its_day() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, b"archived").unwrap();
    world.transfer("a", Mode::Ar);
    world.archive_all();
    assert_eq!(world.restore("a", 0, Tier::Standard).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(world.restore("a", 2, Tier::Standard).unwrap(), Restoring::Requested);
    let world = world.reopened();
    assert_eq!(world.object("a").restore, Some(RestoreStatus::Ongoing));
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap_err().kind(), ErrorKind::Archived);
    assert_eq!(world.restore("a", 5, Tier::Standard).unwrap_err().kind(), ErrorKind::RestoreInProgress);
    assert_eq!(world.restore("a", 5, Tier::Bulk).unwrap_err().kind(), ErrorKind::RestoreInProgress);
    assert_eq!(world.restore("a", 5, Tier::Expedited).unwrap(), Restoring::Requested);
    assert_eq!(world.recall_all(), ["a"]);
    let until_ms = MIDNIGHT_MS + 2 * DAY_MS;
    assert_eq!(world.object("a").restore, Some(RestoreStatus::Restored { until_ms }));
    let world = world.reopened();
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap(), b"archived");
    assert_eq!(world.restore("a", 4, Tier::Standard).unwrap(), Restoring::Extended);
    let until_ms = MIDNIGHT_MS + 4 * DAY_MS;
    assert_eq!(world.object("a").restore, Some(RestoreStatus::Restored { until_ms }));
    let reader = world.archive.read(&world.bucket, &key("a"), None).unwrap();
    world.pass_time(until_ms - START_MS - 1);
    assert_eq!(world.archive.expire_restored().unwrap(), 0);
    get(&world.archive, &world.bucket, "a").unwrap();
    world.pass_time(1);
    // The day ends it, whether or not anybody has cleared up.
    assert_eq!(world.object("a").restore, None);
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap_err().kind(), ErrorKind::Archived);
    assert_eq!(world.archive.expire_restored().unwrap(), 1);
    assert_eq!(&reader.read_at(0, 100).unwrap()[..], b"archived", "who reads it goes on");
    assert_eq!(data_files(&world.target()).len(), 1, "the target keeps what it has");
    assert_eq!(world.restore("a", 1, Tier::Bulk).unwrap(), Restoring::Requested);
    assert_eq!(world.recall_all(), ["a"]);
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap(), b"archived");
}

/// Of what waits the fastest tier comes first, and in it who asked first.
#[test]
fn faster_tiers_come_first() {
    let world = World::with_shelf();
    let asked = [("a", Tier::Bulk), ("b", Tier::Standard), ("c", Tier::Expedited), ("d", Tier::Standard)];
    for (name, tier) in asked {
        put(&world.archive, &world.bucket, name, None, name.as_bytes()).unwrap();
        world.transfer(name, Mode::Ar);
        world.restore(name, 1, tier).unwrap();
        world.pass_time(1);
    }
    assert_eq!(world.recall_all(), ["c", "b", "d", "a"]);
}

/// Only what is archived is restored.
#[test]
fn what_is_here_is_not_restored() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "edit", None, b"edit").unwrap();
    put(&world.archive, &world.bucket, "rw", Some("STANDARD_IA"), b"rw").unwrap();
    for (name, mode) in [("edit", Mode::Edit), ("rw", Mode::Rw)] {
        let refused = world.restore(name, 1, Tier::Standard).unwrap_err();
        assert_eq!((refused.kind(), refused.mode()), (ErrorKind::NotArchived, Some(mode)));
    }
    assert_eq!(world.restore("none", 1, Tier::Standard).unwrap_err().kind(), ErrorKind::NoSuchKey);
}

/// Bytes that were damaged on the target are never served: the restore fails after some tries, says why, and may
/// be asked for again.
#[test]
fn damaged_bytes_are_not_restored() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, &content(70_000, 1)).unwrap();
    world.transfer("a", Mode::Ar);
    world.archive_all();
    let path = find_data(&world.target(), "a_");
    #[expect(clippy::disallowed_methods, reason = "the test damages the file on the target")]
    let kept = std::fs::read(&path).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test damages the file on the target")]
    std::fs::write(&path, content(70_000, 2)).unwrap();
    world.restore("a", 1, Tier::Standard).unwrap();
    let mut tries = 0;
    loop {
        world.pass_time(DAY_MS);
        let recall = world.archive.recall_next().unwrap().unwrap();
        assert_eq!(recall.outcome.unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(get(&world.archive, &world.bucket, "a").unwrap_err().kind(), ErrorKind::Archived);
        tries += 1;
        if recall.is_final {
            break;
        }
    }
    assert_eq!(tries, 6);
    assert_eq!(world.object("a").restore, None);
    let restores = world.archive.restores().unwrap();
    assert_eq!((restores.len(), restores[0].state), (1, RestoreState::Failed));
    assert!(restores[0].failure.as_ref().unwrap().contains("SHA-256"), "{:?}", restores[0].failure);
    #[expect(clippy::disallowed_methods, reason = "the test mends the file on the target")]
    std::fs::write(&path, kept).unwrap();
    assert_eq!(world.restore("a", 1, Tier::Standard).unwrap(), Restoring::Requested);
    world.recall_all();
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap(), content(70_000, 1));
}

/// A restore whose document was damaged while the archive was in use keeps no other from its end.
#[test]
fn a_damaged_restore_holds_up_no_other() {
    let world = World::with_shelf();
    for key in ["a", "b"] {
        put(&world.archive, &world.bucket, key, None, key.as_bytes()).unwrap();
        world.transfer(key, Mode::Ar);
        world.restore(key, 1, Tier::Standard).unwrap();
        world.pass_time(1);
    }
    assert_eq!(world.recall_all(), ["a", "b"]);
    let restored = world.root("shelf").join(".artstore/restored");
    let first = world.archive.restores().unwrap()[0].key.clone();
    let is_of_first = |path: &PathBuf| {
        #[expect(clippy::disallowed_methods, reason = "the test looks for the document of a key")]
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.contains(&format!("\"key\": \"{first}\""))
    };
    let documents = restored.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let document = documents.into_iter().find(is_of_first).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test damages the document")]
    std::fs::write(&document, b"{").unwrap();
    world.pass_time(3 * DAY_MS);
    assert_eq!(world.archive.expire_restored().unwrap(), 2);
    assert_eq!(restored.read_dir().unwrap().count(), 0);
}
