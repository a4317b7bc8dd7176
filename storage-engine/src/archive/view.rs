//! What the tree of a mode shows: of each key the newest version that elements of the mode hold.

use std::sync::{Arc, PoisonError};

use super::list::{ListRequest, Listing};
use super::listing::page_request;
use super::object::Object;
use super::open::{Archive, ElementSlot, Inner, absent};
use crate::bucket::no_such_bucket;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{BucketName, ElementId, ObjectKey};

/// How often a version that goes on to another mode meanwhile is looked for anew.
const TRIES_MAX: u32 = 8;

impl Archive {
    /// A page of what elements of `mode` hold of a bucket: of each key their newest version, where that is an object.
    /// A document on an element that is absent is shown as it was when it was last there.
    ///
    /// *Errors*: `NoSuchBucket`; `Unavailable` where an absent element may hold more; `Io`.
    pub fn view(&self, mode: Mode, request: &ListRequest<'_>) -> Result<Listing> {
        let inner = &self.inner;
        if inner.buckets.get(request.bucket)?.hold().is_none() {
            return Err(no_such_bucket(request.bucket));
        }
        self.listing_of(inner.catalog.view(&inner.elements_of(mode)?, &page_request(request))?)
    }

    /// The newest version of a key that elements of `mode` hold.
    ///
    /// *Errors*: `NoSuchBucket`; `NoSuchKey`, `KeyDeleted` where the mode has none; `Unavailable` where the element
    /// that has it, or may have it, is absent; `Corrupt`, `Io`.
    pub fn object_in(&self, mode: Mode, bucket: &BucketName, key: &ObjectKey) -> Result<Arc<Object>> {
        let inner = &self.inner;
        let missing = |kind| Error::new(kind, "find object").about(key).in_mode(mode);
        for _ in 0..TRIES_MAX {
            let elements = inner.elements_of(mode)?;
            let Some(entry) = inner.catalog.newest_on(&elements, bucket, key)? else {
                return Err(match inner.buckets.get(bucket)?.hold().is_none() {
                    true => no_such_bucket(bucket),
                    false => missing(ErrorKind::NoSuchKey),
                });
            };
            if entry.is_marker() {
                return Err(missing(ErrorKind::KeyDeleted).of_version(entry.version_id));
            }
            match self.object(bucket, key, Some(entry.version_id)) {
                Ok(object) if object.mode == mode => return Ok(object),
                // It was replaced, removed or went on in this moment.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NoSuchVersion => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "find object")
            .about(key)
            .because("it changes all the time: try again"))
    }
}

impl Inner {
    /// The elements of a mode, those among them that are absent and whose content is known.
    ///
    /// *Errors*: `Unavailable` where an absent element may be one of them.
    fn elements_of(&self, mode: Mode) -> Result<Vec<ElementId>> {
        let elements = self.elements.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (id, slot) in elements.iter() {
            let its = match slot {
                ElementSlot::Ready(element) => element.document().mode,
                ElementSlot::Absent { known_mode: Some(known), .. } => *known,
                ElementSlot::Absent { registered, known_mode: None } => return Err(absent(registered)),
            };
            if its == mode {
                found.push(*id);
            }
        }
        Ok(found)
    }
}
