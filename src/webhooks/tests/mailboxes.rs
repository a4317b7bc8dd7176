//! How far a webhook is.

use std::collections::BTreeSet;

use storage_engine::outbox::EventKind;

use super::world::event;
use crate::webhooks::letter::{Form, Letter};
use crate::webhooks::mailbox::{ASIDE_MAX, DEAD_MAX, Mailbox, TRIES_MAX};

fn letter(seq: u64) -> Letter {
    Letter::new(&event(seq, EventKind::CreatedPut), Form::Plain)
}

fn letters(positions: std::ops::RangeInclusive<u64>) -> Vec<(u64, Letter)> {
    positions.map(|position| (position, letter(position))).collect()
}

fn failed() -> Option<String> {
    Some("failed".to_owned())
}

/// A receiver that takes everything is sent everything once, in order, and the cursor follows.
#[test]
fn letters_go_in_order() {
    let mut mailbox = Mailbox::default();
    assert_eq!(mailbox.reads_after(), Some(0));
    mailbox.fill(letters(1..=3), 5, 0);
    assert_eq!(mailbox.reads_after(), None, "nothing is read while there is something to send");
    for seq in 1..=3 {
        let (taken, attempt) = mailbox.take(0).unwrap();
        assert_eq!((taken.event.seq, attempt), (seq, 1));
        assert!(mailbox.take(0).is_none(), "one at a time");
        let kept = mailbox.kept(u64::MAX);
        assert_eq!(kept.aside.len(), 1, "what is under way is sent again after a crash");
        assert!(!mailbox.settle(None, 0, 0));
    }
    assert_eq!((mailbox.progress.cursor, mailbox.progress.delivered), (5, 3));
    assert_eq!((mailbox.reads_after(), mailbox.kept(4).cursor), (Some(5), 4), "never beyond what is durable");
}

/// Of two letters of one event the cursor passes the event with the second.
#[test]
fn the_cursor_passes_an_event_with_its_last_letter() {
    let mut mailbox = Mailbox::default();
    mailbox.fill(vec![(7, letter(1)), (7, letter(1)), (9, letter(2))], 9, 0);
    let mut cursors = Vec::new();
    while mailbox.take(0).is_some() {
        cursors.push(mailbox.progress.cursor);
        mailbox.settle(None, 0, 0);
    }
    assert_eq!(cursors, [6, 7, 9]);
}

/// A letter that always fails is tried over about a day, ever more rarely, and is then kept as dead; others go on.
#[test]
fn a_letter_is_given_up_after_a_day() {
    for jitter in [0, u32::MAX / 3, u32::MAX] {
        let mut mailbox = Mailbox::default();
        mailbox.fill(letters(1..=1), 1, 0);
        let (mut now_ms, mut gaps, mut last) = (0, Vec::new(), 0);
        loop {
            let (_, attempt) = mailbox.take(now_ms).unwrap();
            if attempt > 1 {
                gaps.push(now_ms - last);
            }
            last = now_ms;
            if mailbox.settle(failed(), now_ms, jitter) {
                assert_eq!(attempt, TRIES_MAX);
                break;
            }
            assert!(mailbox.take(now_ms).is_none(), "not at once");
            now_ms = mailbox.wakes_ms().unwrap();
        }
        let hours = now_ms / 3_600_000;
        assert!((16..=30).contains(&hours), "{hours} hours, {gaps:?}");
        assert!(gaps.is_sorted(), "{gaps:?}");
        assert_eq!((mailbox.dead.len(), mailbox.progress.aside.len()), (1, 0));
    }
}

/// While a receiver is away a bounded number is put aside, the rest waits in the outbox, and nothing is skipped.
#[test]
fn what_is_put_aside_is_bounded() {
    let mut mailbox = Mailbox::default();
    let (mut now_ms, mut seen, mut dead) = (0, BTreeSet::new(), 0);
    mailbox.fill(letters(1..=ASIDE_MAX as u64 + 50), ASIDE_MAX as u64 + 50, 0);
    // Long enough that all are given up, and more than the dead that are kept.
    while mailbox.wakes_ms().is_some() {
        now_ms = now_ms.max(mailbox.wakes_ms().unwrap());
        if let Some((taken, _)) = mailbox.take(now_ms) {
            seen.insert(taken.event.seq);
            dead += usize::from(mailbox.settle(failed(), now_ms, 1));
        }
        assert!(mailbox.progress.aside.len() <= ASIDE_MAX);
        assert!(mailbox.dead.len() <= DEAD_MAX);
    }
    assert_eq!((seen.len(), dead), (ASIDE_MAX + 50, ASIDE_MAX + 50));
}

/// When a receiver takes something again, what was put aside for hours goes at once.
#[test]
fn a_receiver_that_is_back_gets_everything() {
    let mut mailbox = Mailbox::default();
    mailbox.fill(letters(1..=20), 20, 0);
    let mut now_ms = 0;
    for _ in 0..60 {
        now_ms = now_ms.max(mailbox.wakes_ms().unwrap());
        mailbox.take(now_ms).unwrap();
        mailbox.settle(failed(), now_ms, 0);
    }
    let back_ms = mailbox.wakes_ms().unwrap();
    let mut arrived = BTreeSet::new();
    while let Some((taken, _)) = mailbox.take(back_ms) {
        arrived.insert(taken.event.seq);
        mailbox.settle(None, back_ms, 0);
    }
    assert_eq!(arrived.len(), 20);
    assert_eq!(mailbox.progress.last_error, None);
}

/// The dead are tried again, as many as there is room for, from their first try on.
#[test]
fn the_dead_are_raised() {
    let mut mailbox = Mailbox::default();
    mailbox.fill(letters(1..=1), 1, 0);
    let mut now_ms = 0;
    while mailbox.take(now_ms).is_some() {
        if mailbox.settle(failed(), now_ms, 0) {
            break;
        }
        now_ms = mailbox.wakes_ms().unwrap();
    }
    assert_eq!(mailbox.raise_dead(now_ms), 1);
    assert!(mailbox.dead.is_empty());
    let (taken, attempt) = mailbox.take(mailbox.wakes_ms().unwrap()).unwrap();
    assert_eq!((taken.event.seq, attempt), (1, 1));
    assert_eq!(mailbox.raise_dead(now_ms), 0);
}
