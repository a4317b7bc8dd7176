//! Elements that fill, in their order and to their bounds.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::shelf::{World, name};
use super::{caller, content, key, put};
use crate::ErrorKind;
use crate::archive::put::{PutDetails, PutTarget};
use crate::archive::status::{ElementSettings, NewElement, WhenFull};
use crate::digest::ClientDigests;
use crate::mode::Mode;
use crate::outbox::EventKind;

fn make(world: &World, element: &str) {
    let new = NewElement { name: name(element), mode: Mode::Rw, root: None, max_size_bytes: None };
    world.archive.create_element(&caller(), new).unwrap();
}

fn set(world: &World, element: &str, settings: ElementSettings) {
    world.archive.set_element(&caller(), &name(element), &settings).unwrap();
}

/// The element that takes an object of this size, which is known before its body is read.
fn holder(world: &World, name: &str, size: usize) -> Option<String> {
    let target = PutTarget {
        bucket: world.bucket.clone(),
        key: key(name),
        class: Some("STANDARD_IA".to_owned()),
        length: Some(size as u64),
    };
    let admission = world.archive.admit(target).ok()?;
    let mut body = world.archive.begin_body(&admission, &[]).unwrap();
    body.write(&Bytes::from(content(size, 1))).unwrap();
    let body = body.finish(&ClientDigests::default()).unwrap();
    world.archive.put(&caller(), admission, body, PutDetails::default()).ok()?;
    Some(world.object(name).element.to_string())
}

/// The lowest priority is filled first, also where it was set while the archive runs; a quota counts what was there
/// before it was set.
#[test]
fn priority_and_quota_may_be_set_later() {
    let world = World::new();
    make(&world, "rw-02");
    assert_eq!(holder(&world, "a", 1000).as_deref(), Some("rw-01"), "by name");
    set(&world, "rw-02", ElementSettings { priority: Some(5), ..ElementSettings::default() });
    assert_eq!(holder(&world, "b", 1000).as_deref(), Some("rw-02"));
    set(&world, "rw-02", ElementSettings { max_size_bytes: Some(2500), ..ElementSettings::default() });
    assert_eq!(holder(&world, "c", 1000).as_deref(), Some("rw-02"));
    let world = world.reopened();
    assert_eq!(holder(&world, "d", 1000).as_deref(), Some("rw-01"), "2,000 of 2,500 bytes are used");
    set(&world, "rw-01", ElementSettings { max_size_bytes: Some(1), ..ElementSettings::default() });
    // Of unknown length: refused once it is known.
    let refused =
        put(&world.archive, &world.bucket, "e", Some("STANDARD_IA"), &content(1000, 1)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
    set(&world, "rw-01", ElementSettings { max_size_bytes: Some(0), ..ElementSettings::default() });
    assert_eq!(holder(&world, "e", 1000).as_deref(), Some("rw-01"));
    set(&world, "rw-01", ElementSettings { reserve_bytes: Some(u64::MAX / 4), ..ElementSettings::default() });
    assert_eq!(holder(&world, "f", 1000), None, "the reserve is kept free");
}

/// A refusal for want of room calls nobody: who moves documents and meets it would be called by itself for ever.
#[test]
fn want_of_room_calls_nobody() {
    let world = World::new();
    set(&world, "rw-01", ElementSettings { max_size_bytes: Some(10), ..ElementSettings::default() });
    let seen = world.archive.wait_for_archive_work(u64::MAX, Duration::ZERO);
    assert_eq!(holder(&world, "a", 1000), None);
    assert_eq!(world.archive.wait_for_archive_work(u64::MAX, Duration::ZERO), seen);
}

/// Buckets whose owners were told that an element fills.
fn told(world: &World) -> Vec<String> {
    let page = world.archive.events(0, 1000).unwrap();
    let filling = page.events.into_iter().filter(|(_, event)| event.kind == EventKind::ElementFilling);
    filling.map(|(_, event)| event.bucket.to_string()).collect()
}

/// One that is full all at once is told of before it becomes ro as well.
#[test]
fn the_warning_always_comes_first() {
    let world = World::new();
    world.archive.set_event_accounts(BTreeSet::from(["owner".to_owned()]));
    assert_eq!(holder(&world, "a", 9_500).as_deref(), Some("rw-01"));
    let settings = ElementSettings {
        max_size_bytes: Some(10_000),
        when_full: Some(WhenFull::Ro),
        ..ElementSettings::default()
    };
    set(&world, "rw-01", settings);
    assert_eq!(holder(&world, "b", 1_000), None);
    let look = || world.archive.turn_full_elements().unwrap();
    assert_eq!((look().became_ro.len(), told(&world).len()), (0, 1));
    assert_eq!((look().became_ro.len(), told(&world).len()), (1, 1));
}

/// An element of mode rw becomes ro when it is full, where that is set; the warning comes before, and one large
/// document that does not fit fills nothing.
#[test]
fn a_full_element_becomes_ro() {
    let world = World::new();
    world.archive.set_event_accounts(BTreeSet::from(["owner".to_owned()]));
    make(&world, "rw-02");
    let settings = ElementSettings {
        priority: Some(1),
        max_size_bytes: Some(10_000),
        when_full: Some(WhenFull::Ro),
        ..ElementSettings::default()
    };
    set(&world, "rw-02", settings);
    let look = || {
        let pass = world.archive.turn_full_elements().unwrap();
        (pass.filling.len(), pass.became_ro.len())
    };
    assert_eq!(holder(&world, "large", 20_000).as_deref(), Some("rw-01"));
    assert_eq!(look(), (0, 0));
    assert_eq!(holder(&world, "a", 9_500).as_deref(), Some("rw-02"));
    assert_eq!(look(), (1, 0), "nine tenths are used");
    assert_eq!(holder(&world, "b", 1_000).as_deref(), Some("rw-01"));
    assert_eq!(look(), (0, 1));
    assert_eq!(look(), (0, 0));
    assert_eq!(told(&world), ["docs"], "once");
    assert_eq!(world.archive.object(&world.bucket, &key("a"), None).unwrap().mode, Mode::Ro);
    let when_full = ElementSettings { when_full: Some(WhenFull::Ro), ..ElementSettings::default() };
    for element in ["edit-01", "rw-02"] {
        let refused = world.archive.set_element(&caller(), &name(element), &when_full).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{element}");
    }
}
