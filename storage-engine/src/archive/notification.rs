//! The notification configuration of a bucket.

use super::open::Archive;
use crate::bucket::no_such_bucket;
pub use crate::bucket::{NotificationRule, NotificationTarget};
use crate::caller::Caller;
use crate::error::{Error, ErrorKind, Result};
use crate::name::BucketName;

/// Most rules of a bucket (AWS: 100).
pub const RULES_MAX: usize = 100;

impl Archive {
    /// The rules of a bucket, in the order in which they were set.
    ///
    /// *Errors*: `NoSuchBucket`.
    pub fn notification(&self, name: &BucketName) -> Result<Vec<NotificationRule>> {
        let bucket = self.inner.buckets.get(name)?;
        let held = bucket.hold();
        let document = held.as_ref().ok_or_else(|| no_such_bucket(name))?;
        Ok(document.notification.clone())
    }

    /// Makes `rules` those of the bucket. Changes that follow meet them, earlier ones do not.
    ///
    /// *Durability*: on return every element in use that holds something of the bucket has the rules, and keeps
    /// them through a power cut.
    /// *Errors*: `NoSuchBucket`; `InvalidArgument` for more than [`RULES_MAX`]; `StorageFull`, `Unavailable`,
    /// `Io`: then every element has the rules or none.
    pub fn set_notification(
        &self,
        caller: &Caller,
        name: &BucketName,
        rules: Vec<NotificationRule>,
    ) -> Result<()> {
        if rules.len() > RULES_MAX {
            return Err(Error::new(ErrorKind::InvalidArgument, "set notification configuration")
                .about(name)
                .because(format_args!("a bucket has at most {RULES_MAX} rules")));
        }
        self.set_of_bucket(caller, name, |document| document.notification = rules)
    }
}
