//! Claims about terms of elements: what is older goes in edit, is told of before, and stays everywhere else.

use std::collections::BTreeSet;

use storage_engine::archive::bucket::Versioning;
use storage_engine::archive::status::ElementSettings;
use storage_engine::name::ElementName;
use storage_engine::outbox::EventKind;
use storage_engine::retention::TermSetting;

use super::world::{DAY, World, caller, key};
use crate::upkeep::lifecycle_pass::LifecyclePass;

fn set_term(world: &World, element: &str, days: u32, warn_days: u32) {
    let retention = Some(TermSetting { days, warn_days });
    let settings = ElementSettings { retention, ..ElementSettings::default() };
    let name = ElementName::parse(element).expect("a name");
    world.archive.set_element(&caller(), &name, &settings).expect("the term is set");
}

/// What owners were told expires soon: key and reason.
fn told(world: &World) -> Vec<(String, bool)> {
    let page = world.archive.events(0, 1000).expect("they are read");
    let soon = page.events.into_iter().filter(|(_, event)| event.kind == EventKind::FileExpiring);
    soon.map(|(_, event)| (event.key.clone(), event.reason.is_some())).collect()
}

/// In a bucket without rules, documents on an element of mode edit go at the end of its term and are told of before,
/// once; what is kept stays, and what lies in rw is told of and counted when its retention ends.
#[test]
fn documents_go_at_the_end_of_the_term() {
    let world = World::new(Versioning::Never);
    world.archive.set_event_accounts(BTreeSet::from(["owner".to_owned()]));
    set_term(&world, "edit-01", 30, 7);
    set_term(&world, "rw-01", 40, 2);
    world.put("draft", "1", None, None);
    world.put("kept", "1", None, None);
    world.put("final", "1", Some("STANDARD_IA"), None);
    let until_ms = world.archive.retention_now_ms() + 100 * DAY;
    world.archive.retain(&caller(), &world.bucket, &key("kept"), None, until_ms).expect("it is kept");
    let mut told_ms = 0;
    let mut pass = |world: &World| {
        let number = told_ms + 1;
        let next = LifecyclePass { number, told_ms, ..LifecyclePass::default() };
        told_ms = world.archive.retention_now_ms();
        world.go_on(next, &|| false).1
    };
    world.pass_days(22);
    assert_eq!(pass(&world).warned, 0);
    world.pass_days(1);
    assert_eq!((pass(&world).warned, told(&world)), (1, vec![("draft".to_owned(), false)]));
    world.pass_days(1);
    assert_eq!(pass(&world).warned, 0, "it was told");
    world.pass_days(6);
    let done = pass(&world);
    assert_eq!((done.deleted, done.due_for_disposal, done.failed), (1, 0, 0), "{done:?}");
    assert_eq!(world.keys(), ["final", "kept"]);
    world.pass_days(8);
    assert_eq!(pass(&world).warned, 1);
    assert_eq!(told(&world).last(), Some(&("final".to_owned(), true)), "it may be disposed of");
    world.pass_days(2);
    let done = pass(&world);
    assert_eq!((done.deleted, done.due_for_disposal), (0, 1), "what is final stays");
    world.pass_days(60);
    assert_eq!(pass(&world).deleted, 1, "nothing keeps it any more");
    assert_eq!(world.keys(), ["final"]);
}

/// What is older than a term that is set stays until its owner was told for as long as the term says.
#[test]
fn a_new_term_warns_first() {
    let world = World::new(Versioning::Never);
    world.archive.set_event_accounts(BTreeSet::from(["owner".to_owned()]));
    world.put("old", "1", None, None);
    world.pass_days(1000);
    set_term(&world, "edit-01", 30, 7);
    let first = world.pass();
    assert_eq!((first.deleted, first.warned), (0, 1), "{first:?}");
    world.pass_days(6);
    assert_eq!(world.pass().deleted, 0);
    world.pass_days(1);
    assert_eq!(world.pass().deleted, 1);
}

/// In a versioned bucket a marker comes before a document at the end of the term, so that no older version shows; the
/// next passes remove what is behind it, and at last the marker.
#[test]
fn older_versions_do_not_come_back() {
    let world = World::new(Versioning::Enabled);
    set_term(&world, "edit-01", 30, 7);
    world.put("a", "final", Some("STANDARD_IA"), None);
    world.put("a", "old", None, None);
    world.put("a", "new", None, None);
    world.put("b", "one", None, None);
    world.pass_days(30);
    let done = world.pass();
    assert_eq!((done.hidden, done.deleted, done.failed), (2, 1, 0), "{done:?}");
    assert_eq!(
        world.archive.object(&world.bucket, &key("a"), None).unwrap_err().kind(),
        storage_engine::ErrorKind::KeyDeleted
    );
    assert_eq!(world.pass().deleted, 2);
    world.pass_days(31);
    assert_eq!(world.pass().markers_removed, 1, "only that of b hides nothing");
    assert_eq!(world.keys(), ["a", "a"]);
}
