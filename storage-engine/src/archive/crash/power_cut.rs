//! The power fails at a call of a script; the archive opens again with what was acknowledged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use super::budget::Budget;
use super::model::Model;
use super::script::{self, Kept, Step};
use super::survey::check;
use super::world::World;
use crate::disk::simulated::{Machine, Profile};
use crate::fsck::{self, FsckOptions, Report};
use crate::sidecar;

/// How the archive stops at a call, and what happens before it is open again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The power fails.
    PowerCut,
    /// The power fails, and again while the archive opens.
    PowerCutTwice,
    /// The process is killed.
    Kill,
    /// The process is killed, and the power fails while the archive opens.
    KillThenPowerCut,
}

impl Stop {
    pub(super) const ALL: [Self; 4] =
        [Self::PowerCut, Self::PowerCutTwice, Self::Kill, Self::KillThenPowerCut];

    pub(super) fn first(self, machine: &Machine) {
        match self {
            Self::PowerCut | Self::PowerCutTwice => machine.reboot(),
            Self::Kill | Self::KillThenPowerCut => machine.kill_processes(),
        }
    }

    fn stops_again(self) -> bool {
        matches!(self, Self::PowerCutTwice | Self::KillThenPowerCut)
    }
}

/// One run of a script that is stopped.
#[derive(Clone, Copy, Debug)]
struct Case {
    profile: Profile,
    seed: u64,
    call: u64,
    stop: Stop,
}

impl Case {
    /// Runs the script up to the call, opens the archive again and checks it.
    fn run(self, machine: Machine, before: &Model, script: &[Step]) {
        let mut world = World::on(machine);
        world.machine.crash_at(self.call);
        let outcome = world.run(script, before.clone());
        // A close may fail as well, and loses nothing.
        world.close().ok();
        self.stop.first(&world.machine);
        let allowed = outcome.allowed();
        if self.stop.stops_again() {
            // Somewhere in the recovery, whose calls are some hundreds at most.
            world.machine.crash_at(world.machine.calls() + 1 + self.seed % 150);
            world.open().ok();
            drop(world.archive.take());
            world.machine.reboot();
        }
        let report = fsck(&world);
        assert!(report.is_clean(), "fsck of an archive that was stopped: {:#?}", report.findings);
        must_open(&mut world);
        let seen = check(&world, &allowed);
        go_on(&mut world, seen, self.seed);
    }

    /// Runs the case and adds to a failure what repeats it.
    fn run_named(self, (base, before): &(Machine, Model), name: &str, script: &[Step]) {
        let machine = base.fork(self.profile, self.seed);
        let run = catch_unwind(AssertUnwindSafe(|| self.run(machine.clone(), before, script)));
        if let Err(panic) = run {
            println!("{}", machine.trace().join("\n"));
            println!("{name}: {self:?}");
            std::panic::resume_unwind(panic);
        }
    }
}

pub(super) fn must_open(world: &mut World) {
    if let Err(error) = world.open() {
        panic!("the archive does not open: {}", super::survey::chain(&error));
    }
}

pub(super) fn fsck(world: &World) -> Report {
    let options = FsckOptions {
        data: PathBuf::from("/data"),
        disks: Arc::new(world.machine.clone()),
        holder: "suite".to_owned(),
        ..FsckOptions::new(PathBuf::new())
    };
    fsck::check(options, &mut |_| {}).unwrap()
}

/// After a recovery the archive works, stops cleanly, starts again, and starts without its catalog.
pub(super) fn go_on(world: &mut World, mut seen: Model, seed: u64) {
    for step in after() {
        // Whatever the script got to, these can be done.
        if let Err(error) = world.step(&step) {
            panic!("{step:?} after the recovery: {}", super::survey::chain(&error));
        }
        seen.apply(&step);
    }
    let expected = [seen.visible()];
    check(world, &expected);
    world.close().unwrap();
    let report = fsck(world);
    assert_eq!(report.findings, [], "fsck of an archive that was closed");
    if seed.is_multiple_of(4) {
        world.machine.disk("data").unwrap().remove_durable("catalog/catalog.redb").unwrap();
    }
    world.machine.reboot();
    must_open(world);
    check(world, &expected);
}

fn after() -> Vec<Step> {
    vec![
        Step::Put { key: "afterwards", size: 900, fill: 90, note: 10, class: None },
        Step::Put { key: "small", size: 80_000, fill: 91, note: 10, class: None },
        Step::Delete { key: "large" },
    ]
}

/// How many calls change or sync something when nothing stops the script.
fn calls_of((base, before): &(Machine, Model), script: &[Step]) -> u64 {
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    let outcome = world.run(script, before.clone());
    assert!(outcome.unanswered.is_none(), "{:?}", outcome.unanswered);
    world.close().unwrap();
    world.machine.calls()
}

fn stop_everywhere(name: &str, script: &[Step], profile: Profile, stride: usize) {
    let base = World::prepared(&script::before());
    let total = calls_of(&base, script);
    let budget = Budget::new(stride, 4);
    let mut cases = 0;
    for seed in 0..budget.seeds {
        for call in budget.calls(total, profile as usize) {
            let seed = seed * 1_000_003 + call;
            let stop = Stop::ALL[(seed / 3 % 4) as usize];
            Case { profile, seed, call, stop }.run_named(&base, name, script);
            cases += 1;
        }
    }
    println!("{name}, {profile:?}: {cases} stops over {total} calls");
}

const STRIDE: usize = 8;

/// The note that makes the first sidecar of the script of limits one byte shorter than the bound. The lengths of
/// the others are checked on the way.
fn limit_note() -> usize {
    let (base, _) = World::prepared(&script::before());
    let lengths = |note: usize| -> Vec<(usize, bool)> {
        let mut world = World::on(base.fork(Profile::Ordered, 0));
        world.open().unwrap();
        let steps = script::limits(note);
        let (_delete, steps) = steps.split_last().unwrap();
        let lengths = steps.iter().map(|step| {
            world.step(step).unwrap();
            sidecar_of(&world, "small_")
        });
        lengths.collect()
    };
    let (short, _) = lengths(10)[0];
    let note = 10 + sidecar::SIDECAR_BYTES_MAX - 1 - short;
    let (below, bound) = (sidecar::SIDECAR_BYTES_MAX - 1, sidecar::SIDECAR_BYTES_MAX);
    let found = lengths(note);
    assert_eq!(found[..2], [(below, false), (bound, false)]);
    assert!(found[2].1 && found[4].1, "one byte more overflows: {found:?}");
    assert_eq!([found[3], found[5]], [(bound, false), (below, false)]);
    note
}

/// The length of the one sidecar whose name begins so, and whether it has an overflow sidecar.
fn sidecar_of(world: &World, name: &str) -> (usize, bool) {
    let disk = world.machine.disk("data/elements/edit-01").unwrap();
    let files = super::survey::files_below(&disk, "");
    let of_name: Vec<&String> = files.iter().filter(|path| path.contains(&format!("/{name}"))).collect();
    let [sidecar] = of_name.iter().filter(|path| path.ends_with(".attr.json")).collect::<Vec<_>>()[..] else {
        panic!("one sidecar: {of_name:?}")
    };
    let length = disk.read_whole(sidecar, sidecar::SIDECAR_BYTES_MAX).unwrap().len();
    (length, of_name.iter().any(|path| path.contains(".attr.ext.")))
}

/// Repeats one case, given as its script, profile, seed, call and stop in `ARTSTORE_TEST_CASE`, such
/// as `objects Torn 53 53 Kill`.
#[test]
#[ignore = "repeats a case that another test has found"]
fn replay() {
    let text = super::budget::replayed_case();
    // The name may have spaces.
    let words: Vec<&str> = text.rsplitn(5, ' ').collect();
    let [stop, call, seed, profile, name] = words[..] else { panic!("a name and four words: {text:?}") };
    let script = match name {
        "objects" => script::objects(),
        "copies" => script::copies(),
        "annotations" => script::annotations(),
        "versions" => script::versions(),
        "buckets" => script::buckets(),
        "uploads" => script::uploads(),
        "large upload" => script::large_upload(),
        "clock" => script::clock(),
        "transfers" => script::transfers(),
        "archiving" => script::archiving(Kept::InFolder),
        "archiving to a bucket" => script::archiving(Kept::InBucket),
        "disposals" => script::disposals(Kept::InFolder),
        "disposals in a bucket" => script::disposals(Kept::InBucket),
        "limits" => script::limits(limit_note()),
        other => panic!("no script is called {other}"),
    };
    let profile = Profile::ALL.into_iter().find(|found| format!("{found:?}") == profile).unwrap();
    let stop = Stop::ALL.into_iter().find(|found| format!("{found:?}") == stop).unwrap();
    let (seed, call) = (seed.parse().unwrap(), call.parse().unwrap());
    Case { profile, seed, call, stop }.run_named(&World::prepared(&script::before()), name, &script);
}

#[test]
fn objects_survive_an_ordered_device() {
    stop_everywhere("objects", &script::objects(), Profile::Ordered, STRIDE);
}

#[test]
fn objects_survive_a_reordering_device() {
    stop_everywhere("objects", &script::objects(), Profile::Reordered, STRIDE);
}

#[test]
fn objects_survive_torn_writes() {
    stop_everywhere("objects", &script::objects(), Profile::Torn, STRIDE);
}

#[test]
fn objects_survive_lost_entries() {
    stop_everywhere("objects", &script::objects(), Profile::LostEntries, STRIDE);
}

#[test]
fn copies_survive() {
    for profile in Profile::ALL {
        stop_everywhere("copies", &script::copies(), profile, 4 * STRIDE);
    }
}

#[test]
fn annotations_survive() {
    for profile in Profile::ALL {
        stop_everywhere("annotations", &script::annotations(), profile, 4 * STRIDE);
    }
}

#[test]
fn versions_survive() {
    for profile in Profile::ALL {
        stop_everywhere("versions", &script::versions(), profile, 4 * STRIDE);
    }
}

#[test]
fn buckets_and_control_documents_survive() {
    for profile in Profile::ALL {
        stop_everywhere("buckets", &script::buckets(), profile, 3 * STRIDE);
    }
}

#[test]
fn uploads_survive() {
    for profile in Profile::ALL {
        stop_everywhere("uploads", &script::uploads(), profile, 3 * STRIDE);
    }
}

/// A transfer, and the transition of an element, happen whole or not at all, and the version is there all the time.
#[test]
fn transfers_survive() {
    for profile in Profile::ALL {
        stop_everywhere("transfers", &script::transfers(), profile, 4 * STRIDE);
    }
}

/// Archived bytes are always whole in one place, here or on the target; a restore is there or not, and an element that
/// becomes ar is ro until all of it is safe.
#[test]
fn archiving_survives() {
    for profile in Profile::ALL {
        stop_everywhere("archiving", &script::archiving(Kept::InFolder), profile, 5 * STRIDE);
    }
}

/// The same of a bucket elsewhere: a stop during a request leaves the object there whole or not at all.
#[test]
fn archiving_to_a_bucket_survives() {
    for profile in Profile::ALL {
        let script = script::archiving(Kept::InBucket);
        stop_everywhere("archiving to a bucket", &script, profile, 5 * STRIDE);
    }
}

/// What was disposed of stays away and its tombstone stands, and what was not is whole.
#[test]
fn disposals_survive() {
    for profile in Profile::ALL {
        stop_everywhere("disposals", &script::disposals(Kept::InFolder), profile, 5 * STRIDE);
    }
}

/// The same where the bytes are in a bucket.
#[test]
fn disposals_in_a_bucket_survive() {
    for profile in Profile::ALL {
        let script = script::disposals(Kept::InBucket);
        stop_everywhere("disposals in a bucket", &script, profile, 8 * STRIDE);
    }
}

/// Jumps of the clock change neither the order of versions nor what is kept, wherever the power fails.
#[test]
fn clock_jumps_survive() {
    for profile in Profile::ALL {
        stop_everywhere("clock", &script::clock(), profile, 6 * STRIDE);
    }
}

/// Sidecars of 4,095, 4,096 and, with what overflows, of 4,097 bytes.
#[test]
fn sidecars_at_their_bound_survive() {
    let script = script::limits(limit_note());
    for profile in Profile::ALL {
        stop_everywhere("limits", &script, profile, 4 * STRIDE);
    }
}

#[test]
fn large_uploads_survive() {
    for profile in Profile::ALL {
        stop_everywhere("large upload", &script::large_upload(), profile, 12 * STRIDE);
    }
}

/// A kill while the mark of the last checkpoint is synced leaves it in the cache alone. The start that reads it
/// frees no segment of the log before a mark is durable: a power cut would bring back one that names it.
#[test]
fn a_mark_that_may_not_be_durable_frees_no_log() {
    let base = World::prepared(&script::before());
    let run = |world: &mut World| {
        let outcome = world.run(&script::short(), base.1.clone());
        let calls = world.machine.calls();
        world.close().ok();
        (outcome, calls)
    };
    let mut probe = World::on(base.0.fork(Profile::Reordered, 0));
    let (_, before_close) = run(&mut probe);
    let marked = |world: &World, after| call_after(world, after, &[" sync ", "control/checkpoint"]);
    let sync = marked(&probe, before_close);

    let mut world = World::on(base.0.fork(Profile::Reordered, 0));
    world.machine.crash_at(sync);
    let (outcome, _) = run(&mut world);
    world.machine.kill_processes();
    let start = world.machine.calls();
    must_open(&mut world);
    check(&world, &outcome.allowed());
    let freed = call_after(&world, start, &[" replace ", ".log -> ", ".spare"]);
    assert!(marked(&world, start) < freed, "{}", world.machine.trace().join("\n"));
}

/// A kill while a frame of the log is synced leaves it in the cache alone. The start that reads it makes it durable
/// before it brings its changes about: a power cut would leave files that no log and no catalog know.
#[test]
fn a_start_makes_the_last_frame_durable_first() {
    let base = World::prepared(&script::before());
    let mut probe = World::on(base.0.fork(Profile::Reordered, 0));
    probe.open().unwrap();
    let before = probe.machine.calls();
    probe.run(&script::short(), base.1.clone());
    let sync = call_after(&probe, before, &[" sync ", "/wal/"]);

    let mut world = World::on(base.0.fork(Profile::Reordered, 0));
    world.machine.crash_at(sync);
    world.run(&script::short(), base.1.clone());
    world.close().ok();
    world.machine.kill_processes();
    let start = world.machine.calls();
    must_open(&mut world);
    let durable = call_after(&world, start, &[" sync ", "/wal/"]);
    let brought_about = call_after(&world, start, &[" create ", "/staging/"]);
    assert!(durable < brought_about, "{}", world.machine.trace().join("\n"));
}

/// The first call after `start` whose line holds all of `words`.
fn call_after(world: &World, start: u64, words: &[&str]) -> u64 {
    let trace = world.machine.trace();
    let number = |line: &str| line.trim_start().split(' ').next().and_then(|number| number.parse().ok());
    let lines = trace.iter().filter(|line| words.iter().all(|word| line.contains(word)));
    let found = lines.filter_map(|line| number(line)).find(|call| *call > start);
    found.unwrap_or_else(|| panic!("no call after {start} of {words:?}: {}", trace.join("\n")))
}

/// The first start of all: nothing is there, and the power fails while the archive is made.
#[test]
fn the_first_start_survives() {
    let empty = (Machine::new(Profile::Ordered, 0), Model::default());
    let script = script::before();
    let total = calls_of(&empty, &script);
    let budget = Budget::new(3 * STRIDE, 2);
    for profile in Profile::ALL {
        for call in budget.calls(total, profile as usize) {
            let stop = Stop::ALL[(call % 4) as usize];
            let case = Case { profile, seed: call, call, stop };
            let machine = empty.0.fork(profile, call);
            let run = || {
                let mut world = World::on(machine.clone());
                world.machine.crash_at(call);
                let outcome = world.run(&script, Model::default());
                drop(world.archive.take());
                stop.first(&world.machine);
                must_open(&mut world);
                check(&world, &outcome.allowed());
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                println!("{}", machine.trace().join("\n"));
                println!("first start: {case:?}");
                std::panic::resume_unwind(panic);
            }
        }
    }
}
