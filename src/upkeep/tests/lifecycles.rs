//! Claims about lifecycles: what is due is done, to what was seen and to nothing else, and what is final stays.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use storage_engine::archive::bucket::Versioning;
use storage_engine::archive::multipart::{NewUpload, UploadListRequest};
use storage_engine::archive::object::Attributes;
use storage_engine::archive::status::NewElement;
use storage_engine::lifecycle::{
    Expiration, Filter, Lifecycle, NoncurrentExpiration, NoncurrentTransition, Rule, Scope, Transition,
    TransitionClass, When,
};
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName};

use super::world::{World, below, caller, key, put, rule};
use crate::upkeep::lifecycle_pass::LifecyclePass;
use crate::upkeep::lifecycle_work::{LifecycleWork, Progress};
use crate::upkeep::lifecycles::Lifecycles;

/// In a bucket without versions what is old enough is gone, and what is final is counted and stays; a second pass
/// finds nothing to do.
#[test]
fn objects_expire_where_they_may() {
    let world = World::new(Versioning::Never);
    let days = |id, days| Rule { expiration: Some(Expiration::Days(days)), ..rule(id) };
    let tags = BTreeMap::from([("kind".to_owned(), "draft".to_owned())]);
    let tagged = Scope::Filter(Filter { tags, ..Filter::default() });
    world.set([below("logs/", days("logs", 3)), Rule { scope: tagged, ..days("drafts", 3) }]);
    world.put("logs/old", "1", None, None);
    world.put("logs/final", "1", Some("STANDARD_IA"), None);
    world.put("draft", "1", None, Some("draft"));
    world.put("letter", "1", None, Some("letter"));
    world.pass_days(3);
    assert_eq!(world.pass().deleted, 0, "the third day is not over");
    world.put("logs/new", "1", None, None);
    world.pass_days(1);
    let pass = world.pass();
    assert_eq!((pass.deleted, pass.deleted_bytes, pass.due_for_disposal), (2, 2, 1), "{pass:?}");
    assert_eq!((pass.failed, pass.changed, pass.hidden, pass.versions, pass.buckets), (0, 0, 0, 5, 1));
    assert_eq!(world.keys(), ["letter", "logs/final", "logs/new"]);
    let again = world.pass();
    assert_eq!((again.deleted, again.due_for_disposal), (0, 1));
}

/// In a versioned bucket a marker comes before what expires, old versions go by the time since they were replaced,
/// the newest of them stay, and a marker with nothing behind it goes.
#[test]
fn versions_expire_one_behind_the_other() {
    let world = World::new(Versioning::Enabled);
    let noncurrent = NoncurrentExpiration { days: 5, newer_versions: Some(1) };
    world.set([Rule {
        expiration: Some(Expiration::Days(30)),
        noncurrent_expiration: Some(noncurrent),
        ..rule("r")
    }]);
    for body in ["1", "2", "3", "4"] {
        world.put("k", body, None, None);
    }
    world.put("gone", "1", None, None);
    world
        .archive
        .delete(&caller(), &world.bucket, &key("gone"), None, &Default::default())
        .expect("a marker");
    world.pass_days(4);
    assert_eq!(world.pass().deleted, 0);
    world.pass_days(2);
    let pass = world.pass();
    assert_eq!((pass.deleted, pass.hidden, pass.failed), (2, 0, 0), "{pass:?}");
    let kept = |text: &str| Some(text.to_owned());
    let k = |text| ("k".to_owned(), text, "STANDARD");
    let gone = |text| ("gone".to_owned(), text, "STANDARD");
    assert_eq!(world.versions(), [gone(None), gone(kept("1")), k(kept("4")), k(kept("3"))]);
    world.pass_days(25);
    let pass = world.pass();
    assert_eq!((pass.deleted, pass.hidden, pass.markers_removed), (0, 1, 0), "{pass:?}");
    assert_eq!(world.versions(), [gone(None), gone(kept("1")), k(None), k(kept("4")), k(kept("3"))]);
    world.set([Rule {
        expiration: Some(Expiration::ExpiredObjectDeleteMarker(true)),
        noncurrent_expiration: Some(NoncurrentExpiration { days: 1, newer_versions: None }),
        ..rule("r")
    }]);
    world.pass_days(9);
    assert_eq!((world.pass().deleted, world.keys().len()), (3, 2));
    assert_eq!(world.pass().markers_removed, 2, "with nothing behind them");
    assert_eq!(world.keys(), [""; 0]);
}

/// A pass goes through every bucket that has rules, wherever it is stopped between them, and through no other.
#[test]
fn every_bucket_with_rules_has_its_turn() {
    let names = ["docs-a", "docs-b", "docs-c", "docs-d"];
    let filled = || {
        let world = World::new(Versioning::Never);
        for (number, name) in names.into_iter().enumerate() {
            let bucket = BucketName::parse(name).expect("a name");
            world.archive.create_bucket(&caller(), &bucket, "owner").expect("it is made");
            put(&world.archive, &bucket, "k", "1", None, None);
            let expiring = Rule { is_enabled: number != 1, ..rule("r") };
            let rules = vec![Rule { expiration: Some(Expiration::Days(1)), ..expiring }];
            let lifecycle = Lifecycle { rules, ..Lifecycle::default() };
            let lifecycle = Some(lifecycle).filter(|_| number != 2);
            world.archive.set_lifecycle(&caller(), &bucket, lifecycle).expect("they are valid");
        }
        world.pass_days(3);
        world
    };
    for stop_after in 0..6 {
        let world = filled();
        let mut pass = LifecyclePass { number: 1, ..LifecyclePass::default() };
        let now_ms = world.archive.retention_now_ms();
        let mut work = LifecycleWork::new(&world.archive, pass, now_ms, &|| false);
        let steps = (0..stop_after).take_while(|_| work.go_on() == Progress::More).count();
        pass = work.pass;
        if steps == stop_after {
            pass = world.go_on(pass, &|| false).1;
        }
        assert_eq!((pass.buckets, pass.deleted), (2, 2), "stopped after {stop_after}: {pass:?}");
        for (name, is_left) in names.into_iter().zip([false, true, true, false]) {
            let bucket = BucketName::parse(name).expect("a name");
            assert_eq!(world.archive.object(&bucket, &key("k"), None).is_ok(), is_left, "{name}");
        }
    }
}

/// What is old and was replaced lately is as old as what replaced it.
#[test]
fn old_versions_are_as_old_as_their_successors() {
    let world = World::new(Versioning::Enabled);
    let noncurrent = NoncurrentExpiration { days: 5, newer_versions: None };
    world.set([Rule { noncurrent_expiration: Some(noncurrent), ..rule("r") }]);
    world.put("k", "1", None, None);
    world.pass_days(20);
    world.put("k", "2", None, None);
    world.pass_days(5);
    assert_eq!(world.pass().deleted, 0);
    world.pass_days(1);
    assert_eq!((world.pass().deleted, world.keys().len()), (1, 1));
}

/// Documents go from edit to rw to ro by their age, current and old ones, and to where no element is they do not: that
/// is named.
#[test]
fn versions_move_to_stricter_modes() {
    let world = World::new(Versioning::Enabled);
    let name = ElementName::parse("ro-01").expect("a name");
    let new = NewElement { name: name.clone(), mode: Mode::Rw, root: None, max_size_bytes: None };
    world.archive.create_element(&caller(), new).expect("it is made");
    world.archive.set_mode(&caller(), &name, Mode::Ro).expect("it is closed");
    let step = |days, class| Transition { at: When::Days(days), class };
    let old = NoncurrentTransition { days: 2, newer_versions: None, class: TransitionClass::OnezoneIa };
    world.set([below(
        "",
        Rule {
            transitions: vec![
                step(1, TransitionClass::StandardIa),
                step(10, TransitionClass::GlacierIr),
                step(100, TransitionClass::DeepArchive),
            ],
            noncurrent_transitions: vec![old],
            ..rule("r")
        },
    )]);
    world.put("k", "old", None, None);
    world.put("k", "new", None, None);
    let classes = || world.versions().into_iter().map(|(_, _, class)| class).collect::<Vec<_>>();
    world.pass_days(2);
    assert_eq!((world.pass().moved, classes()), (1, vec!["STANDARD_IA", "STANDARD"]));
    world.pass_days(1);
    assert_eq!((world.pass().moved, classes()), (1, vec!["STANDARD_IA", "STANDARD_IA"]));
    world.pass_days(8);
    let pass = world.pass();
    assert_eq!((pass.moved, pass.moved_bytes, classes()), (1, 3, vec!["GLACIER_IR", "STANDARD_IA"]));
    assert_eq!((world.pass().moved, world.pass().failed), (0, 0));
    world.pass_days(100);
    let pass = world.pass();
    assert_eq!((pass.moved, pass.failed, classes()), (0, 1, vec!["GLACIER_IR", "STANDARD_IA"]));
    let failure = &pass.failures[0];
    assert_eq!((failure.key.as_str(), failure.rule.as_str()), ("k", "r"), "{failure:?}");
    let bodies: Vec<_> = world.versions().into_iter().map(|(_, body, _)| body).collect();
    assert_eq!(bodies, [Some("new".to_owned()), Some("old".to_owned())]);
}

/// Uploads that were given up end; younger ones, and those that no rule concerns, stay.
#[test]
fn uploads_end() {
    let world = World::new(Versioning::Never);
    let within = Scope::Prefix("tmp/".to_owned());
    world.set([Rule { scope: within, abort_upload_days: Some(2), ..rule("r") }]);
    let open = |name: &str| {
        let new = NewUpload {
            bucket: world.bucket.clone(),
            key: key(name),
            class: None,
            attributes: Attributes::default(),
            owner: "owner".into(),
            checksum: None,
        };
        world.archive.create_upload(&caller(), new).expect("it is opened");
    };
    open("tmp/old");
    open("kept");
    world.pass_days(3);
    open("tmp/new");
    let pass = world.pass();
    assert_eq!((pass.uploads_aborted, pass.failed), (1, 0), "{pass:?}");
    let listing = world.archive.uploads(&UploadListRequest {
        bucket: &world.bucket,
        prefix: "",
        delimiter: None,
        key_marker: None,
        upload_id_marker: None,
        max: 10,
    });
    let left: Vec<_> = listing.expect("listed").uploads.into_iter().map(|open| open.upload.key).collect();
    assert_eq!(left, [key("kept"), key("tmp/new")]);
}

/// Wherever a pass is stopped, going on with what is kept of it ends as if it had not been: over pages, and in the
/// midst of the versions of a key.
#[test]
fn a_pass_that_is_stopped_goes_on() {
    let noncurrent = NoncurrentExpiration { days: 1, newer_versions: Some(3) };
    let rules = || {
        let expiration = Some(Expiration::ExpiredObjectDeleteMarker(true));
        [Rule { expiration, noncurrent_expiration: Some(noncurrent), ..rule("r") }]
    };
    let filled = || {
        let world = World::new(Versioning::Enabled);
        world.set(rules());
        for name in ["a", "b"] {
            for number in 0..6 {
                world.put(name, &format!("{name}{number}"), None, None);
            }
        }
        world
            .archive
            .delete(&caller(), &world.bucket, &key("none"), None, &Default::default())
            .expect("a marker");
        world.pass_days(3);
        world
    };
    let whole = filled();
    let expected = whole.pass();
    assert_eq!((expected.deleted, expected.markers_removed), (4, 1), "{expected:?}");
    // Thirteen versions, and a look before each.
    for stop_at in 0..14 {
        let world = filled();
        let looks = AtomicUsize::new(0);
        let is_stopping = || looks.fetch_add(1, Ordering::Relaxed) == stop_at;
        let begun = LifecyclePass { number: 1, ..LifecyclePass::default() };
        let (progress, stopped) = world.go_on(begun, &is_stopping);
        assert_eq!(progress == Progress::Stopped, stop_at < 13, "{stop_at}");
        let mut pass = stopped;
        if progress == Progress::Stopped {
            let kept = serde_json::to_vec(&pass).expect("it is written");
            let read = serde_json::from_slice(&kept).expect("it is read");
            pass = world.go_on(read, &|| false).1;
        }
        assert_eq!(world.versions(), whole.versions(), "stopped at {stop_at}");
        let counts = |pass: &LifecyclePass| (pass.versions, pass.deleted, pass.markers_removed, pass.buckets);
        assert_eq!(counts(&pass), counts(&expected), "stopped at {stop_at}");
    }
}

/// The count of versions that stay is carried from page to page.
#[test]
fn a_key_with_more_versions_than_a_page_keeps_the_newest() {
    let world = World::new(Versioning::Enabled);
    let noncurrent = NoncurrentExpiration { days: 1, newer_versions: Some(100) };
    world.set([Rule { noncurrent_expiration: Some(noncurrent), ..rule("r") }]);
    for number in 0..450 {
        world.put("k", &number.to_string(), None, None);
    }
    world.pass_days(3);
    assert_eq!(world.pass().deleted, 450 - 101);
    let left = world.versions();
    assert_eq!(left.len(), 101);
    assert_eq!(left[100].1.as_deref(), Some("349"));
    assert_eq!(world.pass().deleted, 0);
}

/// While clients overwrite what is old, a pass deletes the old and never the new.
#[test]
fn nothing_is_deleted_for_what_it_was_before() {
    let world = World::new(Versioning::Never);
    world.set([Rule { expiration: Some(Expiration::Days(1)), ..rule("r") }]);
    let names: Vec<String> = (0..300).map(|number| format!("k{number:03}")).collect();
    for name in &names {
        world.put(name, "old", None, None);
    }
    world.pass_days(3);
    let (archive, bucket) = (Arc::clone(&world.archive), world.bucket.clone());
    let writer = std::thread::spawn({
        let names = names.clone();
        move || names.iter().for_each(|name| put(&archive, &bucket, name, "new", None, None))
    });
    let pass = world.pass();
    writer.join().expect("all are written");
    let bodies: Vec<_> = world.versions().into_iter().map(|(_, body, _)| body).collect();
    assert_eq!(bodies, vec![Some("new".to_owned()); names.len()], "{pass:?}");
    assert_eq!(pass.failed, 0, "{pass:?}");
}

/// A start makes the pass of a day that was missed, and no second one on that day; whoever asks gets one at once.
#[test]
fn there_is_a_pass_a_day_and_one_for_whoever_asks() {
    let world = World::new(Versioning::Never);
    let wait = Duration::from_secs(20);
    let ended = |lifecycles: &Lifecycles, number: usize| {
        let mut all = lifecycles.all();
        while all.len() < number || all.iter().any(|pass| !pass.is_ended()) {
            if let Some(left) = all.iter().find(|pass| !pass.is_ended()) {
                lifecycles.wait(left, wait);
            }
            all = lifecycles.all();
        }
        assert_eq!(all.len(), number);
    };
    let first = Lifecycles::start(Arc::clone(&world.archive)).expect("it starts");
    ended(&first, 1);
    let asked = first.ask().expect("it is taken");
    assert_eq!(asked.number, 2);
    ended(&first, 2);
    first.stop();
    let same_day = Lifecycles::start(Arc::clone(&world.archive)).expect("it starts");
    assert_eq!(same_day.ask().expect("it is taken").number, 3, "none of its own came before");
    ended(&same_day, 3);
    same_day.stop();
    world.pass_days(1);
    let next_day = Lifecycles::start(Arc::clone(&world.archive)).expect("it starts");
    ended(&next_day, 4);
    next_day.stop();
    assert_eq!(Lifecycles::kept(&world.archive).expect("they are read").len(), 4);
}
