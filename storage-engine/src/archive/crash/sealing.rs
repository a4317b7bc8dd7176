//! The power fails, or a call fails, while hours are sealed: the chain is the old one or the new one, never
//! a broken one, and what was sealed stays sealed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::budget::Budget;
use super::model::Model;
use super::script::{self, Kept, Step};
use super::survey::chain;
use super::world::World;
use crate::archive::seal::{SealLimits, SealPass, Sealed};
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::error::ErrorKind;
use crate::mode::Mode;
use crate::seal::verify::{FindingKind, Report, VerifyOptions, verify};

/// What happens in a run: a change, or a pass of sealing.
#[derive(Clone)]
enum Act {
    Change(Step),
    Seal,
}

const fn put(key: &'static str, size: usize, fill: u8) -> Act {
    Act::Change(Step::Put { key, size, fill, note: 10, class: None })
}

/// Hours are sealed, changed in every way, left by a document, and sealed again; each change takes the clock twenty minutes on,
/// each pass of sealing two hours.
fn acts() -> Vec<Act> {
    let annotate = |key, fill, note| Act::Change(Step::Annotate { key, fill, note });
    vec![
        put("new", 700, 20),
        Act::Seal,
        annotate("small", 21, 4000),
        annotate("noted", 22, 20),
        annotate("final", 22, 4000),
        put("large", 700, 23),
        Act::Change(Step::Delete { key: "kept" }),
        Act::Seal,
        Act::Change(Step::Reopen),
        annotate("small", 24, 4000),
        put("new/large", 70_000, 25),
        Act::Change(Step::Put {
            key: "new/final",
            size: 70_000,
            fill: 26,
            note: 4000,
            class: Some("STANDARD_IA"),
        }),
        Act::Change(Step::Delete { key: "new" }),
        Act::Seal,
        Act::Change(Step::MakeShelf(Kept::InFolder)),
        Act::Change(Step::Transfer { key: "final", to: Mode::Ar }),
        Act::Seal,
    ]
}

fn seal(world: &World) -> crate::Result<SealPass> {
    world.pass_hours(2);
    let archive = world.archive.as_ref().expect("the archive is open");
    archive.seal_due(&SealLimits { quiet: Duration::ZERO, hours_max: 1000 })
}

/// Runs the acts until one fails with the power off; what was sealed and acknowledged.
fn run(world: &mut World, acts: &[Act]) -> Vec<Sealed> {
    let mut sealed = Vec::new();
    for act in acts {
        if world.archive.is_none() && world.open().is_err() {
            break;
        }
        match act {
            Act::Change(step) => drop(world.step(step)),
            Act::Seal => match seal(world) {
                Ok(pass) => {
                    for failed in &pass.failed {
                        let kind = failed.error.kind();
                        let is_disk =
                            matches!(kind, ErrorKind::Io | ErrorKind::StorageFull | ErrorKind::Unavailable);
                        assert!(is_disk, "sealing sees damage where a call failed: {}", chain(&failed.error));
                    }
                    sealed.extend(pass.sealed);
                }
                Err(error) => assert_ne!(error.kind(), ErrorKind::Corrupt, "{}", chain(&error)),
            },
        }
        if world.machine.is_off() {
            break;
        }
    }
    sealed
}

fn verified(world: &World) -> Report {
    let options = VerifyOptions {
        follows_registry: true,
        disks: Arc::new(world.machine.clone()),
        ..VerifyOptions::new(PathBuf::from("/data"))
    };
    verify(&options, &mut |_| {}).unwrap()
}

/// The seals of both elements' chains hold together, whatever the log has still to do.
fn check_chains(world: &World) {
    let report = verified(world);
    let is_of_chain = |kind| {
        matches!(
            kind,
            FindingKind::ChainBroken
                | FindingKind::SealMissing
                | FindingKind::SealChanged
                | FindingKind::ManifestMissing
                | FindingKind::ManifestChanged
        )
    };
    let broken: Vec<_> = report.findings.iter().filter(|found| is_of_chain(found.kind)).collect();
    assert!(broken.is_empty(), "right after the stop: {broken:#?}");
}

fn check_clean(world: &World, when: &str) -> Report {
    let report = verified(world);
    assert!(report.is_clean(), "{when}: {:#?}", report.findings);
    report
}

/// Every seal that was acknowledged is in its chain with its root.
fn check_kept(world: &World, sealed: &[Sealed]) {
    for seal in sealed {
        let disk = world.machine.disk(&format!("data/elements/{}", seal.element)).unwrap();
        let lines = disk.read_whole("seals/chain", 1 << 20).unwrap();
        let line = format!("{}  {}\n", hex::encode(seal.root), seal.path);
        assert!(String::from_utf8(lines).unwrap().contains(&line), "{seal:?} is not in its chain");
    }
}

/// Opens the archive after a stop, seals what is left, and loses the catalog: nothing more is sealed then.
fn go_on(world: &mut World, mut sealed: Vec<Sealed>) {
    check_chains(world);
    world.open().unwrap_or_else(|error| panic!("the archive does not open: {}", chain(&error)));
    check_clean(world, "after the start");
    check_kept(world, &sealed);
    world.step(&Step::Put { key: "afterwards", size: 900, fill: 80, note: 10, class: None }).unwrap();
    world.pass_hours(12);
    let pass = seal(world).unwrap();
    assert!(pass.failed.is_empty(), "{:?}", pass.failed);
    sealed.extend(pass.sealed);
    check_kept(world, &sealed);
    let report = check_clean(world, "after sealing again");
    let unfinished = |kind| {
        matches!(kind, FindingKind::ChainUnfinished | FindingKind::ChangedSince | FindingKind::GoneSince)
    };
    let left: Vec<_> = report.findings.iter().filter(|found| unfinished(found.kind)).collect();
    assert!(left.is_empty(), "left unfinished: {left:#?}");
    world.close().unwrap();
    world.machine.disk("data").unwrap().remove_durable("catalog/catalog.redb").unwrap();
    world.open().unwrap();
    let pass = seal(world).unwrap();
    assert!(pass.failed.is_empty() && pass.sealed.is_empty(), "without its catalog: {pass:?}");
    assert!(pass.unchanged > 0, "every hour is looked at again");
    check_clean(world, "without its catalog");
}

fn calls_of((base, _): &(Machine, Model)) -> u64 {
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    let sealed = run(&mut world, &acts());
    assert!(sealed.len() >= 5, "{sealed:?}");
    assert!(sealed.iter().any(|seal| seal.path.ends_with(".2")), "an hour is sealed again: {sealed:?}");
    world.close().unwrap();
    world.machine.calls()
}

fn named(machine: &Machine, what: &str, run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        println!("{}", machine.trace().join("\n"));
        println!("sealing: {what}");
        std::panic::resume_unwind(panic);
    }
}

/// A power cut or a kill at any call of sealing, and of the changes around it, leaves every acknowledged
/// seal, a chain that holds together, and hours that can be sealed.
#[test]
fn seals_survive() {
    let base = World::prepared(&script::before());
    let total = calls_of(&base);
    let budget = Budget::new(15, 2);
    for profile in Profile::ALL {
        for seed in 0..budget.seeds {
            for call in budget.calls(total, profile as usize) {
                let seed = seed * 1_000_003 + call;
                let machine = base.0.fork(profile, seed);
                named(&machine.clone(), &format!("{profile:?} seed {seed} call {call}"), || {
                    let mut world = World::on(machine);
                    world.machine.crash_at(call);
                    let sealed = run(&mut world, &acts());
                    world.close().ok();
                    if seed.is_multiple_of(5) {
                        world.machine.kill_processes()
                    } else {
                        world.machine.reboot()
                    }
                    go_on(&mut world, sealed);
                });
            }
        }
    }
    println!("sealing: {total} calls");
}

/// What a seal names is durable where it lies: a copy taken right after a power cut, without the log, has it.
#[test]
fn what_is_sealed_needs_no_log() {
    let base = World::prepared(&script::before());
    for profile in Profile::ALL {
        let mut world = World::on(base.0.fork(profile, 7));
        world.open().unwrap();
        for step in [put("new", 700, 20), put("new/large", 70_000, 25)] {
            let Act::Change(step) = step else { panic!("a change") };
            world.step(&step).unwrap();
        }
        assert!(!seal(&world).unwrap().sealed.is_empty());
        world.machine.power_off();
        drop(world.archive.take());
        world.machine.reboot();
        check_clean(&world, "after a power cut, before a start");
    }
}

/// One call fails with EIO or for want of room: sealing says so, never takes it for damage, and the next
/// start seals what is left.
#[test]
fn seals_bear_errors() {
    let base = World::prepared(&script::before());
    let total = calls_of(&base);
    let budget = Budget::new(12, 1);
    for fault in [Fault::Io, Fault::NoSpace] {
        for call in budget.calls(total, fault as usize) {
            let machine = base.0.fork(Profile::Reordered, call);
            named(&machine.clone(), &format!("{fault:?} at call {call}"), || {
                let mut world = World::on(machine);
                world.machine.fail_at(call, fault);
                let sealed = run(&mut world, &acts());
                world.close().ok();
                let failed = world.machine.trace().into_iter().find(|line| line.contains(": fails with"));
                let log_is_lost = fault == Fault::Io
                    && failed.is_some_and(|line| line.contains("sync") && line.contains("/wal/"));
                if log_is_lost {
                    world.machine.kill_processes()
                } else {
                    world.machine.reboot()
                }
                go_on(&mut world, sealed);
            });
        }
    }
}
