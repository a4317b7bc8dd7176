//! Buckets elsewhere: what the engine asks of them. The program that opens the archive brings what reaches them.

use super::item::ReadPiece;
use super::setting::BucketPlace;
use crate::error::{Error, ErrorKind, Result};

/// Reaches buckets of other S3 services.
pub trait RemoteBuckets: Send + Sync {
    /// Opens a bucket for the time of some requests: its credentials are read now, so that new ones are taken up.
    ///
    /// *Errors*: `InvalidArgument` for an endpoint that is no URL of `http` or `https`; `Unavailable` where the
    /// credentials cannot be read.
    fn open(&self, place: &BucketPlace) -> Result<Box<dyn RemoteBucket>>;
}

/// One bucket elsewhere. Names are whole keys, the prefix of the place included. Blocking.
///
/// Requests that fail on the way are repeated a bounded number of times. *Errors* of each: `Unavailable` where the
/// bucket cannot be reached, refuses or takes too long, or the work is to be given up.
pub trait RemoteBucket {
    /// Stores a whole object in place of what had the name.
    ///
    /// *Durability*: what S3 promises with its answer, which has come.
    /// *Errors*: also those of reading the body.
    fn put(&self, name: &str, body: &RemoteBody<'_>) -> Result<()>;

    /// Hands the bytes of an object on as they come, in order; `false` where there is none. An error of `take` ends it.
    fn get(
        &self,
        name: &str,
        is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool>;

    /// The size of an object in bytes; `None` where there is none.
    fn size(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<Option<u64>>;

    /// The names that begin with `prefix`, at most 1,000.
    ///
    /// *Errors*: also `Unavailable` where there are more.
    fn names(&self, prefix: &str, is_stopped: &dyn Fn() -> bool) -> Result<Vec<String>>;

    /// Removes an object with every version of it. What is not there is no error.
    ///
    /// *Durability*: nothing of it can be read on return.
    /// *Errors*: also `Unavailable` where the bucket keeps a version.
    fn remove(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<()>;
}

/// What is put.
pub struct RemoteBody<'a> {
    /// Bytes in all.
    pub size: u64,
    /// Reads from an offset on; none at the end. May be asked again for what it has given.
    pub read: ReadPiece<'a>,
    /// Whether the work is to be given up.
    pub is_stopped: &'a dyn Fn() -> bool,
}

/// Reaches nothing: for a program that brings no client.
pub(crate) struct NoBuckets;

impl RemoteBuckets for NoBuckets {
    fn open(&self, place: &BucketPlace) -> Result<Box<dyn RemoteBucket>> {
        Err(Error::new(ErrorKind::Unavailable, "open archive target")
            .about(place)
            .because("this program reaches no buckets elsewhere: run artstore serve"))
    }
}
