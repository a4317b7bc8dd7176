//! Which rules are valid (API page "PutBucketLifecycleConfiguration"; User Guide, "Lifecycle configuration
//! elements"). What the types rule out is not asked here.

use std::collections::BTreeSet;

use super::filter::Filter;
use super::rule::{Expiration, Lifecycle, Rule, When};
use crate::error::{Error, ErrorKind, Result};

/// Most rules of a bucket.
pub const RULES_MAX: usize = 1_000;
/// Largest lifecycle in the bucket document, in bytes of JSON.
pub const LIFECYCLE_BYTES_MAX: usize = 512 * 1024;
/// Longest id of a rule, in bytes.
const ID_BYTES_MAX: usize = 255;
/// Longest prefix, in bytes: that of a key.
const PREFIX_BYTES_MAX: usize = 1_024;
/// Most tags of a filter: no version has more.
const TAGS_MAX: usize = 10;
/// Longest name and value of a tag, in characters.
const TAG_NAME_CHARS_MAX: usize = 128;
const TAG_VALUE_CHARS_MAX: usize = 256;
/// Most noncurrent versions that a rule keeps.
const NEWER_VERSIONS_MAX: u32 = 100;

impl Lifecycle {
    /// Refuses what is not valid.
    ///
    /// *Errors*: `InvalidArgument` for a value that breaks its rule, `InvalidRequest` for what contradicts itself or
    /// is too large.
    pub fn check(&self) -> Result<()> {
        if self.rules.is_empty() || self.rules.len() > RULES_MAX {
            return Err(argument(format_args!("a lifecycle has from one to {RULES_MAX} rules")));
        }
        let mut ids = BTreeSet::new();
        for rule in &self.rules {
            if !rule.id.is_empty() && !ids.insert(rule.id.as_str()) {
                return Err(
                    argument("Rule ID must be unique. Found same ID for more than one rule").about(&rule.id)
                );
            }
            rule.check().map_err(|error| error.about(&rule.id))?;
        }
        let filters = self.rules.iter().filter(|rule| rule.scope.filter().is_some()).count();
        if filters != 0 && filters != self.rules.len() {
            return Err(request(
                "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter",
            ));
        }
        let bytes = serde_json::to_vec(self).map_or(usize::MAX, |json| json.len());
        if bytes > LIFECYCLE_BYTES_MAX {
            return Err(request(format_args!(
                "the rules are {bytes} bytes of JSON, and a bucket keeps {LIFECYCLE_BYTES_MAX}: use fewer or shorter"
            )));
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> Result<()> {
        if self.id.len() > ID_BYTES_MAX {
            return Err(argument(format_args!(
                "ID length should not exceed allowed limit of {ID_BYTES_MAX}"
            )));
        }
        if self.scope.prefix().len() > PREFIX_BYTES_MAX {
            return Err(request(format_args!("The maximum size of a prefix is {PREFIX_BYTES_MAX}")));
        }
        if let Some(filter) = self.scope.filter() {
            filter.check()?;
        }
        if !self.has_action() {
            return Err(request("At least one action needs to be specified in a rule"));
        }
        self.check_fit()?;
        self.check_days()?;
        self.check_kinds_of_time()?;
        self.check_order()
    }

    /// Which actions a filter may go with.
    fn check_fit(&self) -> Result<()> {
        let removes_markers = matches!(self.expiration, Some(Expiration::ExpiredObjectDeleteMarker(_)));
        if self.scope.has_tags() && self.abort_upload_days.is_some() {
            return Err(request("AbortIncompleteMultipartUpload cannot be specified with Tags"));
        }
        if self.scope.has_size() && self.abort_upload_days.is_some() {
            return Err(request("AbortIncompleteMultipartUpload cannot be specified with object size"));
        }
        if self.scope.has_tags() && removes_markers {
            return Err(request("ExpiredObjectDeleteMarker cannot be specified with Tags"));
        }
        Ok(())
    }

    fn check_days(&self) -> Result<()> {
        if self.expiration == Some(Expiration::Days(0)) {
            return Err(argument("'Days' for Expiration action must be a positive integer"));
        }
        if self.noncurrent_expiration.is_some_and(|expiration| expiration.days == 0) {
            return Err(argument(
                "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
            ));
        }
        if self.abort_upload_days == Some(0) {
            return Err(argument(
                "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
            ));
        }
        let of_expiration = self.noncurrent_expiration.and_then(|expiration| expiration.newer_versions);
        let of_transitions = self.noncurrent_transitions.iter().filter_map(|it| it.newer_versions);
        let mut newer_versions = of_expiration.into_iter().chain(of_transitions);
        if newer_versions.any(|count| !(1..=NEWER_VERSIONS_MAX).contains(&count)) {
            return Err(argument(format_args!(
                "'NewerNoncurrentVersions' must be between 1 and {NEWER_VERSIONS_MAX}"
            )));
        }
        Ok(())
    }

    /// All of a rule is by days, or all by date.
    fn check_kinds_of_time(&self) -> Result<()> {
        let of_expiration = match self.expiration {
            Some(Expiration::Days(_)) => Some(false),
            Some(Expiration::Date(_)) => Some(true),
            Some(Expiration::ExpiredObjectDeleteMarker(_)) | None => None,
        };
        let of_transitions = self.transitions.iter().map(|it| matches!(it.at, When::Date(_)));
        let mut kinds = of_expiration.into_iter().chain(of_transitions);
        let first = kinds.next();
        if kinds.any(|kind| Some(kind) != first) {
            return Err(request(
                "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule",
            ));
        }
        Ok(())
    }

    /// A colder class comes later, and expiry last.
    fn check_order(&self) -> Result<()> {
        // All of them are by days, or all by date, so that one instant will do for a comparison.
        let mut current: Vec<_> = self.transitions.iter().map(|it| (it.class, it.at.of(0).ms())).collect();
        let ends = match self.expiration {
            Some(Expiration::Days(days)) => Some(When::Days(days).of(0).ms()),
            Some(Expiration::Date(date)) => Some(date.ms()),
            Some(Expiration::ExpiredObjectDeleteMarker(_)) | None => None,
        };
        check_steps("Transition", &mut current, ends)?;
        let noncurrent = self.noncurrent_transitions.iter().map(|it| (it.class, u64::from(it.days)));
        let ends = self.noncurrent_expiration.map(|expiration| u64::from(expiration.days));
        check_steps("NoncurrentVersionTransition", &mut noncurrent.collect::<Vec<_>>(), ends)
    }
}

fn check_steps<C: Ord + Copy>(action: &str, steps: &mut [(C, u64)], ends: Option<u64>) -> Result<()> {
    steps.sort_unstable_by_key(|(class, _)| *class);
    for pair in steps.windows(2) {
        let &[(warmer, earlier), (colder, later)] = pair else { continue };
        if warmer == colder {
            return Err(request(format_args!(
                "'StorageClass' must be different for '{action}' actions in same 'Rule'"
            )));
        }
        if later < earlier {
            return Err(argument(format_args!(
                "a colder 'StorageClass' must come later in '{action}' actions"
            )));
        }
    }
    if let Some(ends) = ends
        && steps.iter().any(|(_, at)| *at >= ends)
    {
        return Err(argument(format_args!(
            "the time of the expiration must be greater than that of every '{action}' action"
        )));
    }
    Ok(())
}

impl Filter {
    fn check(&self) -> Result<()> {
        let is_name = |name: &String| (1..=TAG_NAME_CHARS_MAX).contains(&name.chars().count());
        let is_value = |value: &String| value.chars().count() <= TAG_VALUE_CHARS_MAX;
        if self.tags.len() > TAGS_MAX || !self.tags.keys().all(is_name) || !self.tags.values().all(is_value) {
            return Err(request(format_args!(
                "a filter has up to {TAGS_MAX} tags, with names of 1 to {TAG_NAME_CHARS_MAX} characters and values of up to {TAG_VALUE_CHARS_MAX}"
            )));
        }
        let is_empty = match (self.size_above, self.size_below) {
            (_, Some(0)) => true,
            (Some(above), Some(below)) => above >= below,
            _ => false,
        };
        if is_empty {
            return Err(request(
                "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan', and above 0",
            ));
        }
        Ok(())
    }
}

fn argument(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, "check lifecycle").because(reason)
}

fn request(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidRequest, "check lifecycle").because(reason)
}
