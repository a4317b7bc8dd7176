//! What is due of one version, and when.

use std::collections::BTreeMap;

use super::class::TransitionClass;
use super::day::Midnight;
use super::filter::Concern;
use super::rule::{DefaultMinimumSize, Expiration, Lifecycle, Rule};
use crate::mode::Mode;

/// A version that rules are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The key.
    pub key: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The mode of the element that holds it.
    pub mode: Mode,
    /// Whether it is a delete marker.
    pub is_marker: bool,
    /// Its place among the versions of its key.
    pub standing: Standing,
    /// Its tags, where they are known.
    pub tags: Option<&'a BTreeMap<String, String>>,
}

/// The place of a version among those of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the newest.
    Current,
    /// Others are newer.
    Noncurrent {
        /// When it became noncurrent: when its successor was made, in milliseconds since 1970.
        since_ms: u64,
        /// How many noncurrent objects of the key are newer and stay.
        newer: u32,
    },
}

/// What is to be done with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// Nothing now.
    Nothing,
    /// Its tags decide: ask again with them.
    AskTags,
    /// It expires: a current one by a DELETE of its key, a noncurrent one for good.
    Expire {
        /// The id of the rule.
        rule: &'a str,
    },
    /// It is a delete marker that goes, if it is the only version of its key.
    RemoveMarker {
        /// The id of the rule.
        rule: &'a str,
    },
    /// It would expire and lies in a mode in which nothing expires by itself: somebody has to dispose of it.
    AwaitDisposal {
        /// The id of the rule.
        rule: &'a str,
    },
    /// It moves to the mode of a class.
    Transition {
        /// The id of the rule.
        rule: &'a str,
        /// The class.
        to: TransitionClass,
    },
}

impl Lifecycle {
    /// What is due of a version at `now_ms`.
    ///
    /// Of several rules the earliest expiry counts, it comes before any transition, and of the transitions that
    /// are due the coldest is chosen (User Guide, "Conflicting lifecycle configurations").
    #[must_use]
    pub fn judge(&self, candidate: &Candidate<'_>, now_ms: u64) -> Judgement<'_> {
        let mut expiry: Option<(Midnight, &str)> = None;
        let mut transition: Option<(TransitionClass, &str)> = None;
        for rule in self.rules.iter().filter(|rule| rule.is_enabled) {
            let concern = rule.scope.concerns(candidate);
            if concern == Concern::No {
                continue;
            }
            let expires = rule.expiry(candidate).filter(|at| at.ms() <= now_ms);
            let moves = rule.transition(candidate, self.default_minimum_size, now_ms);
            if expires.is_none() && moves.is_none() {
                continue;
            }
            if concern == Concern::IfTagged {
                return Judgement::AskTags;
            }
            if let Some(at) = expires.filter(|at| expiry.is_none_or(|(known, _)| *at < known)) {
                expiry = Some((at, &rule.id));
            }
            if let Some(class) = moves.filter(|class| transition.is_none_or(|(known, _)| *class > known)) {
                transition = Some((class, &rule.id));
            }
        }
        match (expiry, transition) {
            (Some((_, rule)), _) if candidate.is_marker && candidate.standing == Standing::Current => {
                Judgement::RemoveMarker { rule }
            }
            (Some((_, rule)), _) if candidate.mode == Mode::Edit || candidate.is_marker => {
                Judgement::Expire { rule }
            }
            (Some((_, rule)), _) => Judgement::AwaitDisposal { rule },
            (None, Some((to, rule))) => Judgement::Transition { rule, to },
            (None, None) => Judgement::Nothing,
        }
    }

    /// When a current object whose tags are known will expire, and by which rule: the header `x-amz-expiration`.
    /// `None` also where its mode keeps it.
    #[must_use]
    pub fn expiry(&self, candidate: &Candidate<'_>) -> Option<(Midnight, &str)> {
        if candidate.mode != Mode::Edit || candidate.standing != Standing::Current || candidate.is_marker {
            return None;
        }
        let rules = self.rules.iter().filter(|rule| rule.is_enabled);
        let concerned = rules.filter(|rule| rule.scope.concerns(candidate) == Concern::Yes);
        let expiries = concerned.filter_map(|rule| Some((rule.expiry(candidate)?, rule.id.as_str())));
        expiries.min_by_key(|(at, _)| *at)
    }

    /// When an upload of `key` that was begun at `initiated_ms` ends by itself, and by which rule.
    #[must_use]
    pub fn upload_expiry(&self, key: &str, initiated_ms: u64) -> Option<(Midnight, &str)> {
        let rules = self.rules.iter().filter(|rule| rule.is_enabled && key.starts_with(rule.scope.prefix()));
        let expiries = rules.filter_map(|rule| {
            Some((Midnight::after(initiated_ms, rule.abort_upload_days?), rule.id.as_str()))
        });
        expiries.min_by_key(|(at, _)| *at)
    }

    /// Whether any rule is carried out.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.rules.iter().any(|rule| rule.is_enabled)
    }
}

impl Rule {
    /// When a version that the rule concerns expires.
    fn expiry(&self, candidate: &Candidate<'_>) -> Option<Midnight> {
        match candidate.standing {
            Standing::Current => match self.expiration? {
                Expiration::Days(days) => Some(Midnight::after(candidate.created_ms, days)),
                Expiration::Date(date) => Some(date),
                Expiration::ExpiredObjectDeleteMarker(goes) => {
                    (goes && candidate.is_marker).then(Midnight::default)
                }
            },
            Standing::Noncurrent { since_ms, newer } => {
                let expiration = self.noncurrent_expiration?;
                let is_old = newer >= expiration.newer_versions.unwrap_or(0);
                is_old.then(|| Midnight::after(since_ms, expiration.days))
            }
        }
    }

    /// The coldest class that a version which the rule concerns moves to by `now_ms`, where it is not there.
    fn transition(
        &self,
        candidate: &Candidate<'_>,
        minimum: DefaultMinimumSize,
        now_ms: u64,
    ) -> Option<TransitionClass> {
        if candidate.is_marker {
            return None;
        }
        let is_large = |class| self.scope.has_size() || candidate.size >= minimum.bytes(class);
        let is_to_move = |class: &TransitionClass| class.mode() > candidate.mode && is_large(*class);
        match candidate.standing {
            Standing::Current => {
                let due = self.transitions.iter().filter(|it| it.at.of(candidate.created_ms).ms() <= now_ms);
                due.map(|it| it.class).filter(is_to_move).max()
            }
            Standing::Noncurrent { since_ms, newer } => {
                let due = self.noncurrent_transitions.iter().filter(|it| {
                    newer >= it.newer_versions.unwrap_or(0)
                        && Midnight::after(since_ms, it.days).ms() <= now_ms
                });
                due.map(|it| it.class).filter(is_to_move).max()
            }
        }
    }
}
