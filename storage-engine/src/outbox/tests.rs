//! What the outbox promises besides surviving a stop, which the crash suite of the archive tries.

use std::sync::Arc;

use super::event::{Event, EventKind};
use super::line;
use super::queue::Outbox;
use super::segment::{SEGMENT_BYTES_MAX, Segment};
use crate::bucket::{NotificationRule, NotificationTarget};
use crate::caller::{Caller, Door};
use crate::disk::SharedDisk;
use crate::disk::simulated::{Machine, Profile};
use crate::name::BucketName;

fn event(seq: u64) -> Event {
    Event {
        seq,
        kind: EventKind::CreatedPut,
        time_ms: 1,
        owner: "owner".to_owned(),
        bucket: BucketName::parse("docs").unwrap(),
        key: format!("a key\nof {seq}, ä"),
        version: None,
        size: Some(3),
        etag: None,
        mode: None,
        expires_ms: None,
        reason: None,
        account: "owner".to_owned(),
        address: None,
        request_id: "R".to_owned(),
        is_for_owner: true,
        notify: Vec::new(),
    }
}

fn disk() -> SharedDisk {
    Machine::new(Profile::Ordered, 1).disk("data").unwrap()
}

fn all(outbox: &Outbox, max: usize) -> Vec<u64> {
    let (mut at, mut numbers) = (0, Vec::new());
    loop {
        let page = outbox.read(at, max).unwrap();
        numbers.extend(page.events.iter().map(|(_, event)| event.seq));
        if page.position == at {
            return numbers;
        }
        at = page.position;
    }
}

/// Events come in their order, from memory and from files alike, with every size of page, and after a start.
#[test]
fn events_are_read_in_order() {
    let disk = disk();
    let outbox = Outbox::open(Arc::clone(&disk)).unwrap();
    for seq in 1..=9_000 {
        outbox.note(event(seq));
        if seq % 700 == 0 {
            outbox.persist().unwrap();
        }
    }
    let wanted: Vec<u64> = (1..=9_000).collect();
    for max in [1, 97, 5_000] {
        assert!(max == 1 || all(&outbox, max) == wanted);
    }
    outbox.persist().unwrap();
    assert!(Segment::find_all(&*disk).unwrap().len() > 1, "more than one file");
    let again = Outbox::open(Arc::clone(&disk)).unwrap();
    assert_eq!((again.last(), again.written()), (9_000, 9_000));
    assert_eq!(all(&again, 1_000), wanted);
    again.note(event(9_001));
    assert_eq!(again.last(), 9_001);
    assert_eq!(again.read(9_000, 10).unwrap().events[0].1.seq, 9_001);
}

/// What everybody was told of goes, but for the last file, which keeps the count of positions.
#[test]
fn what_was_told_is_let_go() {
    let disk = disk();
    let outbox = Outbox::open(Arc::clone(&disk)).unwrap();
    for seq in 1..=9_000 {
        outbox.note(event(seq));
    }
    outbox.persist().unwrap();
    let before = Segment::find_all(&*disk).unwrap();
    outbox.release(before[0].last);
    assert_eq!(Segment::find_all(&*disk).unwrap().len(), before.len() - 1);
    let page = outbox.read(0, 1).unwrap();
    assert_eq!(
        (page.lost, page.events[0].1.seq),
        (before[0].last, before[1].first),
        "the rest is told as lost"
    );
    outbox.release(9_000);
    assert_eq!(Segment::find_all(&*disk).unwrap().len(), 1);
    assert_eq!(Outbox::open(Arc::clone(&disk)).unwrap().last(), 9_000);
}

/// A file that ends in the middle of an event ends before it, and the next events go on there.
#[test]
fn a_torn_end_is_passed_over() {
    let disk = disk();
    let outbox = Outbox::open(Arc::clone(&disk)).unwrap();
    outbox.note(event(1));
    outbox.note(event(2));
    outbox.persist().unwrap();
    let segment = Segment::find_all(&*disk).unwrap()[0];
    for cut in [segment.bytes - 2, segment.bytes / 2 + 5, 3] {
        disk.open_to_write(&segment.path()).unwrap().set_len(cut).unwrap();
        let whole = if cut == 3 { vec![] } else { vec![1] };
        let again = Outbox::open(Arc::clone(&disk)).unwrap();
        assert_eq!(all(&again, 10), whole, "cut at {cut}");
    }
    let again = Outbox::open(Arc::clone(&disk)).unwrap();
    again.note(event(7));
    again.persist().unwrap();
    assert_eq!(all(&Outbox::open(disk).unwrap(), 10), [7]);
}

/// A byte that was changed costs its event alone.
#[test]
fn a_damaged_line_costs_one_event() {
    let mut bytes = Vec::new();
    for position in 1..=3 {
        line::write(&mut bytes, position, &event(position)).unwrap();
    }
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let (events, damaged) = line::read_all(&bytes, 3);
    assert_eq!(events.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(damaged, 1);
    assert!(bytes.len() < SEGMENT_BYTES_MAX);
}

fn rule(events: &[&str], prefix: Option<&str>, suffix: Option<&str>) -> NotificationRule {
    NotificationRule {
        id: "rule".to_owned(),
        target: NotificationTarget::Queue,
        webhook: "webhook".to_owned(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        prefix: prefix.map(str::to_owned),
        suffix: suffix.map(str::to_owned),
    }
}

/// A rule meets what its names, prefix and suffix say, all of them.
#[test]
fn rules_meet_what_they_name() {
    let table = [
        (rule(&["s3:ObjectCreated:*"], None, None), EventKind::CreatedCopy, "a", true),
        (rule(&["s3:ObjectCreated:*"], None, None), EventKind::RemovedDelete, "a", false),
        (rule(&["s3:ObjectCreated:Put"], None, None), EventKind::CreatedPut, "a", true),
        (rule(&["s3:ObjectCreated:Put"], None, None), EventKind::CreatedPost, "a", false),
        (
            rule(&["s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"], None, None),
            EventKind::TaggingPut,
            "a",
            true,
        ),
        (
            rule(&["s3:ObjectRemoved:*"], Some("in/"), Some(".pdf")),
            EventKind::RemovedMarker,
            "in/a.pdf",
            true,
        ),
        (rule(&["s3:ObjectRemoved:*"], Some("in/"), Some(".pdf")), EventKind::RemovedMarker, "a.pdf", false),
        (
            rule(&["s3:ObjectRemoved:*"], Some("in/"), Some(".pdf")),
            EventKind::RemovedMarker,
            "in/a.txt",
            false,
        ),
        (rule(&["s3:ObjectRestore:*"], None, None), EventKind::RestoreFailed, "a", false),
    ];
    for (rule, kind, key, meets) in table {
        assert_eq!(rule.meets(kind, key), meets, "{rule:?} {kind:?} {key}");
    }
}

/// The kind of an event follows from the change and from the operation of its caller.
#[test]
fn operations_name_their_events() {
    let caller = |operation, door| Caller {
        account: "a".into(),
        account_name: "a".into(),
        door,
        address: None,
        request_id: "R".into(),
        operation,
    };
    let s3 = |operation| caller(operation, Door::S3);
    assert_eq!(EventKind::of_creation(&s3("PutObject"), false), EventKind::CreatedPut);
    assert_eq!(EventKind::of_creation(&s3("PostObject"), false), EventKind::CreatedPost);
    assert_eq!(EventKind::of_creation(&s3("CopyObject"), false), EventKind::CreatedCopy);
    assert_eq!(EventKind::of_creation(&s3("CompleteMultipartUpload"), true), EventKind::CreatedCompleted);
    assert_eq!(EventKind::of_removal(&s3("DeleteObject"), true), EventKind::RemovedMarker);
    assert_eq!(EventKind::of_removal(&s3("DeleteObjects"), false), EventKind::RemovedDelete);
    assert_eq!(EventKind::of_removal(&caller("Lifecycle", Door::Job), false), EventKind::ExpiredDelete);
    assert_eq!(EventKind::of_removal(&caller("Lifecycle", Door::Job), true), EventKind::ExpiredMarker);
    assert_eq!(EventKind::of_annotation(&s3("PutObjectTagging")), Some(EventKind::TaggingPut));
    assert_eq!(EventKind::of_annotation(&s3("DeleteObjectTagging")), Some(EventKind::TaggingDelete));
    assert_eq!(EventKind::of_annotation(&s3("Other")), None);
    assert_eq!(EventKind::of_transfer(&s3("CopyObject")), EventKind::CreatedCopy);
    assert_eq!(EventKind::of_transfer(&s3("Transfer")), EventKind::Transitioned);
}
