//! Claims about versions that are kept from removal.

use super::shelf::{DAY_MS, START_MS, World, name};
use super::{caller, get, key, put};
use crate::archive::bucket::Versioning;
use crate::archive::status::ElementSettings;
use crate::archive::{DeleteConditions, Seen};
use crate::mode::Mode;
use crate::retention::{Retention, RetentionOrigin, TermSetting};
use crate::{ErrorKind, Result};

fn delete(world: &World, name: &str) -> Result<()> {
    world.archive.delete(&caller(), &world.bucket, &key(name), None, &DeleteConditions::default()).map(drop)
}

fn retain(world: &World, name: &str, until_ms: u64) -> Result<Retention> {
    world.archive.retain(&caller(), &world.bucket, &key(name), None, until_ms)
}

fn set_term(world: &World, element: &str, days: u32, warn_days: u32) {
    let retention = Some(TermSetting { days, warn_days });
    let settings = ElementSettings { retention, ..ElementSettings::default() };
    world.archive.set_element(&caller(), &name(element), &settings).unwrap();
}

/// The retention in the sidecar of a current version.
fn kept(world: &World, name: &str) -> Option<Retention> {
    let entry = world.archive.inner.catalog.newest(&world.bucket, &key(name)).unwrap().unwrap();
    let (sidecar, _) = world.archive.inner.sidecar_of(&entry).unwrap();
    assert_eq!(entry.kept_until_ms, sidecar.retention.map_or(0, |kept| kept.until_ms), "{name}");
    sidecar.retention
}

/// What is kept is neither deleted nor overwritten before its time, in edit as well and after a stop or the loss of the
/// catalog; a marker may hide it, and afterwards it goes as ever.
#[test]
fn what_is_kept_stays() {
    let world = World::new();
    put(&world.archive, &world.bucket, "a", None, b"one").unwrap();
    let until_ms = START_MS + 10 * DAY_MS;
    assert_eq!(retain(&world, "a", START_MS).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(retain(&world, "a", until_ms).unwrap().until_ms, until_ms);
    let sooner = retain(&world, "a", until_ms - DAY_MS).unwrap();
    assert_eq!(sooner.until_ms, until_ms, "it is never shortened");
    let killed = world.killed();
    #[expect(clippy::disallowed_methods, reason = "the test loses the catalog")]
    let without_catalog = {
        let (fixture, clock) = world.closed();
        std::fs::remove_dir_all(fixture.folder.path().join("data/catalog")).unwrap();
        World::of(fixture, clock)
    };
    for world in [killed, without_catalog] {
        assert_eq!(kept(&world, "a"), Some(Retention { until_ms, origin: RetentionOrigin::Account }));
        assert_eq!(delete(&world, "a").unwrap_err().kind(), ErrorKind::Retained);
        let refused = put(&world.archive, &world.bucket, "a", None, b"two").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Retained);
        world.archive.set_versioning(&caller(), &world.bucket, Versioning::Suspended).unwrap();
        assert_eq!(delete(&world, "a").unwrap_err().kind(), ErrorKind::Retained, "its null version would go");
        world.archive.set_versioning(&caller(), &world.bucket, Versioning::Enabled).unwrap();
        delete(&world, "a").unwrap();
        assert_eq!(get(&world.archive, &world.bucket, "a").unwrap_err().kind(), ErrorKind::KeyDeleted);
        let null = Some(crate::name::VersionId::Null);
        let named = || {
            let conditions = DeleteConditions::default();
            world.archive.delete(&caller(), &world.bucket, &key("a"), null, &conditions)
        };
        assert_eq!(named().unwrap_err().kind(), ErrorKind::Retained);
        world.pass_time(10 * DAY_MS);
        named().unwrap();
    }
}

/// The term of an element of mode rw keeps what is put there and what comes there, counted from when the version was
/// made; a later one counts, and what was said of the version before is not shortened. An element of mode edit keeps
/// nothing.
#[test]
fn a_term_keeps_what_comes() {
    let world = World::with_shelf();
    set_term(&world, "rw-01", 100, 7);
    set_term(&world, "shelf", 50, 0);
    set_term(&world, "edit-01", 30, 7);
    put(&world.archive, &world.bucket, "put", Some("STANDARD_IA"), b"1").unwrap();
    put(&world.archive, &world.bucket, "moved", None, b"1").unwrap();
    put(&world.archive, &world.bucket, "longer", None, b"1").unwrap();
    assert_eq!(kept(&world, "moved"), None);
    retain(&world, "longer", START_MS + 200 * DAY_MS).unwrap();
    world.pass_time(DAY_MS);
    world.transfer("moved", Mode::Rw);
    world.transfer("longer", Mode::Rw);
    let by_term = Some(Retention { until_ms: START_MS + 100 * DAY_MS, origin: RetentionOrigin::Element });
    assert_eq!((kept(&world, "put"), kept(&world, "moved")), (by_term, by_term));
    let longer = Some(Retention { until_ms: START_MS + 200 * DAY_MS, origin: RetentionOrigin::Account });
    assert_eq!(kept(&world, "longer"), longer);
    world.transfer("put", Mode::Ar);
    assert_eq!(kept(&world, "put"), by_term, "the shelf keeps for less");
    retain(&world, "put", START_MS + 101 * DAY_MS).unwrap();
    assert_eq!(kept(&world, "put").unwrap().until_ms, START_MS + 101 * DAY_MS, "in every mode");
    let seen = DeleteConditions {
        seen: Some(Seen { revision: world.object("moved").revision, is_latest: true }),
        ..DeleteConditions::default()
    };
    let refused = world.archive.delete(&caller(), &world.bucket, &key("moved"), None, &seen).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ModeForbids);
}

/// A term that is set again as it is does not begin anew; one of no days is none.
#[test]
fn terms_are_set_and_taken_away() {
    let world = World::new();
    let term =
        || world.archive.elements().into_iter().find(|one| one.name.as_str() == "edit-01").unwrap().retention;
    set_term(&world, "edit-01", 30, 7);
    let first = term().unwrap();
    assert_eq!((first.days, first.warn_days, first.since_ms), (30, 7, START_MS));
    world.pass_time(DAY_MS);
    set_term(&world, "edit-01", 30, 7);
    assert_eq!(term(), Some(first));
    let world = world.reopened();
    let term =
        || world.archive.elements().into_iter().find(|one| one.name.as_str() == "edit-01").unwrap().retention;
    assert_eq!(term(), Some(first));
    set_term(&world, "edit-01", 0, 7);
    assert_eq!(term(), None);
    let retention = Some(TermSetting { days: 3, warn_days: 7 });
    let settings = ElementSettings { retention, ..ElementSettings::default() };
    let refused = world.archive.set_element(&caller(), &name("edit-01"), &settings).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}
