//! The log: what it promises to bring back, and what it refuses to guess.

use std::collections::VecDeque;
use std::sync::Arc;

use super::frame;
use super::record::{Attachments, Change, Record};
use super::recovery::{self, LogStart, Recovered};
use super::segment::{SEGMENT_BYTES, WAL_DIR, path_of};
use super::writer::{Log, begin_checkpoint};
use crate::bell::Bell;
use crate::caller::{Caller, Door};
use crate::digest::crc32c_of;
use crate::disk::SharedDisk;
use crate::disk::simulated::random::Random;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::name::ElementId;
use crate::{ErrorKind, Result};

const START: LogStart = LogStart { segment: 0, must_exist: false };

fn machine() -> (Machine, SharedDisk) {
    let machine = Machine::new(Profile::Reordered, 7);
    let disk = machine.disk("element").unwrap();
    disk.create_dir_durable(WAL_DIR).unwrap();
    (machine, disk)
}

fn element() -> ElementId {
    ElementId::new(uuid::Uuid::from_u128(42))
}

fn start(disk: &SharedDisk, next: (u64, u64), closed: VecDeque<u64>) -> Arc<Log> {
    Log::start(Arc::clone(disk), element(), next, closed, Vec::new(), Arc::new(Bell::new())).unwrap()
}

fn record(seq: u64) -> Record {
    let caller = Caller {
        account: "account".into(),
        account_name: "name".into(),
        door: Door::Job,
        address: None,
        request_id: "R".into(),
        operation: "Test",
    };
    Record::new(seq, 0, &caller, Change::Note)
}

fn body(seq: u64, length: usize) -> Attachments {
    Attachments { body: vec![seq as u8; length].into(), ..Attachments::default() }
}

fn append(log: &Arc<Log>, seq: u64, length: usize) -> Result<()> {
    log.append(record(seq), &body(seq, length)).map(super::writer::Committed::applied)
}

fn read(disk: &SharedDisk, start: LogStart) -> Result<(Vec<u64>, Recovered)> {
    let mut found = Vec::new();
    let recovered = recovery::read(&**disk, element(), start, |record, attachments| {
        assert!(attachments.body.iter().all(|byte| *byte == record.seq as u8), "body of {}", record.seq);
        found.push(record.seq);
        Ok(())
    })?;
    Ok((found, recovered))
}

/// A record whose append returned is there after a power cut, over any number of segments.
#[test]
fn what_was_appended_is_there() {
    let (machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    let length = usize::try_from(SEGMENT_BYTES / 5).unwrap();
    for seq in 1..=9 {
        append(&log, seq, length).unwrap();
    }
    machine.reboot();
    let disk = machine.disk("element").unwrap();
    let (found, recovered) = read(&disk, START).unwrap();
    assert_eq!(found, (1..=9).collect::<Vec<_>>());
    assert_eq!(recovered.live.len(), 3);
    assert_eq!(recovered.torn_bytes, 0);

    // Writing goes on in a new segment, and both parts are read as one.
    let log = start(&disk, (recovered.next_segment, recovered.next_frame), recovered.live);
    append(&log, 10, 10).unwrap();
    assert_eq!(read(&disk, START).unwrap().0, (1..=10).collect::<Vec<_>>());
}

/// A checkpoint frees what is before it, the files are used again, and old records do not come back.
#[test]
fn segments_are_used_again() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    let mut seq = 0;
    for _ in 0..5 {
        for _ in 0..3 {
            seq += 1;
            append(&log, seq, 100_000).unwrap();
        }
        let boundary = begin_checkpoint(&[&log]).unwrap()[0];
        log.free_before(boundary).unwrap();
    }
    append(&log, 99, 10).unwrap();
    assert_eq!(read(&disk, START).unwrap().0, [99]);
    assert!(disk.read_dir(WAL_DIR).unwrap().len() <= 4, "{:?}", disk.read_dir(WAL_DIR));
}

/// Whichever call fails for want of room while the next segment is prepared, the log goes on in the one it has: what
/// follows is there after a power cut, and the next try succeeds.
#[test]
fn a_segment_that_was_not_taken_into_use_is_passed_over() {
    let prepared = |fault_at: Option<u64>| {
        let (machine, disk) = machine();
        let log = start(&disk, (1, 1), VecDeque::new());
        append(&log, 1, 10).unwrap();
        let boundary = begin_checkpoint(&[&log]).unwrap()[0];
        log.free_before(boundary).unwrap();
        append(&log, 2, 10).unwrap();
        let before = machine.calls();
        if let Some(at) = fault_at {
            machine.fail_at(before + at, Fault::NoSpace);
        }
        let checkpoint = begin_checkpoint(&[&log]).map(drop);
        let calls = machine.calls() - before;
        (machine, log, checkpoint, (LogStart { segment: boundary, must_exist: true }, calls))
    };
    let (.., (_, calls)) = prepared(None);
    assert!(calls >= 4, "{calls} calls prepare a segment");
    for at in 1..=calls {
        let (machine, log, checkpoint, (mark, _)) = prepared(Some(at));
        assert_eq!(checkpoint.unwrap_err().kind(), ErrorKind::StorageFull, "call {at}");
        append(&log, 3, 10).unwrap();
        append(&log, 4, 10).unwrap();
        let cut = machine.fork(Profile::Reordered, at);
        cut.reboot();
        assert_eq!(read(&cut.disk("element").unwrap(), mark).unwrap().0, [2, 3, 4], "call {at}");
        let killed = machine.fork(Profile::Ordered, at);
        killed.kill_processes();
        let disk = killed.disk("element").unwrap();
        let (found, mut recovered) = read(&disk, mark).unwrap();
        assert_eq!(found, [2, 3, 4], "call {at}");
        recovered.free(&*disk).unwrap();
        let boundary = begin_checkpoint(&[&log]).unwrap()[0];
        append(&log, 5, 10).unwrap();
        log.free_before(boundary).unwrap();
        assert_eq!(read(&machine.disk("element").unwrap(), START).unwrap().0, [5], "call {at}");
    }
}

/// A checkpoint waits for changes that are committed and not yet applied; one that is dropped
/// unapplied latches the log, because only recovery can apply it.
#[test]
fn an_unapplied_change_is_never_freed() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    drop(log.append(record(1), &body(1, 10)).unwrap());
    assert!(log.is_latched());
    assert_eq!(begin_checkpoint(&[&log]).unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(append(&log, 2, 10).unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(read(&disk, START).unwrap().0, [1]);
}

/// The log cut at any byte of its last frame brings back every frame before it, quietly.
#[test]
fn a_torn_tail_is_passed_over() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    for seq in 1..=3 {
        append(&log, seq, 5000).unwrap();
    }
    drop(log);
    let path = path_of(1);
    let whole = disk.read_whole(&path, SEGMENT_BYTES as usize).unwrap();
    let file = disk.open_to_write(&path).unwrap();
    let last = 4096 + 2 * 8192;
    for keep in (0..8192).step_by(61) {
        file.write_at(&vec![0; 8192], last).unwrap();
        file.write_at(&whole[last as usize..last as usize + keep], last).unwrap();
        let (found, recovered) = read(&disk, START).unwrap();
        let is_whole = whole[last as usize + keep..].iter().all(|byte| *byte == 0);
        assert_eq!(found.len(), if is_whole { 3 } else { 2 }, "{keep} bytes kept");
        assert_eq!(recovered.next_frame, found.len() as u64 + 1);
    }
}

/// One bit flipped in a frame that has whole ones behind it is corruption, never a shorter log.
#[test]
fn a_damaged_frame_before_whole_ones_is_loud() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    for seq in 1..=4 {
        append(&log, seq, 300).unwrap();
    }
    drop(log);
    let path = path_of(1);
    let file = disk.open_to_write(&path).unwrap();
    for damaged in [&[0_u64][..], &[1], &[0, 1], &[1, 2]] {
        let whole = disk.read_whole(&path, SEGMENT_BYTES as usize).unwrap();
        for frame in damaged {
            for at in [0, 5, 9, 17, 25, 40, 200] {
                let at = 4096 + frame * 4096 + at;
                file.write_at(&[whole[at as usize] ^ 4], at).unwrap();
            }
        }
        assert_eq!(
            read(&disk, START).err().map(|error| error.kind()),
            Some(ErrorKind::Corrupt),
            "{damaged:?}"
        );
        file.write_at(&whole, 0).unwrap();
    }
    assert_eq!(read(&disk, START).unwrap().0, [1, 2, 3, 4]);
}

/// A segment that is missing in the middle, or that the mark names, is loud; so is another's log.
#[test]
fn a_missing_segment_is_loud() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    let length = usize::try_from(SEGMENT_BYTES / 2).unwrap();
    for seq in 1..=4 {
        append(&log, seq, length).unwrap();
    }
    drop(log);
    disk.remove(&path_of(2)).unwrap();
    assert_eq!(read(&disk, START).err().map(|error| error.kind()), Some(ErrorKind::Corrupt));
    let named = LogStart { segment: 2, must_exist: true };
    assert_eq!(read(&disk, named).err().map(|error| error.kind()), Some(ErrorKind::Corrupt));
    let other = ElementId::new(uuid::Uuid::from_u128(43));
    let foreign = recovery::read(&*disk, other, START, |_, _| Ok(()));
    assert_eq!(foreign.err().map(|error| error.kind()), Some(ErrorKind::Corrupt));
}

/// A failed sync refuses this change and all that follow; a full disk refuses and is over when it is.
#[test]
fn only_an_io_error_latches() {
    let (machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    append(&log, 1, 10).unwrap();
    machine.fail_at(machine.calls() + 1, Fault::NoSpace);
    assert_eq!(append(&log, 2, 10).unwrap_err().kind(), ErrorKind::StorageFull);
    append(&log, 3, 10).unwrap();
    machine.fail_at(machine.calls() + 2, Fault::Io);
    assert_eq!(append(&log, 4, 10).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(append(&log, 5, 10).unwrap_err().kind(), ErrorKind::Unavailable);
    machine.reboot();
    let (found, _) = read(&machine.disk("element").unwrap(), START).unwrap();
    assert_eq!(found, [1, 3]);
}

/// Concurrent changes share syncs, each is there, and each thread's own stay in order.
#[test]
fn concurrent_changes_share_a_sync() {
    let (machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    let before = machine.calls();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let log = &log;
            scope.spawn(move || (0..50).for_each(|at| append(log, thread * 1000 + at, 100).unwrap()));
        }
    });
    let calls = machine.calls() - before;
    let (found, _) = read(&disk, START).unwrap();
    assert_eq!(found.len(), 400);
    for thread in 0..8 {
        let own: Vec<u64> = found.iter().copied().filter(|seq| seq / 1000 == thread).collect();
        assert!(own.is_sorted() && own.len() == 50);
    }
    assert!(calls <= 800, "{calls} calls for 400 changes: a write and a sync for each at most");
}

/// A log whose segments all wait for a checkpoint goes on as soon as one has been made, although the
/// change that waits for it leads; and where checkpoints fail, the change is refused.
#[test]
fn a_full_log_waits_for_a_checkpoint() {
    let (_machine, disk) = machine();
    let log = start(&disk, (1, 1), VecDeque::new());
    let length = usize::try_from(SEGMENT_BYTES / 2 + 1000).unwrap();
    let (sender, full) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let writing = Arc::clone(&log);
        scope.spawn(move || {
            for seq in 1..=12 {
                append(&writing, seq, length).unwrap();
                sender.send(seq).unwrap();
            }
        });
        // Five segments are written, four of them closed: the sixth record has no room.
        let mut written = 0;
        for _ in 0..20_000 {
            written = full.recv_timeout(std::time::Duration::from_millis(1)).unwrap_or(written);
            if written >= 5 {
                let boundary = begin_checkpoint(&[&log]).unwrap()[0];
                log.free_before(boundary).unwrap();
            }
            if written == 12 {
                break;
            }
        }
        assert_eq!(written, 12, "the log goes on after a checkpoint");
    });
    log.set_stalled(true);
    let refused = (13..30).map(|seq| append(&log, seq, length)).find_map(Result::err);
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Unavailable));
}

/// Frames and records of any bytes, also where the checksum fits, are read or passed over, never more; what is
/// read is no longer than what was there.
#[test]
fn no_bytes_make_the_log_panic() {
    let mut chance = Random::new(1);
    let whole = record(7).encode(&body(7, 300)).unwrap().bytes;
    let (mut frames, mut records) = (0, 0);
    for _ in 0..50_000 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.up_to(3) {
            let at = chance.up_to(bytes.len() - 1);
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(chance.up_to(10 * bytes.len()).min(bytes.len()));
        records += usize::from(is_read(&bytes));

        let mut framed = frame::encode(1, 9, &[&whole, &bytes]);
        let length = 32 + 8 + whole.len() + bytes.len();
        // The count of records and the length of one are not what they say.
        let at = [28, 32, 36 + whole.len()][chance.up_to(2)] + chance.up_to(3);
        framed[at] = chance.next() as u8;
        let checksum = crc32c_of(&[&framed[..24], &framed[28..length]]);
        framed[24..28].copy_from_slice(&checksum.to_le_bytes());
        let found = frame::decode(&framed.into(), 1, 9);
        frames += usize::from(found.is_some());
        records += found.into_iter().flat_map(|frame| frame.records).filter(|record| is_read(record)).count();
    }
    assert!(frames > 0 && records > 0, "{frames} frames and {records} records could be read");
}

fn is_read(bytes: &[u8]) -> bool {
    let found = Record::decode(&bytes.to_vec().into());
    found.is_ok_and(|(_, attachments)| {
        assert!(attachments.len() <= bytes.len());
        true
    })
}
