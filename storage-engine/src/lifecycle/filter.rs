//! What a rule concerns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judge::Candidate;

/// The two ways in which a rule says what it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The older one: `Prefix` of the rule itself.
    Prefix(String),
    /// `Filter`.
    Filter(Filter),
}

/// What must all hold (API page "LifecycleRuleFilter"); nothing is said of the whole bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// What the key begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Tags that the version has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Bytes that the version has more of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_above: Option<u64>,
    /// Bytes that the version has fewer of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_below: Option<u64>,
}

/// Whether a rule concerns a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    No,
    /// Only its tags can tell.
    IfTagged,
    Yes,
}

impl Scope {
    /// What keys begin with that the rule concerns.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match self {
            Self::Prefix(prefix) => prefix,
            Self::Filter(filter) => filter.prefix.as_deref().unwrap_or_default(),
        }
    }

    /// The filter, where it is one.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        match self {
            Self::Prefix(_) => None,
            Self::Filter(filter) => Some(filter),
        }
    }

    /// Whether it names sizes: then no other bound of sizes counts.
    pub(super) fn has_size(&self) -> bool {
        self.filter().is_some_and(Filter::has_size)
    }

    pub(super) fn has_tags(&self) -> bool {
        self.filter().is_some_and(|filter| !filter.tags.is_empty())
    }

    pub(super) fn concerns(&self, candidate: &Candidate<'_>) -> Concern {
        if !candidate.key.starts_with(self.prefix()) {
            return Concern::No;
        }
        self.filter().map_or(Concern::Yes, |filter| filter.concerns(candidate))
    }
}

impl Filter {
    /// How many predicates there are: two and more are joined by `And`.
    #[must_use]
    pub fn predicates(&self) -> usize {
        let sizes = usize::from(self.size_above.is_some()) + usize::from(self.size_below.is_some());
        usize::from(self.prefix.is_some()) + self.tags.len() + sizes
    }

    fn has_size(&self) -> bool {
        self.size_above.is_some() || self.size_below.is_some()
    }

    /// The prefix is looked at before. A delete marker has neither size nor tags.
    fn concerns(&self, candidate: &Candidate<'_>) -> Concern {
        if candidate.is_marker && (self.has_size() || !self.tags.is_empty()) {
            return Concern::No;
        }
        let is_within = self.size_above.is_none_or(|bound| candidate.size > bound)
            && self.size_below.is_none_or(|bound| candidate.size < bound);
        if !is_within {
            return Concern::No;
        }
        if self.tags.is_empty() {
            return Concern::Yes;
        }
        let Some(tags) = candidate.tags else { return Concern::IfTagged };
        let has_all = self.tags.iter().all(|(name, value)| tags.get(name) == Some(value));
        if has_all { Concern::Yes } else { Concern::No }
    }
}
