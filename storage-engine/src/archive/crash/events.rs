//! The archive is stopped at a call, or the call fails: the event of each acknowledged change is told, and no
//! event of a change that did not happen.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::budget::Budget;
use super::model::Model;
use super::power_cut::{Stop, must_open};
use super::script::{self, Step};
use super::world::{World, caller};
use crate::archive::Archive;
use crate::archive::bucket::Versioning;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::outbox::{Event, EventKind};

/// Steps between two writes of the outbox, as a receiver that keeps up makes them.
const STEPS_TOLD: usize = 4;
const STRIDE: usize = 12;

fn script() -> Vec<Step> {
    let mut script = script::objects();
    script.push(Step::Reopen);
    script.push(Step::Copy { from: "kept", key: "copied", class: None });
    script.push(Step::Transfer { key: "new/large", to: crate::mode::Mode::Rw });
    script.extend(script::versions());
    script
}

/// What is to be told of a step that is done.
fn expected(before: &Model, step: &Step) -> Option<(EventKind, String)> {
    let bucket = before.buckets.get(script::BUCKET)?;
    let newest = |key: &str| bucket.versions.get(key).and_then(|of_key| of_key.first());
    match *step {
        Step::Put { key, .. } | Step::Copy { key, .. } => Some((EventKind::CreatedPut, key.to_owned())),
        Step::Complete { key } => Some((EventKind::CreatedCompleted, key.to_owned())),
        Step::Transfer { key, .. } => Some((EventKind::Transitioned, key.to_owned())),
        Step::DeleteVersion { key, .. } => Some((EventKind::RemovedDelete, key.to_owned())),
        Step::Delete { key } if bucket.versioning != Versioning::Never => {
            Some((EventKind::RemovedMarker, key.to_owned()))
        }
        Step::Delete { key } => newest(key).map(|_| (EventKind::RemovedDelete, key.to_owned())),
        _ => None,
    }
}

/// Who is told: what it knows by sequence number, and up to where it need not be told again.
#[derive(Default)]
struct Receiver {
    told: BTreeMap<u64, Event>,
    cursor: u64,
}

impl Receiver {
    /// Takes what there is, and keeps its cursor where it will be valid after a crash.
    fn take(&mut self, archive: &Archive) {
        let mut at = self.cursor;
        loop {
            // A small page, so that pages are walked.
            let page = archive.events(at, 3).unwrap();
            assert_eq!(page.lost, 0);
            for (position, event) in page.events {
                assert!(position > at, "positions rise");
                let known = self.told.insert(event.seq, (*event).clone());
                assert!(known.is_none_or(|known| known == *event), "a repeat says the same: {event:?}");
            }
            if page.position == at {
                break;
            }
            at = page.position;
        }
        if let Ok(durable) = archive.persist_events() {
            self.cursor = at.min(durable);
            archive.release_events(self.cursor);
        }
    }
}

/// One run that is stopped, or in which one call fails.
#[derive(Clone, Copy, Debug)]
struct Case {
    profile: Profile,
    call: u64,
    stop: Stop,
    fault: Option<Fault>,
}

impl Case {
    fn run(self, machine: Machine, before: &Model) {
        let mut world = World::on(machine);
        world.listener = Some("owner");
        match self.fault {
            Some(fault) => world.machine.fail_at(self.call, fault),
            None => world.machine.crash_at(self.call),
        }
        let (mut receiver, mut model) = (Receiver::default(), before.clone());
        let (mut sure, mut possible) = (Vec::new(), None);
        if world.open().is_ok() {
            for (at, step) in script().iter().enumerate() {
                let event = expected(&model, step);
                if world.step(step).is_err() {
                    possible = event;
                    break;
                }
                sure.extend(event);
                model.apply(step);
                if at % STEPS_TOLD == 0 {
                    receiver.take(world.archive.as_ref().unwrap());
                }
            }
        }
        world.close().ok();
        world.machine.clear_plans();
        self.stop.first(&world.machine);
        must_open(&mut world);
        if self.call.is_multiple_of(3) {
            // What a start has told nobody yet survives the next stop.
            world.machine.power_off();
            drop(world.archive.take());
            world.machine.reboot();
            must_open(&mut world);
        }
        receiver.take(world.archive.as_ref().unwrap());
        let mut told: Vec<_> = receiver.told.into_values().map(|event| (event.kind, event.key)).collect();
        told.sort();
        let mut with = sure.clone();
        with.extend(possible);
        sure.sort();
        with.sort();
        assert!(told == sure || told == with, "told {told:#?}\nof {sure:#?}\nor {with:#?}");
    }

    fn run_named(self, (base, before): &(Machine, Model)) {
        let machine = base.fork(self.profile, self.call);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(machine.clone(), before))) {
            println!("{}", machine.trace().join("\n"));
            println!("{self:?}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn calls(base: &(Machine, Model)) -> u64 {
    let mut world = World::on(base.0.fork(Profile::Ordered, 0));
    world.listener = Some("owner");
    let outcome = world.run(&script(), base.1.clone());
    assert!(outcome.unanswered.is_none(), "{:?}", outcome.unanswered);
    world.close().unwrap();
    world.machine.calls()
}

/// Every acknowledged change of a bucket that somebody listens to is told at least once after a cut at any call,
/// and nothing is told of a change that did not happen.
#[test]
fn events_survive() {
    let base = World::prepared(&script::before());
    let total = calls(&base);
    let budget = Budget::new(STRIDE, 1);
    for profile in Profile::ALL {
        for call in budget.calls(total, profile as usize) {
            let stop = Stop::ALL[(call % 4) as usize];
            Case { profile, call, stop, fault: None }.run_named(&base);
        }
    }
}

/// The same where a call fails.
#[test]
fn events_bear_errors() {
    let base = World::prepared(&script::before());
    let total = calls(&base);
    let budget = Budget::new(STRIDE, 1);
    for (at, fault) in [Fault::Io, Fault::NoSpace].into_iter().enumerate() {
        for call in budget.calls(total, at) {
            let stop = [Stop::PowerCut, Stop::Kill][(call % 2) as usize];
            Case { profile: Profile::Ordered, call, stop, fault: Some(fault) }.run_named(&base);
        }
    }
}

/// Without anybody who listens nothing is written, and a change that was made then is never told.
#[test]
fn nobody_listens() {
    let base = World::prepared(&script::before());
    let mut world = World::on(base.0.fork(Profile::Ordered, 0));
    world.run(&script(), base.1.clone());
    world.close().unwrap();
    assert!(!world.machine.disk("data").unwrap().exists("outbox").unwrap());
    world.listener = Some("owner");
    must_open(&mut world);
    assert_eq!(world.archive.as_ref().unwrap().last_event(), 0);
    world.step(&Step::Put { key: "told", size: 10, fill: 1, note: 1, class: None }).unwrap();
    let archive = world.archive.as_ref().unwrap();
    let page = archive.events(0, 10).unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(page.events[0].1.account, &*caller().account);
}
