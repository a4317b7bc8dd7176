//! What an action is done to, as far as the decision needs to know it.

/// What an action is done to.
///
/// `owner` is the text of an [`crate::AccountId`]; `None` where the bucket has no owner or does not exist,
/// and then it is nobody's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The archive as a whole: its accounts, elements, health, and the list of buckets.
    Archive,
    /// A bucket and its configuration.
    Bucket {
        /// The bucket's name.
        name: &'a str,
        /// The account that owns the bucket.
        owner: Option<&'a str>,
    },
    /// An object, or a key where one may come to be.
    Object {
        /// The name of the bucket that holds it.
        bucket: &'a str,
        /// The account that owns the bucket.
        owner: Option<&'a str>,
        /// The key.
        key: &'a str,
    },
}

impl<'a> Resource<'a> {
    /// The account that owns the bucket concerned.
    #[must_use]
    pub fn owner(&self) -> Option<&'a str> {
        match *self {
            Self::Archive => None,
            Self::Bucket { owner, .. } | Self::Object { owner, .. } => owner,
        }
    }
}
