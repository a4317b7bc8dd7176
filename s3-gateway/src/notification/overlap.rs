//! Two rules of one bucket must not be met by one event of one key, as at AWS.

use storage_engine::archive::notification::NotificationRule;

/// Whether both rules may be met at once.
pub(super) fn overlap(one: &NotificationRule, other: &NotificationRule) -> bool {
    let events = one.events.iter().any(|event| other.events.iter().any(|known| share(event, known)));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (prefix, known_prefix) = (text(&one.prefix), text(&other.prefix));
    let (suffix, known_suffix) = (text(&one.suffix), text(&other.suffix));
    events
        && (prefix.starts_with(&known_prefix) || known_prefix.starts_with(&prefix))
        && (suffix.ends_with(&known_suffix) || known_suffix.ends_with(&suffix))
}

/// Whether two names stand for one event.
fn share(one: &str, other: &str) -> bool {
    match (one.strip_suffix('*'), other.strip_suffix('*')) {
        (None, None) => one == other,
        (Some(family), None) => other.starts_with(family),
        (None, Some(family)) => one.starts_with(family),
        (Some(family), Some(known)) => family.starts_with(known) || known.starts_with(family),
    }
}
