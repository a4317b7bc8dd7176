//! Rules as documents write them (API page "LifecycleRule") and as the engine keeps them.
//!
//! What no type of the engine can say is malformed; the engine refuses what it could and is not valid.

use s3s::dto::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition,
    Tag, Timestamp, Transition as ShownTransition, TransitionStorageClass,
};
use storage_engine::lifecycle::{
    Expiration, Filter, Midnight, NoncurrentExpiration, NoncurrentTransition, RULES_MAX, Rule, Scope,
    Transition, TransitionClass, When,
};
use time::OffsetDateTime;

use crate::intake::checked_tags;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// Reads the rules of a document.
///
/// *Errors*: `MalformedXML`, `InvalidArgument`, `InvalidTag`.
pub(super) fn from_document(rules: Vec<LifecycleRule>) -> Answer<Vec<Rule>> {
    if rules.len() > RULES_MAX {
        return Err(malformed(format!("A lifecycle configuration has at most {RULES_MAX} rules")));
    }
    rules.into_iter().map(rule_of).collect()
}

fn rule_of(rule: LifecycleRule) -> Answer<Rule> {
    let is_enabled = match rule.status.as_str() {
        ExpirationStatus::ENABLED => true,
        ExpirationStatus::DISABLED => false,
        _ => return Err(malformed("'Status' is Enabled or Disabled")),
    };
    let scope = match (rule.filter, rule.prefix) {
        (Some(filter), None) => Scope::Filter(filter_of(filter)?),
        (None, Some(prefix)) => Scope::Prefix(prefix),
        (Some(_), Some(_)) | (None, None) => return Err(malformed("A rule has either 'Filter' or 'Prefix'")),
    };
    let abort = rule.abort_incomplete_multipart_upload;
    let abort = abort.map(|abort| required(abort.days_after_initiation, "DaysAfterInitiation"));
    Ok(Rule {
        id: rule.id.unwrap_or_default(),
        is_enabled,
        scope,
        expiration: rule.expiration.map(expiration_of).transpose()?,
        noncurrent_expiration: rule
            .noncurrent_version_expiration
            .map(noncurrent_expiration_of)
            .transpose()?,
        abort_upload_days: abort.transpose()?,
        transitions: rule.transitions.into_iter().flatten().map(transition_of).collect::<Answer<_>>()?,
        noncurrent_transitions: rule
            .noncurrent_version_transitions
            .into_iter()
            .flatten()
            .map(noncurrent_transition_of)
            .collect::<Answer<_>>()?,
    })
}

fn filter_of(filter: LifecycleRuleFilter) -> Answer<Filter> {
    let LifecycleRuleFilter { and, object_size_greater_than, object_size_less_than, prefix, tag } = filter;
    let tags = Vec::from_iter(tag);
    let plain = predicates(prefix, tags, object_size_greater_than, object_size_less_than)?;
    let Some(and) = and else {
        return match plain.predicates() {
            0 | 1 => Ok(plain),
            _ => Err(malformed("'Filter' has one predicate, or several within 'And'")),
        };
    };
    let joined = predicates(
        and.prefix,
        and.tags.unwrap_or_default(),
        and.object_size_greater_than,
        and.object_size_less_than,
    )?;
    if plain.predicates() > 0 || joined.predicates() < 2 {
        return Err(malformed("'And' joins two or more predicates, and stands alone in 'Filter'"));
    }
    Ok(joined)
}

fn predicates(
    prefix: Option<String>,
    tags: Vec<Tag>,
    above: Option<i64>,
    below: Option<i64>,
) -> Answer<Filter> {
    let pairs = tags.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    Ok(Filter { prefix, tags: checked_tags(pairs)?, size_above: size(above)?, size_below: size(below)? })
}

fn size(bytes: Option<i64>) -> Answer<Option<u64>> {
    let bytes = bytes.map(u64::try_from).transpose();
    bytes.map_err(|_| Refusal::because(Code::InvalidArgument, "A size in a filter is not negative"))
}

fn expiration_of(expiration: LifecycleExpiration) -> Answer<Expiration> {
    match (expiration.days, expiration.date, expiration.expired_object_delete_marker) {
        (Some(days), None, None) => Ok(Expiration::Days(whole(days, "Days")?)),
        (None, Some(date), None) => Ok(Expiration::Date(midnight(date)?)),
        (None, None, Some(goes)) => Ok(Expiration::ExpiredObjectDeleteMarker(goes)),
        _ => Err(malformed("'Expiration' has one of 'Days', 'Date' and 'ExpiredObjectDeleteMarker'")),
    }
}

fn noncurrent_expiration_of(expiration: NoncurrentVersionExpiration) -> Answer<NoncurrentExpiration> {
    Ok(NoncurrentExpiration {
        days: required(expiration.noncurrent_days, "NoncurrentDays")?,
        newer_versions: newer_versions(expiration.newer_noncurrent_versions)?,
    })
}

fn transition_of(transition: ShownTransition) -> Answer<Transition> {
    let at = match (transition.days, transition.date) {
        (Some(days), None) => When::Days(whole(days, "Days")?),
        (None, Some(date)) => When::Date(midnight(date)?),
        (Some(_), Some(_)) | (None, None) => {
            return Err(malformed("'Transition' has either 'Days' or 'Date'"));
        }
    };
    Ok(Transition { at, class: class_of(transition.storage_class)? })
}

fn noncurrent_transition_of(transition: NoncurrentVersionTransition) -> Answer<NoncurrentTransition> {
    Ok(NoncurrentTransition {
        days: required(transition.noncurrent_days, "NoncurrentDays")?,
        newer_versions: newer_versions(transition.newer_noncurrent_versions)?,
        class: class_of(transition.storage_class)?,
    })
}

fn newer_versions(count: Option<i32>) -> Answer<Option<u32>> {
    count.map(|count| whole(count, "NewerNoncurrentVersions")).transpose()
}

fn class_of(class: Option<TransitionStorageClass>) -> Answer<TransitionClass> {
    let found = class.as_ref().and_then(|class| TransitionClass::find(class.as_str()));
    found.ok_or_else(|| malformed("'StorageClass' names no class that a transition may go to"))
}

fn required(number: Option<i32>, name: &str) -> Answer<u32> {
    whole(number.ok_or_else(|| malformed(format!("'{name}' is missing")))?, name)
}

fn whole(number: i32, name: &str) -> Answer<u32> {
    u32::try_from(number).map_err(|_| {
        Refusal::because(Code::InvalidArgument, format!("'{name}' must be a nonnegative integer"))
    })
}

fn midnight(date: Timestamp) -> Answer<Midnight> {
    let nanoseconds = OffsetDateTime::from(date).unix_timestamp_nanos();
    // One below a millisecond is no midnight either.
    let ms = u64::try_from(nanoseconds.div_euclid(1_000_000)).ok();
    let ms = ms.map(|ms| if nanoseconds % 1_000_000 == 0 { ms } else { ms | 1 });
    let ms = ms.ok_or_else(|| Refusal::because(Code::InvalidArgument, "'Date' lies before 1970"))?;
    Ok(Midnight::new(ms)?)
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::because(Code::MalformedXml, message)
}

/// The rule as a document writes it, in the form in which it was given.
pub(super) fn to_document(rule: &Rule) -> LifecycleRule {
    let (filter, prefix) = match &rule.scope {
        Scope::Filter(filter) => (Some(shown_filter(filter)), None),
        Scope::Prefix(prefix) => (None, Some(prefix.clone())),
    };
    let status = if rule.is_enabled { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    let noncurrent = rule.noncurrent_expiration.map(|expiration| NoncurrentVersionExpiration {
        newer_noncurrent_versions: expiration.newer_versions.map(number),
        noncurrent_days: Some(number(expiration.days)),
    });
    let transitions: Vec<_> = rule.transitions.iter().map(shown_transition).collect();
    let noncurrent_transitions: Vec<_> =
        rule.noncurrent_transitions.iter().map(shown_noncurrent_transition).collect();
    LifecycleRule {
        abort_incomplete_multipart_upload: rule
            .abort_upload_days
            .map(|days| AbortIncompleteMultipartUpload { days_after_initiation: Some(number(days)) }),
        expiration: rule.expiration.map(shown_expiration),
        filter,
        id: Some(rule.id.clone()),
        noncurrent_version_expiration: noncurrent,
        noncurrent_version_transitions: Some(noncurrent_transitions).filter(|all| !all.is_empty()),
        prefix,
        status: ExpirationStatus::from_static(status),
        transitions: Some(transitions).filter(|all| !all.is_empty()),
    }
}

fn shown_filter(filter: &Filter) -> LifecycleRuleFilter {
    let size = |size: Option<u64>| size.and_then(|size| i64::try_from(size).ok());
    let tag = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    let (above, below) = (size(filter.size_above), size(filter.size_below));
    if filter.predicates() > 1 {
        let tags: Vec<Tag> = filter.tags.iter().map(tag).collect();
        let and = LifecycleRuleAndOperator {
            object_size_greater_than: above,
            object_size_less_than: below,
            prefix: filter.prefix.clone(),
            tags: Some(tags).filter(|tags| !tags.is_empty()),
        };
        return LifecycleRuleFilter { and: Some(and), ..LifecycleRuleFilter::default() };
    }
    LifecycleRuleFilter {
        and: None,
        object_size_greater_than: above,
        object_size_less_than: below,
        prefix: filter.prefix.clone(),
        tag: filter.tags.iter().map(tag).next(),
    }
}

fn shown_expiration(expiration: Expiration) -> LifecycleExpiration {
    match expiration {
        Expiration::Days(days) => {
            LifecycleExpiration { days: Some(number(days)), ..LifecycleExpiration::default() }
        }
        Expiration::Date(date) => {
            LifecycleExpiration { date: timestamp(date.ms()), ..LifecycleExpiration::default() }
        }
        Expiration::ExpiredObjectDeleteMarker(goes) => {
            LifecycleExpiration { expired_object_delete_marker: Some(goes), ..LifecycleExpiration::default() }
        }
    }
}

fn shown_transition(transition: &Transition) -> ShownTransition {
    let (days, date) = match transition.at {
        When::Days(days) => (Some(number(days)), None),
        When::Date(date) => (None, timestamp(date.ms())),
    };
    ShownTransition { date, days, storage_class: Some(shown_class(transition.class)) }
}

fn shown_noncurrent_transition(transition: &NoncurrentTransition) -> NoncurrentVersionTransition {
    NoncurrentVersionTransition {
        newer_noncurrent_versions: transition.newer_versions.map(number),
        noncurrent_days: Some(number(transition.days)),
        storage_class: Some(shown_class(transition.class)),
    }
}

fn shown_class(class: TransitionClass) -> TransitionStorageClass {
    TransitionStorageClass::from_static(class.as_str())
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
