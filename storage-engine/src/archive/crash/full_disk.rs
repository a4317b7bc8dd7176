//! Room and inodes run out: what does not fit is refused, reading and deleting go on, and room that
//! comes back is used without a start.

use super::budget::Budget;
use super::model::Model;
use super::script::{self, Step};
use super::survey::{chain, check, survey};
use super::world::World;
use crate::archive::bucket::Versioning;
use crate::disk::simulated::{Capacity, Fault, Machine, Profile};
use crate::error::ErrorKind;

const BLOCK: u64 = 4096;

/// A machine that keeps no more than it holds and `blocks` beside.
fn fill(machine: &Machine, blocks: u64) {
    let held = held_bytes(machine);
    machine.set_capacity(Capacity { bytes: Some(held + blocks * BLOCK), inodes: None });
}

fn held_bytes(machine: &Machine) -> u64 {
    let bound = 1 << 40;
    machine.set_capacity(Capacity { bytes: Some(bound), inodes: None });
    bound - machine.disk("data").unwrap().space().unwrap().free_bytes
}

fn put(key: &'static str, size: usize, fill: u8) -> Step {
    Step::Put { key, size, fill, note: 10, class: None }
}

/// With room for ever more blocks, a change is refused at each place where it could meet the end of
/// the room; whatever it met, the archive reads, deletes and, with room again, writes.
#[test]
fn a_disk_that_fills_during_a_change_refuses_it_and_nothing_else() {
    let base = World::prepared(&script::before());
    let budget = Budget::new(5, 1);
    for blocks in budget.calls(60, 0).map(|blocks| blocks - 1) {
        let puts = [put("new", 600, 70), put("new/large", 90_000, 71), put("large", 70_001, 72)];
        let copy = |from, key| Step::Copy { from, key, class: None };
        let copies = [copy("kept", "new"), copy("kept/large", "large")];
        let annotate = |note| Step::Annotate { key: "small", fill: 75, note };
        let annotations = [annotate(30), annotate(4000)];
        let buckets = [Step::CreateBucket("another"), Step::SetVersioning(Versioning::Enabled)];
        for step in puts.into_iter().chain(copies).chain(annotations).chain(buckets) {
            fill_during(&base, blocks, &step, &Step::Delete { key: "noted" });
        }
    }
}

/// The same where versions are kept: a delete that makes a marker may find no room for it, one of a version
/// needs none.
#[test]
fn a_disk_that_fills_during_a_change_of_versions_refuses_it_and_nothing_else() {
    for state in [Versioning::Enabled, Versioning::Suspended] {
        let mut script = script::before();
        let first = Step::SetVersioning(Versioning::Enabled);
        script.extend([
            first,
            put("small", 600, 76),
            Step::Delete { key: "noted" },
            Step::SetVersioning(state),
        ]);
        let base = World::prepared(&script);
        let budget = Budget::new(7, 1);
        for blocks in budget.calls(60, 0).map(|blocks| blocks - 1) {
            let delete_version = Step::DeleteVersion { key: "small", nth: 0 };
            let deletes = [Step::Delete { key: "small" }, Step::Delete { key: "final" }, delete_version];
            let other =
                if state == Versioning::Enabled { Versioning::Suspended } else { Versioning::Enabled };
            let puts = [put("small", 90_000, 77), Step::SetVersioning(other)];
            let is_allowed =
                |step: &Step| state == Versioning::Enabled || !matches!(step, Step::Delete { key: "final" });
            for step in deletes.into_iter().chain(puts).filter(is_allowed) {
                fill_during(&base, blocks, &step, &Step::DeleteVersion { key: "noted", nth: 0 });
            }
        }
    }
}

fn fill_during((base, before): &(Machine, Model), blocks: u64, step: &Step, delete: &Step) {
    let place = format!("room for {blocks} blocks, {step:?}");
    let mut world = World::on(base.fork(Profile::Ordered, blocks));
    world.open().unwrap();
    let mut model = before.clone();
    fill(&world.machine, blocks);
    match world.step(step) {
        Ok(()) => model.apply(step),
        Err(error) => assert_eq!(error.kind(), ErrorKind::StorageFull, "{place}: {}", chain(&error)),
    }
    let seen = survey(world.archive.as_ref().unwrap()).expect(&place);
    assert_eq!(seen, model.visible(), "{place}: reading goes on");
    world.step(delete).unwrap_or_else(|error| panic!("{place}: deleting goes on: {}", chain(&error)));
    model.apply(delete);
    world.machine.set_capacity(Capacity::default());
    let again = world.step(step);
    let is_made = again.as_ref().is_err_and(|error| error.kind() == ErrorKind::BucketAlreadyOwned);
    assert!(again.is_ok() || is_made, "{place}: with room again: {}", chain(&again.unwrap_err()));
    model.apply(step);
    check(&world, &[model.visible()]);
    drop(world.archive.take());
    world.machine.reboot();
    world.open().unwrap_or_else(|error| panic!("{place}: {}", chain(&error)));
    check(&world, &[model.visible()]);
}

/// An annotation that could not be published was taken back; a power cut that brings its overflow
/// sidecar to light again, and not its removal, leaves nothing of it behind a start.
#[test]
fn an_annotation_that_was_taken_back_leaves_nothing() {
    let (base, before) = World::prepared(&script::before());
    let step = Step::Annotate { key: "small", fill: 75, note: 4000 };
    let mut probe = World::on(base.fork(Profile::Ordered, 0));
    probe.open().unwrap();
    probe.step(&step).unwrap();
    let trace = probe.machine.trace();
    let rename = trace.iter().rfind(|line| line.contains(" replace ") && line.ends_with(".attr.json"));
    let rename: u64 =
        rename.expect("a sidecar is renamed").trim_start().split(' ').next().unwrap().parse().unwrap();
    for seed in 0..12 {
        let mut world = World::on(base.fork(Profile::Reordered, seed));
        world.open().unwrap();
        world.machine.fail_at(rename, Fault::NoSpace);
        let refused = world.step(&step).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StorageFull, "{}", chain(&refused));
        check(&world, &[before.visible()]);
        world.machine.power_off();
        drop(world.archive.take());
        world.machine.reboot();
        world.open().unwrap_or_else(|error| panic!("seed {seed}: {}", chain(&error)));
        check(&world, &[before.visible()]);
    }
}

/// A stop and start on a disk without any room: what is there is served.
#[test]
fn a_full_disk_does_not_keep_the_archive_from_starting() {
    let (base, before) = World::prepared(&script::before());
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    world.open().unwrap();
    let step = put("small", 70_000, 73);
    world.step(&step).unwrap();
    let mut model = before;
    model.apply(&step);
    world.machine.power_off();
    drop(world.archive.take());
    world.machine.reboot();
    fill(&world.machine, 0);
    match world.open() {
        Ok(()) => drop(check(&world, &[model.visible()])),
        Err(error) => assert_eq!(error.kind(), ErrorKind::StorageFull, "{}", chain(&error)),
    }
    drop(world.archive.take());
    world.machine.set_capacity(Capacity::default());
    world.open().expect("with room again");
    check(&world, &[model.visible()]);
}

/// Inodes run out like room does.
#[test]
fn inodes_that_run_out_refuse_new_objects_only() {
    let (base, before) = World::prepared(&script::before());
    for free in 0..8 {
        let mut world = World::on(base.fork(Profile::Ordered, free));
        world.open().unwrap();
        let mut model = before.clone();
        let bound = 1 << 30;
        world.machine.set_capacity(Capacity { bytes: None, inodes: Some(bound) });
        let held = bound - world.machine.disk("data").unwrap().space().unwrap().free_inodes;
        world.machine.set_capacity(Capacity { bytes: None, inodes: Some(held + free) });
        let step = put("new/large", 90_000, 74);
        match world.step(&step) {
            Ok(()) => model.apply(&step),
            Err(error) => assert_eq!(error.kind(), ErrorKind::StorageFull, "{free}: {}", chain(&error)),
        }
        let delete = Step::Delete { key: "kept" };
        world.step(&delete).unwrap_or_else(|error| panic!("{free} inodes: {}", chain(&error)));
        model.apply(&delete);
        world.machine.set_capacity(Capacity::default());
        world.step(&step).unwrap_or_else(|error| panic!("{free} inodes: {}", chain(&error)));
        model.apply(&step);
        check(&world, &[model.visible()]);
    }
}
