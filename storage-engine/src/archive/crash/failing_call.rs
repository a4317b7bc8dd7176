//! One call fails: the step that met it happened whole or not at all, and the archive goes on, or
//! turns read-only where it can no longer know what is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::budget::Budget;
use super::model::Model;
use super::power_cut::must_open;
use super::script::{self, Kept, Step};
use super::survey::{chain, check, difference, survey};
use super::world::World;
use crate::archive::bucket::Versioning;
use crate::bucket::BucketDocument;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::error::{Error, ErrorKind};
use crate::mode::Mode;

/// One run of a script in which one call fails.
#[derive(Clone, Copy, Debug)]
struct Case {
    call: u64,
    fault: Fault,
    /// Whether the power is cut afterwards, or the process is only started anew.
    reboots: bool,
}

/// Every state that is possible after the steps so far: an error leaves two.
pub(super) struct Possible(pub(super) Vec<Model>);

impl Possible {
    pub(super) fn acknowledged(&mut self, step: &Step) {
        self.0.iter_mut().for_each(|model| model.apply(step));
    }

    pub(super) fn failed(&mut self, step: &Step) {
        let mut also = self.0.clone();
        also.iter_mut().for_each(|model| model.apply(step));
        self.0.extend(also);
    }

    pub(super) fn visible(&self) -> Vec<Model> {
        self.0.iter().map(Model::visible).collect()
    }

    /// Changes something on each element. Where every one takes it, the archive goes on, and the versions that
    /// readers have seen are those that stay. Settings of the bucket that are open decide what a change is: then
    /// there is nothing to be learnt.
    pub(super) fn probe(&mut self, world: &mut World, seen: &Model) {
        let versioning = |model: &Model| model.buckets.get(script::BUCKET).map(|bucket| bucket.versioning);
        if self.0.iter().any(|model| versioning(model) != versioning(seen)) {
            return;
        }
        let probed: Vec<_> = script::probes().into_iter().map(|probe| (world.step(&probe), probe)).collect();
        // An element of mode ar takes no probe.
        if probed.iter().all(|(outcome, _)| outcome.is_ok()) && !world.is_any_latched() {
            self.0.retain(|model| model.visible().buckets == seen.buckets);
        }
        for (outcome, probe) in probed {
            match outcome {
                Ok(()) => self.acknowledged(&probe),
                Err(error) if is_uncertain(&error) => self.failed(&probe),
                Err(_) => {}
            }
        }
    }
}

/// Whether a step that failed so may have happened all the same.
pub(super) fn is_uncertain(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Io | ErrorKind::StorageFull => true,
        ErrorKind::Unavailable
        | ErrorKind::ModeForbids
        | ErrorKind::NoSuchUpload
        | ErrorKind::NoSuchVersion
        | ErrorKind::DeleteMarker
        | ErrorKind::NoSuchKey
        | ErrorKind::NoSuchBucket
        | ErrorKind::InvalidStorageClass
        | ErrorKind::InvalidArgument
        | ErrorKind::NoSuchElement
        | ErrorKind::NotArchived
        | ErrorKind::RestoreInProgress
        | ErrorKind::BucketAlreadyOwned => false,
        other => panic!("{other:?} is no answer to a failing disk: {}", chain(error)),
    }
}

impl Case {
    fn run(self, machine: Machine, before: &Model, script: &[Step]) {
        let mut world = World::on(machine);
        world.machine.fail_at(self.call, self.fault);
        let mut possible = Possible(vec![before.clone()]);
        if let Err(error) = world.open() {
            assert!(is_uncertain(&error), "the start says what failed");
        }
        if world.archive.is_some() {
            self.run_open(&mut world, &mut possible, script);
        }
        let what = self.failed_call(&world);
        let log_is_lost = self.fault == Fault::Io && what.contains("sync") && what.contains("/wal/");
        let closes = self.call.is_multiple_of(3);
        if !closes && !log_is_lost {
            // The log alone brings the archive back.
            world.machine.power_off();
            drop(world.archive.take());
        }
        // A close may fail as well, and loses nothing.
        world.close().ok();
        if !log_is_lost && (self.reboots || !closes) {
            world.machine.reboot();
        } else {
            // What the log lost is still in the cache: a start right away must make it safe.
            world.machine.kill_processes();
        }
        must_open(&mut world);
        check(&world, &possible.visible());
        self.check_usable(&mut world, possible);
    }

    fn run_open(self, world: &mut World, possible: &mut Possible, script: &[Step]) {
        for step in script {
            let calls = world.machine.calls();
            match world.step(step) {
                Ok(()) => possible.acknowledged(step),
                Err(error) => {
                    let met_it = (calls + 1..=world.machine.calls()).contains(&self.call);
                    self.check_answer(world, &error, met_it);
                    if is_uncertain(&error) {
                        possible.failed(step);
                    }
                    if world.archive.is_none() {
                        return;
                    }
                }
            }
        }
        let archive = world.archive.as_ref().expect("the archive is open");
        let seen = survey(archive).unwrap_or_else(|error| panic!("reads go on: {}", chain(&error)));
        let visible = possible.visible();
        assert!(visible.contains(&seen), "while the archive runs, {}", difference(&seen, &visible));
        possible.probe(world, &seen);
    }

    /// A full disk latches nothing; a log that could not be synced refuses every change from then on.
    fn check_answer(self, world: &World, error: &Error, met_it: bool) {
        let what = self.failed_call(world);
        // Removing needs no room: where a file system refuses even that, it is an I/O error like others.
        let needs_room = !what.contains(" sync") && !what.contains(" remove");
        if self.fault == Fault::NoSpace && needs_room {
            let as_expected = match error.kind() {
                ErrorKind::StorageFull => met_it,
                // What an earlier step, which met the full disk, did not make, remove or switch on.
                ErrorKind::ModeForbids
                | ErrorKind::NoSuchUpload
                | ErrorKind::NoSuchVersion
                | ErrorKind::DeleteMarker
                | ErrorKind::NoSuchKey
                | ErrorKind::NoSuchBucket
                | ErrorKind::InvalidStorageClass
                | ErrorKind::InvalidArgument
                | ErrorKind::NoSuchElement
                | ErrorKind::NotArchived
                | ErrorKind::RestoreInProgress
                | ErrorKind::BucketAlreadyOwned => !met_it,
                _ => false,
            };
            assert!(as_expected, "{what}: {}", chain(error));
        }
        if !met_it {
            assert!(!is_uncertain(error), "{what}: {}", chain(error));
        }
    }

    /// The trace's line about the call that failed; empty where it was not reached.
    fn failed_call(self, world: &World) -> String {
        world.machine.trace().into_iter().find(|line| line.contains(": fails with")).unwrap_or_default()
    }

    /// After a start everything can be written again, and survives.
    fn check_usable(self, world: &mut World, possible: Possible) {
        let step = Step::Put { key: "afterwards", size: 900, fill: 90, note: 10, class: None };
        world.step(&step).unwrap_or_else(|error| panic!("after the start: {}", chain(&error)));
        let mut possible = possible;
        possible.acknowledged(&step);
        drop(world.archive.take());
        world.machine.reboot();
        must_open(world);
        check(world, &possible.visible());
    }

    fn run_named(self, (base, before): &(Machine, Model), name: &str, script: &[Step]) {
        let machine = base.fork(Profile::Reordered, self.call);
        let run = catch_unwind(AssertUnwindSafe(|| self.run(machine.clone(), before, script)));
        if let Err(panic) = run {
            println!("{}", machine.trace().join("\n"));
            println!("{name}: {self:?}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn fail_everywhere(name: &str, script: &[Step], fault: Fault, stride: usize) {
    let base = World::prepared(&script::before());
    let mut world = World::on(base.0.fork(Profile::Ordered, 0));
    assert!(world.run(script, base.1.clone()).unanswered.is_none());
    world.close().unwrap();
    let total = world.machine.calls();
    let budget = Budget::new(stride, 2);
    let mut cases = 0;
    for seed in 0..budget.seeds {
        for call in budget.calls(total, fault as usize) {
            let reboots = (call / stride as u64 + seed).is_multiple_of(2);
            Case { call, fault, reboots }.run_named(&base, name, script);
            cases += 1;
        }
    }
    println!("{name}, {fault:?}: {cases} failures over {total} calls");
}

const STRIDE: usize = 8;

#[test]
fn objects_bear_an_io_error() {
    fail_everywhere("objects", &script::objects(), Fault::Io, STRIDE);
}

#[test]
fn objects_bear_a_full_disk() {
    fail_everywhere("objects", &script::objects(), Fault::NoSpace, STRIDE);
}

#[test]
fn copies_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("copies", &script::copies(), fault, 3 * STRIDE);
    }
}

#[test]
fn annotations_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("annotations", &script::annotations(), fault, 3 * STRIDE);
    }
}

#[test]
fn versions_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("versions", &script::versions(), fault, 3 * STRIDE);
    }
}

#[test]
fn buckets_and_control_documents_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("buckets", &script::buckets(), fault, 2 * STRIDE);
    }
}

#[test]
fn transfers_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("transfers", &script::transfers(), fault, 3 * STRIDE);
    }
}

#[test]
fn archiving_bears_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("archiving", &script::archiving(Kept::InFolder), fault, 4 * STRIDE);
    }
}

#[test]
fn disposals_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("disposals", &script::disposals(Kept::InFolder), fault, 4 * STRIDE);
    }
}

#[test]
fn large_uploads_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("large upload", &script::large_upload(), fault, 8 * STRIDE);
    }
}

#[test]
fn uploads_bear_errors() {
    for fault in [Fault::Io, Fault::NoSpace] {
        fail_everywhere("uploads", &script::uploads(), fault, 2 * STRIDE);
    }
}

/// A log that could not be synced makes its element read-only until the archive is opened again:
/// reading goes on, every change is refused as unavailable, other elements take changes.
#[test]
fn a_lost_log_latches_its_element_alone() {
    let (base, before) = World::prepared(&script::before());
    let put = |key, class| Step::Put { key, size: 500, fill: 80, note: 10, class };
    let mut world = World::on(base.fork(Profile::Ordered, 1));
    world.open().unwrap();
    let start = world.machine.calls();
    world.step(&put("probe", None)).unwrap();
    let trace = world.machine.trace();
    let sync = trace.iter().find(|line| {
        let call: u64 = line.trim_start().split(' ').next().unwrap().parse().unwrap();
        call > start && line.contains(" sync ") && line.contains("edit-01/.artstore/wal/")
    });
    let sync: u64 =
        sync.expect("a put syncs the log").trim_start().split(' ').next().unwrap().parse().unwrap();

    let mut world = World::on(base.fork(Profile::Ordered, 1));
    world.open().unwrap();
    world.machine.fail_at(sync, Fault::Io);
    let first = world.step(&put("probe", None)).unwrap_err();
    assert!(matches!(first.kind(), ErrorKind::Io | ErrorKind::Unavailable), "{}", chain(&first));
    for step in [put("small", None), Step::Delete { key: "large" }, put("new", None)] {
        assert_eq!(world.step(&step).unwrap_err().kind(), ErrorKind::Unavailable, "{step:?}");
    }
    world.step(&put("on the other", Some("STANDARD_IA"))).unwrap();
    let seen = survey(world.archive.as_ref().unwrap()).unwrap();
    let small = |model: &Model| model.buckets["archive"].current("small").cloned();
    assert_eq!(small(&seen), small(&before));
    world.close().ok();
    world.open().unwrap();
    world.step(&put("small", None)).expect("a start takes the element into use again");
}

/// A transfer that was not answered well, as the log of the other element failed, may come about at the next start.
/// Until then its key is not changed: what was acknowledged would be made to files that have moved by then. Other
/// keys go on.
#[test]
fn a_key_in_doubt_is_not_changed() {
    let (base, before) = World::prepared(&script::before());
    let transfer = Step::Transfer { key: "small", to: Mode::Rw };
    let on_small = [
        Step::Annotate { key: "small", fill: 160, note: 20 },
        Step::Put { key: "small", size: 500, fill: 161, note: 10, class: None },
        Step::Delete { key: "small" },
    ];
    let mut probe = World::on(base.fork(Profile::Ordered, 1));
    probe.open().unwrap();
    let start = probe.machine.calls();
    probe.step(&transfer).unwrap();
    let trace = probe.machine.trace();
    let number = |line: &String| line.trim_start().split(' ').next().unwrap().parse::<u64>().unwrap();
    let sync = trace.iter().find(|line| {
        number(line) > start && line.contains(" sync ") && line.contains("rw-01/.artstore/wal/")
    });
    let sync = number(sync.expect("a transfer syncs the log of the element where it goes"));

    let mut world = World::on(base.fork(Profile::Ordered, 1));
    world.open().unwrap();
    world.machine.fail_at(sync, Fault::Io);
    assert_eq!(world.step(&transfer).unwrap_err().kind(), ErrorKind::Io);
    for step in &on_small {
        assert_eq!(world.step(step).unwrap_err().kind(), ErrorKind::Unavailable, "{step:?}");
    }
    let beside = Step::Put { key: "large", size: 500, fill: 162, note: 10, class: None };
    world.step(&beside).unwrap();
    world.close().ok();
    world.open().unwrap();
    let mut possible = Possible(vec![before]);
    possible.failed(&transfer);
    possible.acknowledged(&beside);
    check(&world, &possible.visible());
    world.step(&on_small[0]).expect("a start decides it");
}

/// Whichever call fails that brings a new state of versioning to an element, no element keeps it, and the
/// archive takes it at the next try.
#[test]
fn a_state_that_one_element_does_not_take_is_taken_back() {
    let (base, before) = World::prepared(&script::before());
    let step = Step::SetVersioning(Versioning::Enabled);
    let mut probe = World::on(base.fork(Profile::Reordered, 1));
    probe.open().unwrap();
    let start = probe.machine.calls();
    probe.step(&step).unwrap();
    let trace = probe.machine.trace();
    let of_documents = trace.iter().filter(|line| line.contains("/buckets") || line.contains(" buckets/"));
    let calls = of_documents.map(|line| line.trim_start().split(' ').next().unwrap().parse().unwrap());
    let calls: Vec<u64> = calls.filter(|call| *call > start).collect();
    assert_eq!(calls.len(), 10, "two documents: {trace:#?}");
    for (call, fault) in calls.into_iter().flat_map(|call| [(call, Fault::Io), (call, Fault::NoSpace)]) {
        let mut world = World::on(base.fork(Profile::Reordered, call));
        world.open().unwrap();
        world.machine.fail_at(call, fault);
        let refused = world.step(&step).unwrap_err();
        assert!(is_uncertain(&refused), "{}", chain(&refused));
        let seen = survey(world.archive.as_ref().unwrap()).unwrap();
        assert_eq!(seen, before.visible(), "call {call}, {fault:?}");
        for element in ["edit-01", "rw-01"] {
            let disk = world.machine.disk(&format!("data/elements/{element}")).unwrap();
            let found = BucketDocument::read(&*disk, "buckets/archive.json").unwrap();
            assert_eq!(found.versioning, Versioning::Never, "{element} at call {call}, {fault:?}");
        }
        world.machine.power_off();
        drop(world.archive.take());
        world.machine.reboot();
        must_open(&mut world);
        check(&world, &[before.visible()]);
        world.step(&step).unwrap_or_else(|error| panic!("at the next try: {}", chain(&error)));
    }
}
