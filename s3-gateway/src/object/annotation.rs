//! Changes of what is said about an object: look, and change what was looked at or look again.

use std::sync::Arc;

use storage_engine::archive::annotate::Annotation;
use storage_engine::archive::object::{Attributes, Object};
use storage_engine::archive::put::Stored;
use storage_engine::name::{BucketName, ObjectKey};
use storage_engine::{Error, ErrorKind};

use crate::access::Entered;
use crate::refusal::{Answer, Code, Refusal};

/// How often an object is looked at again that another change was faster with.
const LOOKS_MAX: usize = 8;

/// What is to be said about an object from now on.
pub(super) struct Said {
    /// The object as it was looked at.
    pub(super) object: Arc<Object>,
    /// What is said about it, all of it.
    pub(super) attributes: Attributes,
    /// Whether it counts as modified.
    pub(super) renews_time: bool,
}

/// Looks at an object and says what `look` says about it. Blocking.
///
/// *Durability*: durable on return.
///
/// *Errors*: those of `look` and of the engine; `OperationAborted` where others are always faster.
pub(super) fn annotate(
    entered: &Entered,
    bucket: &BucketName,
    key: &ObjectKey,
    look: impl Fn() -> Answer<Said>,
) -> Answer<Stored> {
    look_again(|| {
        let Said { object, attributes, renews_time } = look()?;
        let annotation = Annotation {
            version: Some(object.version_id),
            revision: object.revision,
            attributes,
            renews_time,
        };
        Ok(entered.archive().annotate(&entered.caller(), bucket, key, annotation))
    })
}

/// Does `change` to what it looks at, again where another change was faster. Blocking.
///
/// *Errors*: those of `change`; `OperationAborted` where others are always faster.
pub(super) fn look_again<T>(change: impl Fn() -> Answer<Result<T, Error>>) -> Answer<T> {
    for _ in 0..LOOKS_MAX {
        match change()? {
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => {}
            changed => return Ok(changed?),
        }
    }
    Err(Refusal::new(Code::OperationAborted))
}
