//! What retention makes of a version, beside the rules of its bucket.

use storage_engine::archive::list::ListedVersion;
use storage_engine::lifecycle::Judgement;
use storage_engine::mode::Mode;
use storage_engine::name::BucketName;
use storage_engine::outbox::{EventKind, Occurrence};

/// What stands for a rule where the term of an element is the reason.
const TERM: &str = "the term of the element";
/// The same where what kept the version has ended.
const RETENTION_ENDED: &str = "its retention has ended";

/// What is due with a version after what the rules say: what is kept stays, and the term of its element counts.
pub(super) fn with_retention<'l>(
    by_rule: Judgement<'l>,
    version: &ListedVersion,
    now_ms: u64,
) -> Judgement<'l> {
    let object = &version.object;
    let is_past = |end_ms: Option<u64>| end_ms.is_some_and(|end_ms| end_ms <= now_ms);
    let is_kept = object.keeping.kept_until_ms.is_some_and(|until_ms| until_ms > now_ms);
    match by_rule {
        Judgement::Expire { .. } | Judgement::AwaitDisposal { .. } if is_kept => Judgement::Nothing,
        Judgement::Nothing | Judgement::Transition { .. } if is_past(object.keeping.expires_ms) => {
            if version.is_marker && version.is_latest {
                Judgement::RemoveMarker { rule: TERM }
            } else {
                Judgement::Expire { rule: TERM }
            }
        }
        Judgement::Nothing if is_past(object.keeping.kept_until_ms) && object.class.mode() != Mode::Edit => {
            Judgement::AwaitDisposal { rule: RETENTION_ENDED }
        }
        judged => judged,
    }
}

/// The warning that is due between two passes; `None` where none is.
pub(super) fn warning(
    bucket: &BucketName,
    version: &ListedVersion,
    (told_ms, now_ms): (u64, u64),
) -> Option<Occurrence> {
    let object = &version.object;
    let end_ms =
        object.keeping.expires_ms.or(object.keeping.kept_until_ms).filter(|end_ms| *end_ms > now_ms)?;
    let warns_ms = object.keeping.warns_ms.map(|at_ms| at_ms.max(object.modified_ms))?;
    if version.is_marker || warns_ms <= told_ms || warns_ms > now_ms {
        return None;
    }
    let mode = object.class.mode();
    let may =
        (mode != Mode::Edit).then(|| "its retention ends: it may be disposed of from then on".to_owned());
    Some(Occurrence {
        version: Some(version.version_id),
        size: Some(object.size),
        etag: Some(object.etag.clone()),
        mode: Some(mode),
        expires_ms: Some(end_ms),
        reason: may,
        ..Occurrence::of(EventKind::FileExpiring, bucket.clone(), &object.key)
    })
}
