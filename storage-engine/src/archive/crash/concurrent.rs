//! Many clients at once, and the power fails: each of them finds what it was answered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::budget::Budget;
use super::model::Model;
use super::script::{BUCKET, Step};
use super::survey::{chain, check_files, survey};
use super::world::World;
use crate::disk::simulated::{Machine, Profile};

/// The keys of each client; nobody else touches them.
const KEYS: [[&str; 2]; 4] = [["a/1", "a/2"], ["b/1", "b/2"], ["c/1", "c/2"], ["d/1", "d/2"]];
const ROUNDS: u8 = 6;
/// Keys whose object is replaced by one on another element.
const REPLACED: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];

/// What one client did: what was acknowledged, and the step that was not.
struct Client {
    acknowledged: Model,
    unanswered: Option<Step>,
}

fn script_of(client: usize) -> Vec<Step> {
    let [first, second] = KEYS[client];
    let put = |key, size, fill| Step::Put { key, size, fill, note: 10, class: None };
    (0..ROUNDS)
        .flat_map(|round| {
            let fill = 100 + round * 16 + 2 * client as u8;
            [put(first, 500, fill), put(second, 66_000, fill + 1), Step::Delete { key: first }]
        })
        .collect()
}

fn run_client(world: &World, client: usize) -> Client {
    let mut outcome = Client { acknowledged: Model::default(), unanswered: None };
    for step in script_of(client) {
        if world.shared_step(&step).is_err() {
            outcome.unanswered = Some(step);
            break;
        }
        outcome.acknowledged.apply(&step);
    }
    outcome
}

fn stop_at(machine: Machine, call: u64) {
    let mut world = World::on(machine);
    world.open().unwrap();
    world.machine.crash_at(world.machine.calls() + call);
    let clients: Vec<Client> = std::thread::scope(|scope| {
        let world = &world;
        let threads: Vec<_> =
            (0..KEYS.len()).map(|client| scope.spawn(move || run_client(world, client))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    drop(world.archive.take());
    world.machine.reboot();
    if let Err(error) = world.open() {
        panic!("the archive does not open: {}", chain(&error));
    }
    let seen = survey(world.archive.as_ref().unwrap()).unwrap();
    check_files(&world, &seen);
    for (client, outcome) in clients.iter().enumerate() {
        let mut after = outcome.acknowledged.clone();
        outcome.unanswered.iter().for_each(|step| after.apply(step));
        for key in KEYS[client] {
            let at = |model: &Model| model.buckets.get(BUCKET).and_then(|held| held.current(key)).cloned();
            let found = at(&seen);
            assert!(
                found == at(&outcome.acknowledged) || found == at(&after),
                "client {client}, key {key}: {found:?} is neither {:?} nor {:?}",
                at(&outcome.acknowledged),
                at(&after)
            );
        }
    }
}

/// Replaces objects on one element by objects on another; the steps that it took.
fn replace_all(world: &World, keys: &[&'static str]) -> Vec<Step> {
    let mut taken = Vec::new();
    for (fill, key) in (0..).zip(keys) {
        let size = if fill % 2 == 0 { 500 } else { 66_000 };
        for (fill, class) in [(fill, None), (100 + fill, Some("STANDARD_IA"))] {
            let step = Step::Put { key, size, fill, note: 10, class };
            world.shared_step(&step).unwrap();
            taken.push(step);
        }
    }
    taken
}

/// Objects on one element are replaced by objects on another while checkpoints are taken: whichever of these
/// changes the last one covers, a stop right after it brings nothing back that was replaced.
#[test]
fn a_checkpoint_is_of_one_moment() {
    let budget = Budget::new(16, 1);
    for round in budget.calls(400, 0) {
        // The order of the elements differs from round to round.
        let (machine, mut known) = World::prepared(&[Step::CreateBucket(BUCKET)]);
        let mut world = World::on(machine);
        world.open().unwrap();
        let taken = std::thread::scope(|scope| {
            let world = &world;
            let inner = &world.archive.as_ref().unwrap().inner;
            let clients: Vec<_> =
                REPLACED.chunks(4).map(|keys| scope.spawn(move || replace_all(world, keys))).collect();
            for _ in 0..2 {
                inner.run_checkpoint(false).unwrap();
            }
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
        });
        taken.iter().for_each(|step| known.apply(step));
        let mut after = World::on(world.machine.fork(Profile::Ordered, round));
        if let Err(error) = after.open() {
            panic!("round {round}: the archive does not open: {}", chain(&error));
        }
        let seen = survey(after.archive.as_ref().unwrap()).unwrap();
        assert!(seen == known.visible(), "round {round}: what was replaced is back");
        check_files(&after, &seen);
    }
}

#[test]
fn every_client_finds_what_it_was_answered() {
    let (base, _) = World::prepared(&[Step::CreateBucket(BUCKET)]);
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    world.open().unwrap();
    let before = world.machine.calls();
    for client in 0..KEYS.len() {
        assert!(run_client(&world, client).unanswered.is_none());
    }
    // Together they make fewer calls than one after the other.
    let total = world.machine.calls() - before;
    let budget = Budget::new(40, 3);
    for profile in Profile::ALL {
        for seed in 0..budget.seeds {
            for call in budget.calls(total, 10 * profile as usize) {
                let machine = base.fork(profile, seed + call);
                let run = || stop_at(machine.clone(), call);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                    println!("{}", machine.trace().join("\n"));
                    println!("{profile:?}, seed {}, call {call} of the clients", seed + call);
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}
