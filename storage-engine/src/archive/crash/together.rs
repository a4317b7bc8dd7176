//! PUTs that are committed together are stopped at a call, or the call fails: each is there whole or not at all,
//! and what was answered is there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::budget::Budget;
use super::failing_call::{Possible, is_uncertain};
use super::model::Model;
use super::power_cut::{Stop, fsck, go_on, must_open};
use super::script::{self, Step};
use super::survey::{chain, check, difference, survey};
use super::world::{Client, World};
use crate::archive::put_together::Outcome;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::error::Error;

const LONG_NOTE: usize = 4000;

/// New keys and old ones, over each kind of object; one is staged, one goes to another element, and one has the
/// key of the first.
fn puts() -> Vec<Step> {
    let put = |key, size, fill, note, class| Step::Put { key, size, fill, note, class };
    vec![
        put("new", 700, 130, 10, None),
        put("small", 800, 131, 10, None),
        put("large", 900, 132, 10, None),
        put("noted", 0, 133, LONG_NOTE, None),
        put("new/large", 70_000, 134, 10, None),
        put("new/final", 700, 135, 10, Some("STANDARD_IA")),
        put("new", 701, 136, 10, None),
    ]
}

/// What was answered to each of the PUTs; `None` where nothing was, or where it is to be put alone.
type Answers = Vec<Option<Result<(), Error>>>;

/// Puts all of them at once. Whose body cannot be staged is not among them.
fn put_together(world: &World) -> Answers {
    let archive = world.archive.as_ref().expect("the archive is open");
    let client = Client { archive };
    let (mut answers, mut ready): (Answers, Vec<_>) = (Vec::new(), Vec::new());
    for (at, step) in puts().into_iter().enumerate() {
        let Step::Put { key, size, fill, note, class } = step else { panic!("a PUT: {step:?}") };
        let put = client.ready_put(key, size, fill, note, class);
        answers.push(put.map(|put| ready.push((at, put))).err().map(Err));
    }
    archive.put_together(ready, &mut |at, outcome| match outcome {
        Outcome::Answered(answer) => answers[at] = Some(answer.map(drop)),
        // The key that is there twice, and by chance one that shares its lock with another.
        Outcome::Alone(_) => {}
    });
    answers
}

/// Every state that the answers allow: what has no answer, or an error that leaves it open, is there or is not.
fn possible(before: &Model, answers: &Answers) -> Possible {
    let mut possible = Possible(vec![before.clone()]);
    for (step, answer) in puts().iter().zip(answers) {
        match answer {
            Some(Ok(())) => possible.acknowledged(step),
            None => possible.failed(step),
            Some(Err(error)) if is_uncertain(error) => possible.failed(step),
            Some(Err(_)) => {}
        }
    }
    possible
}

/// One run that is stopped, or in which one call fails.
#[derive(Clone, Copy, Debug)]
enum Case {
    Stop { profile: Profile, call: u64, stop: Stop },
    Fail { call: u64, fault: Fault },
}

impl Case {
    fn run(self, machine: Machine, before: &Model) {
        let mut world = World::on(machine);
        world.open().unwrap();
        let call = match self {
            Self::Stop { call, .. } => {
                world.machine.crash_at(call);
                call
            }
            Self::Fail { call, fault } => {
                world.machine.fail_at(call, fault);
                call
            }
        };
        let answers = put_together(&world);
        let mut possible = possible(before, &answers);
        if let Self::Fail { .. } = self {
            let seen = self.check_running(&world, &answers, &possible);
            possible.probe(&mut world, &seen);
        }
        match self {
            Self::Stop { stop, .. } => {
                world.close().ok();
                stop.first(&world.machine);
            }
            // No close: the log is what brings the archive back.
            Self::Fail { .. } => {
                world.machine.power_off();
                drop(world.archive.take());
                world.machine.reboot();
            }
        }
        let report = fsck(&world);
        assert!(report.is_clean(), "fsck of an archive that was stopped: {:#?}", report.findings);
        must_open(&mut world);
        let seen = check(&world, &possible.visible());
        go_on(&mut world, seen, call);
    }

    /// While the archive runs it shows what it answered; a file that cannot be published refuses its own PUT and
    /// no other.
    fn check_running(self, world: &World, answers: &Answers, possible: &Possible) -> Model {
        let seen = survey(world.archive.as_ref().expect("the archive is open"));
        let seen = seen.unwrap_or_else(|error| panic!("reads go on: {}", chain(&error)));
        let visible = possible.visible();
        assert!(visible.contains(&seen), "while the archive runs, {}", difference(&seen, &visible));
        let trace = world.machine.trace();
        let failed = trace.iter().find(|line| line.contains(": fails with")).map_or("", |line| line.as_str());
        let refused = answers.iter().filter(|answer| matches!(answer, Some(Err(_)))).count();
        let of_all = ["/wal/", "catalog", "buckets"].iter().any(|of_all| failed.contains(of_all));
        assert!(of_all || refused <= 1, "{failed}: {answers:?}");
        // What cannot be removed afterwards was put all the same.
        let needs_it = !failed.is_empty() && !failed.contains(" remove ");
        assert!(of_all || !needs_it || refused == 1, "{failed}: {answers:?}");
        seen
    }

    fn run_named(self, (base, before): &(Machine, Model)) {
        let profile = match self {
            Self::Stop { profile, .. } => profile,
            Self::Fail { .. } => Profile::Reordered,
        };
        let machine = base.fork(profile, 7);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(machine.clone(), before))) {
            println!("{}\n{self:?}", machine.trace().join("\n"));
            std::panic::resume_unwind(panic);
        }
    }
}

/// The calls of the PUTs alone, when nothing stops them and no two keys share a lock but the one that is there
/// twice.
fn calls_of(base: &(Machine, Model)) -> std::ops::RangeInclusive<u64> {
    let calls = (0..100).find_map(|_| {
        let mut world = World::on(base.0.fork(Profile::Ordered, 0));
        world.open().unwrap();
        let before = world.machine.calls();
        let answers = put_together(&world);
        let (last, rest) = answers.split_last().unwrap();
        if rest.iter().any(Option::is_none) {
            return None;
        }
        assert!(last.is_none() && rest.iter().all(|answer| matches!(answer, Some(Ok(())))), "{answers:?}");
        let after = world.machine.calls();
        let trace = world.machine.trace();
        let calls = trace.iter().rev().take(usize::try_from(after - before).unwrap());
        let log_syncs = calls.filter(|line| line.contains(" sync ") && line.contains("/wal/")).count();
        assert_eq!(log_syncs, 2, "one for each element:\n{}", trace.join("\n"));
        Some(before + 1..=after)
    });
    calls.expect("six keys of thousands rarely share a lock")
}

#[test]
fn puts_together_survive() {
    let base = World::prepared(&script::before());
    let calls = calls_of(&base);
    let budget = Budget::new(4, 1);
    for profile in Profile::ALL {
        for at in budget.calls(calls.clone().count() as u64, profile as usize) {
            let stop = Stop::ALL[(at % 4) as usize];
            Case::Stop { profile, call: calls.start() + at - 1, stop }.run_named(&base);
        }
    }
}

#[test]
fn puts_together_bear_errors() {
    let base = World::prepared(&script::before());
    let calls = calls_of(&base);
    for fault in [Fault::Io, Fault::NoSpace] {
        for call in calls.clone() {
            Case::Fail { call, fault }.run_named(&base);
        }
    }
}
