//! Claims about disposal runs: they list what is due, wait, and take what was listed and nothing else.

use std::sync::Arc;
use std::time::Duration;

use storage_engine::archive::bucket::Versioning;
use storage_engine::lifecycle::{Expiration, Rule};
use storage_engine::name::ElementName;

use super::world::{DAY, World, below, caller, key, rule};
use crate::error::ErrorKind;
use crate::upkeep::{DisposalRun, DisposalState, Disposals, ListedDocument, PAGE_DOCUMENTS, ProposalRequest};

const WAIT: Duration = Duration::from_secs(20);

fn request() -> ProposalRequest {
    ProposalRequest { bucket: None, prefix: String::new(), element: None, reason: "schedule 7".into() }
}

fn disposals(world: &World) -> Arc<Disposals> {
    Disposals::start(Arc::clone(&world.archive)).expect("it starts")
}

/// The run once nothing more is done about it.
fn at_rest(disposals: &Disposals, mut run: DisposalRun) -> DisposalRun {
    while !run.is_at_rest() {
        run = disposals.wait(&run, WAIT).expect("it is kept");
    }
    run
}

fn proposed(disposals: &Disposals, request: ProposalRequest) -> DisposalRun {
    at_rest(disposals, disposals.propose(request, "uid:1").expect("it is taken"))
}

fn released(disposals: &Disposals, run: &DisposalRun) -> DisposalRun {
    at_rest(disposals, disposals.release(run.id, "uid:2").expect("it is released"))
}

fn listed(world: &World, run: &DisposalRun) -> Vec<ListedDocument> {
    let pages = 0..run.documents.div_ceil(PAGE_DOCUMENTS);
    pages.flat_map(|page| Disposals::page(&world.archive, run, page).expect("it is read")).collect()
}

fn keys(listed: &[ListedDocument]) -> Vec<&str> {
    listed.iter().map(|one| one.key.as_str()).collect()
}

/// Keeps a version of a key for so many days.
fn retain(world: &World, name: &str, days: u64) {
    let until_ms = world.archive.retention_now_ms() + days * DAY;
    world.archive.retain(&caller(), &world.bucket, &key(name), None, until_ms).expect("it is kept");
}

/// Listed is what lies in rw and was kept until now, or is due by a rule of its bucket: neither what nothing says
/// anything of, nor what is kept, nor what lies in edit. Nothing goes before the release, and what was retained since
/// it was listed stays.
#[test]
fn what_is_listed_goes_when_it_is_released() {
    let world = World::new(Versioning::Enabled);
    let rw = Some("STANDARD_IA");
    for (name, days) in [("kept/long", 90), ("kept/short", 30), ("kept/again", 30)] {
        world.put(name, "1", rw, None);
        retain(&world, name, days);
    }
    world.put("by/rule", "1", rw, None);
    world.put("unsaid", "1", rw, None);
    world.put("draft", "1", None, None);
    retain(&world, "draft", 30);
    world.put("hidden", "1", rw, None);
    retain(&world, "hidden", 30);
    world
        .archive
        .delete(&caller(), &world.bucket, &key("hidden"), None, &Default::default())
        .expect("a marker");
    world.set([below("by/", Rule { expiration: Some(Expiration::Days(20)), ..rule("r1") })]);
    let disposals = disposals(&world);
    let nothing = proposed(&disposals, request());
    assert_eq!((nothing.documents, nothing.state), (0, DisposalState::Done), "it waits for nobody");
    world.pass_days(31);
    let run = proposed(&disposals, request());
    assert_eq!((run.state, run.documents, run.failed), (DisposalState::Proposed, 4, 0), "{run:?}");
    let list = listed(&world, &run);
    assert_eq!(keys(&list), ["by/rule", "hidden", "kept/again", "kept/short"]);
    assert_eq!((list[0].kept_until_ms, list[0].rule.as_str()), (None, "r1"));
    assert!(list[3].kept_until_ms.is_some(), "{list:?}");
    let before = world.keys();
    retain(&world, "kept/again", 30);
    assert_eq!(world.keys(), before, "it waits");
    let run = released(&disposals, &run);
    assert_eq!((run.state, run.disposed, run.spared, run.failed), (DisposalState::Done, 3, 1, 0), "{run:?}");
    assert_eq!((run.staying[0].key.as_str(), run.released_by.as_deref()), ("kept/again", Some("uid:2")));
    assert_eq!(
        world.keys(),
        ["draft", "hidden", "kept/again", "kept/long", "unsaid"],
        "of hidden the marker"
    );
    disposals.stop();
}

/// A run takes no more than was asked for, needs a reason, and is released or withdrawn once.
#[test]
fn a_run_is_what_was_asked_for() {
    let world = World::new(Versioning::Never);
    for name in ["a/1", "a/2", "b/1"] {
        world.put(name, "1", Some("STANDARD_IA"), None);
        retain(&world, name, 1);
    }
    world.pass_days(2);
    let disposals = disposals(&world);
    let list = |request| keys(&listed(&world, &proposed(&disposals, request))).join(" ");
    assert_eq!(list(ProposalRequest { prefix: "a/".into(), ..request() }), "a/1 a/2");
    let element = |name| Some(ElementName::parse(name).expect("a name"));
    assert_eq!(list(ProposalRequest { element: element("rw-01"), ..request() }), "a/1 a/2 b/1");
    assert_eq!(list(ProposalRequest { element: element("edit-01"), ..request() }), "");
    for wrong in [
        ProposalRequest { element: element("none"), ..request() },
        ProposalRequest {
            bucket: Some(storage_engine::name::BucketName::parse("none").expect("a name")),
            ..request()
        },
        ProposalRequest { reason: String::new(), ..request() },
    ] {
        assert_eq!(disposals.propose(wrong, "uid:1").expect_err("refused").kind(), ErrorKind::Failed);
    }
    let run = proposed(&disposals, ProposalRequest { bucket: Some(world.bucket.clone()), ..request() });
    let withdrawn = disposals.withdraw(run.id).expect("it waits");
    assert_eq!(withdrawn.state, DisposalState::Withdrawn);
    assert!(disposals.release(run.id, "uid:2").is_err() && disposals.withdraw(run.id).is_err());
    assert_eq!(world.keys(), ["a/1", "a/2", "b/1"]);
    let unlisted = DisposalRun {
        id: uuid::Uuid::now_v7(),
        state: DisposalState::Failed,
        ..proposed(&disposals, request())
    };
    let document = serde_json::to_vec(&unlisted).expect("it is JSON");
    let file = format!("{}.json", unlisted.id);
    world.archive.put_control_document("disposals", &file, &document).expect("it is kept");
    disposals.stop();
    let disposals = self::disposals(&world);
    assert!(disposals.release(unlisted.id, "uid:2").is_err(), "its listing failed, and nobody proposed it");
    let run = released(&disposals, &proposed(&disposals, request()));
    assert_eq!((run.disposed, world.keys()), (3, Vec::new()));
    assert!(disposals.release(run.id, "uid:2").is_err(), "it is done");
    disposals.stop();
}

/// A list of several pages is gone through whatever number of stops come between, and counted as if there were none.
#[test]
fn stops_end_nothing() {
    let world = World::new(Versioning::Never);
    let count = PAGE_DOCUMENTS + 150;
    for number in 0..count {
        let name = format!("{number:04}");
        world.put(&name, "12345", Some("STANDARD_IA"), None);
        retain(&world, &name, 1);
    }
    world.pass_days(2);
    let first = disposals(&world);
    let mut run = first.propose(request(), "uid:1").expect("it is taken");
    first.stop();
    let through = |mut run: DisposalRun| {
        for stops in 0_u64.. {
            let next = disposals(&world);
            run = next.get(run.id).expect("it is kept");
            if run.is_at_rest() {
                next.stop();
                return (run, stops);
            }
            // Some of it is done, or all.
            drop(next.wait(&run, WAIT));
            next.stop();
        }
        (run, 0)
    };
    let (listed_run, _) = through(run);
    assert_eq!(
        (listed_run.state, listed_run.documents, listed_run.bytes),
        (DisposalState::Proposed, count, 5 * count)
    );
    let list = listed(&world, &listed_run);
    assert!(list.is_sorted_by(|one, next| one.key < next.key), "each once");
    assert_eq!(list.len() as u64, count);
    let releasing = disposals(&world);
    run = releasing.release(listed_run.id, "uid:2").expect("it is released");
    releasing.stop();
    let (run, stops) = through(run);
    assert!(stops > 0, "it was stopped in its midst");
    assert_eq!(
        (run.state, run.disposed, run.disposed_bytes),
        (DisposalState::Done, count, 5 * count),
        "{run:?}"
    );
    assert_eq!(world.keys(), [""; 0]);
}
