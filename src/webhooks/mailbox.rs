//! How far a webhook is: what it was sent, what is to be tried again and when, and what was given up.
//!
//! Letters are sent in their order. One that fails is put aside to be tried again while the next go on, so that
//! one event that a receiver cannot digest does not hold up all others; after any failure the webhook pauses,
//! longer with each in a row. Plain data: no clock, no disk, no network.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::letter::Letter;

/// Times that a letter is tried: over some 22 hours.
pub(super) const TRIES_MAX: u32 = 12;
/// Letters that are put aside; while there are as many, no new one is sent.
pub(super) const ASIDE_MAX: usize = 100;
/// Letters that were given up and are kept; the oldest go.
pub(super) const DEAD_MAX: usize = 100;
/// Time before the second try, in milliseconds; each that follows waits three times as long.
const WAIT_MS: u64 = 5_000;
const WAIT_FACTOR: u64 = 3;
/// Longest time between two tries.
const WAIT_MS_MAX: u64 = 6 * 60 * 60 * 1_000;
/// Pause of a webhook after a failure, in milliseconds; each that follows in a row waits twice as long.
const PAUSE_MS: u64 = 250;
const PAUSE_MS_MAX: u64 = 30_000;

/// A letter under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Aside {
    pub(super) letter: Letter,
    /// Tries so far.
    pub(super) tries: u32,
    /// When it is tried again, in milliseconds since 1970.
    pub(super) due_ms: u64,
}

/// A letter that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dead {
    pub(super) letter: Letter,
    pub(super) tries: u32,
    /// When it was given up, in milliseconds since 1970.
    pub(super) time_ms: u64,
    /// How the last try ended.
    pub(super) reason: String,
}

/// What is kept of a mailbox, besides the dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Position in the outbox up to which events were sent or put aside.
    pub(super) cursor: u64,
    /// Letters to be tried again.
    pub(super) aside: Vec<Aside>,
    /// Letters that arrived, since the webhook was made.
    pub(super) delivered: u64,
    /// Events that were lost, since too many waited.
    pub(super) lost: u64,
    /// How the last try ended, where it failed.
    #[serde(default)]
    pub(super) last_error: Option<String>,
}

/// The mailbox of a webhook.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    pub(super) progress: Progress,
    pub(super) dead: VecDeque<Dead>,
    /// New letters, each with the position that is behind when it is taken.
    fresh: VecDeque<(u64, Letter)>,
    /// Position up to which events were read.
    read_to: u64,
    under_way: Option<Aside>,
    failures: u32,
    resumes_ms: u64,
    /// Whether progress or dead letters differ from what is kept.
    pub(super) is_changed: bool,
    pub(super) is_dead_changed: bool,
}

impl Mailbox {
    pub(super) fn new(progress: Progress, dead: VecDeque<Dead>) -> Self {
        Self { read_to: progress.cursor, progress, dead, ..Self::default() }
    }

    /// Begins at a position: what lies before it is not told.
    pub(super) fn begin_at(&mut self, position: u64) {
        (self.progress.cursor, self.read_to) = (position, position);
    }

    /// The position behind which events are to be read now; `None` while there are new letters, or no room.
    pub(super) fn reads_after(&self) -> Option<u64> {
        (self.fresh.is_empty() && self.progress.aside.len() < ASIDE_MAX).then_some(self.read_to)
    }

    /// Takes what was read up to a position: letters with the positions of their events.
    pub(super) fn fill(&mut self, letters: Vec<(u64, Letter)>, read_to: u64, lost: u64) {
        let mut letters = letters.into_iter().peekable();
        while let Some((position, letter)) = letters.next() {
            // Of several letters of one event the last one moves the cursor over it.
            let is_last = letters.peek().is_none_or(|(next, _)| *next != position);
            self.fresh.push_back((if is_last { position } else { position - 1 }, letter));
        }
        self.progress.lost += lost;
        self.read_to = read_to;
        if self.fresh.is_empty() && self.progress.cursor != read_to {
            self.progress.cursor = read_to;
            self.is_changed = true;
        }
    }

    /// The letter that is to be sent now, with the number of this try; it stays under way until
    /// [`Self::settle`].
    pub(super) fn take(&mut self, now_ms: u64) -> Option<(Letter, u32)> {
        if now_ms < self.resumes_ms || self.under_way.is_some() {
            return None;
        }
        let due = self.progress.aside.iter().enumerate().filter(|(_, aside)| aside.due_ms <= now_ms);
        let next = match due.min_by_key(|(_, aside)| aside.due_ms).map(|(at, _)| at) {
            Some(at) => self.progress.aside.remove(at),
            None if self.progress.aside.len() < ASIDE_MAX => {
                let (position, letter) = self.fresh.pop_front()?;
                self.progress.cursor = if self.fresh.is_empty() { self.read_to } else { position };
                Aside { letter, tries: 0, due_ms: now_ms }
            }
            None => return None,
        };
        let taken = (next.letter.clone(), next.tries + 1);
        self.under_way = Some(next);
        self.is_changed = true;
        Some(taken)
    }

    /// When there may be something to send again; `None` where only a new event brings it.
    pub(super) fn wakes_ms(&self) -> Option<u64> {
        let aside = self.progress.aside.iter().map(|aside| aside.due_ms).min();
        let fresh = self.fresh.front().filter(|_| self.progress.aside.len() < ASIDE_MAX).map(|_| 0);
        let first = [aside, fresh].into_iter().flatten().min()?;
        Some(first.max(self.resumes_ms))
    }

    /// Takes how the try of the letter under way ended: `failure` where it failed. `jitter` is any number, so
    /// that many letters are not tried again at one moment. Says whether the letter was given up.
    pub(super) fn settle(&mut self, failure: Option<String>, now_ms: u64, jitter: u32) -> bool {
        let Some(mut aside) = self.under_way.take() else { return false };
        self.is_changed = true;
        let Some(reason) = failure else {
            if self.failures > 0 {
                // The receiver is back.
                self.progress.aside.iter_mut().for_each(|aside| aside.due_ms = now_ms.min(aside.due_ms));
            }
            (self.failures, self.resumes_ms) = (0, 0);
            self.progress.delivered += 1;
            self.progress.last_error = None;
            return false;
        };
        aside.tries += 1;
        let pause = PAUSE_MS.saturating_mul(1 << self.failures.min(20)).min(PAUSE_MS_MAX);
        self.failures += 1;
        self.resumes_ms = now_ms + pause;
        self.progress.last_error = Some(reason.clone());
        if aside.tries >= TRIES_MAX {
            let Aside { letter, tries, .. } = aside;
            self.dead.push_back(Dead { letter, tries, time_ms: now_ms, reason });
            self.bury_old();
            self.is_dead_changed = true;
            return true;
        }
        aside.due_ms = now_ms + wait_ms(aside.tries, jitter);
        self.progress.aside.push(aside);
        false
    }

    /// Takes the dead letters that there is room for up again; says how many.
    pub(super) fn raise_dead(&mut self, now_ms: u64) -> usize {
        let room = ASIDE_MAX.saturating_sub(self.progress.aside.len());
        let raised: Vec<Dead> = self.dead.drain(..room.min(self.dead.len())).collect();
        let count = raised.len();
        let aside = raised.into_iter().map(|dead| Aside { letter: dead.letter, tries: 0, due_ms: now_ms });
        self.progress.aside.extend(aside);
        if count > 0 {
            (self.is_changed, self.is_dead_changed) = (true, true);
        }
        count
    }

    /// What is to be kept: a letter under way is to be tried again, and the cursor lies no further than `durable`.
    pub(super) fn kept(&self, durable: u64) -> Progress {
        let mut progress = self.progress.clone();
        progress.aside.extend(self.under_way.clone());
        progress.cursor = progress.cursor.min(durable);
        progress
    }

    fn bury_old(&mut self) {
        while self.dead.len() > DEAD_MAX {
            if let Some(dead) = self.dead.pop_front() {
                tracing::error!(delivery = dead.letter.id(), "Forgot an event that could not be delivered.");
            }
        }
    }
}

/// The time before a letter is tried again, after so many tries: between three and five quarters of its step.
fn wait_ms(tries: u32, jitter: u32) -> u64 {
    let step = WAIT_MS.saturating_mul(WAIT_FACTOR.saturating_pow(tries.saturating_sub(1))).min(WAIT_MS_MAX);
    step / 4 * 3 + u64::from(jitter) % (step / 2)
}
