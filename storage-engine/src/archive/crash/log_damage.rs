//! The log cut and changed: a torn last record is passed over, any other damage is refused.

use super::budget::Budget;
use super::model::Model;
use super::script;
use super::survey::{chain, check};
use super::world::World;
use crate::disk::simulated::{Machine, Profile};
use crate::error::ErrorKind;
use crate::log::WAL_DIR;

const BLOCK: usize = 4096;
const MAGIC: &[u8] = b"ASF1";
const ROOT: &str = "data/elements/edit-01";

/// A machine whose processes were killed at the end of the short script, with the log still holding it.
struct Killed {
    machine: Machine,
    /// The state after each step, the first before all of them.
    states: Vec<Model>,
    log: String,
    /// Where frames begin, and where the last one ends.
    frames: Vec<usize>,
}

/// The last step is killed in the sync of its record: written whole, and nothing of it applied.
fn killed() -> Killed {
    let (base, before) = World::prepared(&script::before());
    let steps = script::short();
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    world.run(&steps, before.clone());
    let trace = world.machine.trace();
    let is_sync = |line: &&String| line.contains(" sync ") && line.contains("/wal/");
    let last_sync = trace.iter().rfind(is_sync).expect("the last step syncs the log").trim_start();
    let last_sync: u64 = last_sync.split(' ').next().unwrap().parse().unwrap();
    drop(world);

    let mut world = World::on(base.fork(Profile::Ordered, 0));
    world.machine.crash_at(last_sync);
    let outcome = world.run(&steps, before.clone());
    assert!(outcome.unanswered.is_some(), "the last step was stopped");
    drop(world.archive.take());
    world.machine.kill_processes();
    let mut states = vec![before];
    for step in &steps {
        let mut next = states.last().unwrap().clone();
        next.apply(step);
        states.push(next);
    }
    let disk = world.machine.disk(ROOT).unwrap();
    let names = disk.read_dir(WAL_DIR).unwrap().into_iter().map(|entry| entry.name);
    let newest = names.filter(|name| name.ends_with(".log")).max().expect("a segment");
    let log = format!("{WAL_DIR}/{newest}");
    let bytes = disk.read_whole(&log, 64 << 20).unwrap();
    // A segment is used again: frames of an earlier use have another salt.
    let salt = &bytes[24..32];
    let is_frame = |at: &usize| bytes[*at..].starts_with(MAGIC) && &bytes[at + 16..at + 24] == salt;
    let mut frames: Vec<usize> = (BLOCK..bytes.len()).step_by(BLOCK).filter(is_frame).collect();
    let last = *frames.last().expect("frames");
    let payload = u32::from_le_bytes(bytes[last + 4..last + 8].try_into().unwrap()) as usize;
    frames.push(last + 32 + payload);
    assert_eq!(frames.len(), states.len(), "one frame a step: {frames:?}");
    Killed { machine: world.machine, states, log, frames }
}

impl Killed {
    /// Opens a copy whose log was changed; the error, or the number of the state it opened with.
    fn open_changed(&self, change: impl FnOnce(&Machine, &str)) -> Result<usize, ErrorKind> {
        let mut world = World::on(self.machine.fork(Profile::Ordered, 0));
        change(&world.machine, &self.log);
        if let Err(error) = world.open() {
            assert!(!chain(&error).is_empty());
            return Err(error.kind());
        }
        let allowed: Vec<Model> = self.states.iter().map(Model::visible).collect();
        let seen = check(&world, &allowed);
        Ok(allowed.iter().position(|state| *state == seen).unwrap())
    }

    fn last_state(&self) -> usize {
        self.states.len() - 1
    }
}

fn overwrite(machine: &Machine, log: &str, at: usize, bytes: &[u8]) {
    machine.disk(ROOT).unwrap().open_to_write(log).unwrap().write_at(bytes, at as u64).unwrap();
}

fn byte_at(machine: &Machine, log: &str, at: usize) -> u8 {
    let mut byte = [0];
    machine.disk(ROOT).unwrap().open(log).unwrap().read_at(&mut byte, at as u64).unwrap();
    byte[0]
}

/// The control: the log unchanged gives every step.
#[test]
fn a_killed_process_loses_no_step() {
    let killed = killed();
    assert_eq!(killed.open_changed(|_, _| {}), Ok(killed.last_state()));
}

/// The last record cut at any byte: the steps before it are there, it is not.
#[test]
fn a_last_record_cut_at_any_byte_is_passed_over() {
    let killed = killed();
    let (start, end) = (killed.frames[killed.frames.len() - 2], *killed.frames.last().unwrap());
    let budget = Budget::new((end - start) / 12, 1);
    for cut in budget.calls((end - start) as u64, 3).map(|byte| start + byte as usize - 1) {
        let opened = killed.open_changed(|machine, log| {
            let zeros = vec![0; end.next_multiple_of(BLOCK) - cut];
            overwrite(machine, log, cut, &zeros);
        });
        assert_eq!(opened, Ok(killed.last_state() - 1), "cut at byte {} of the record", cut - start);
    }
    // The file itself may end there.
    let opened = killed.open_changed(|machine, log| {
        let file = machine.disk(ROOT).unwrap().open_to_write(log).unwrap();
        file.set_len(((start + end) / 2) as u64).unwrap();
    });
    assert_eq!(opened, Ok(killed.last_state() - 1));
}

/// One bit changed in any record but the last is corruption, and is refused.
#[test]
fn a_changed_bit_in_a_durable_record_is_refused() {
    let killed = killed();
    let budget = Budget::new(1, 1);
    for frame in 0..killed.frames.len() - 2 {
        let start = killed.frames[frame];
        for place in [0, 5, 9, 17, 25, 29, 33, 60, 200].into_iter().step_by(budget.stride) {
            let opened = killed.open_changed(|machine, log| {
                let byte = byte_at(machine, log, start + place);
                overwrite(machine, log, start + place, &[byte ^ 0x10]);
            });
            assert_eq!(opened, Err(ErrorKind::Corrupt), "frame {frame}, byte {place}");
        }
    }
}

/// Two neighbouring records changed, with a whole one behind them, are no torn tail either.
#[test]
fn two_changed_records_before_a_whole_one_are_refused() {
    let killed = killed();
    assert!(killed.frames.len() > 3);
    let opened = killed.open_changed(|machine, log| {
        for frame in [0, 1] {
            overwrite(machine, log, killed.frames[frame] + 40, b"########");
        }
    });
    assert_eq!(opened, Err(ErrorKind::Corrupt));
}

/// The header of a segment changed, or the segment gone: refused, never an archive without its newest changes.
#[test]
fn a_damaged_or_missing_segment_is_refused() {
    let killed = killed();
    for place in [0, 7, 9, 17, 25, 33, 49] {
        let opened = killed.open_changed(|machine, log| {
            let byte = byte_at(machine, log, place);
            overwrite(machine, log, place, &[byte ^ 0x10]);
        });
        assert!(
            matches!(opened, Err(ErrorKind::Corrupt | ErrorKind::NewerFormat)),
            "byte {place} of the header: {opened:?}"
        );
    }
    let opened = killed.open_changed(|machine, log| machine.disk(ROOT).unwrap().remove(log).unwrap());
    assert_eq!(opened, Err(ErrorKind::Corrupt), "the newest segment is gone");
}

/// Sidecars and data changed on the disk are found, not served.
#[test]
fn changed_data_is_not_served() {
    let (base, _) = World::prepared(&script::before());
    let mut world = World::on(base.fork(Profile::Ordered, 0));
    let disk = world.machine.disk(ROOT).unwrap();
    let files = super::survey::files_below(&disk, "");
    let large = files
        .iter()
        .find(|path| path.starts_with("20") && path.contains("large_") && !path.ends_with(".json"));
    let large = large.expect("the data file of a large object");
    let file = disk.open_to_write(large).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, 66_000).unwrap();
    file.write_at(&[byte[0] ^ 1], 66_000).unwrap();
    world.open().unwrap();
    let archive = world.archive.as_ref().unwrap();
    let key = if large.contains("kept") { "kept/large" } else { "large" };
    let mut corrupt = 0;
    for key in ["large", "kept/large"] {
        let reader =
            archive.read(&super::world::bucket("archive"), &super::world::object_key(key), None).unwrap();
        assert_eq!(reader.read_at(0, 1000).unwrap().len(), 1000, "the first block is whole");
        for (offset, length) in [(66_000, 1), (65_536, 100), (0, 70_000)] {
            if let Err(error) = reader.read_at(offset, length) {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", chain(&error));
                corrupt += 1;
            }
        }
    }
    assert_eq!(
        corrupt, 3,
        "one of the two large objects ({key}) was changed, and no read of its block passes"
    );
}
