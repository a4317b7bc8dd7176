//! Listing current objects.

use std::collections::BTreeMap;

use super::list::{ListEntry, ListRequest, ListedObject, Listing, PAGE_ENTRIES_MAX};
use super::open::{Archive, ElementSlot};
use crate::bucket::no_such_bucket;
use crate::catalog::{PageRequest, Row};
use crate::error::Result;
use crate::mode::{Mode, StorageClass};
use crate::name::{ElementId, ObjectKey};

impl Archive {
    /// A page of a bucket's current objects.
    ///
    /// *Errors*: `NoSuchBucket`; `Unavailable` where an absent element may hold more; `Io`.
    pub fn list(&self, request: &ListRequest<'_>) -> Result<Listing> {
        let inner = &self.inner;
        if inner.buckets.get(request.bucket)?.hold().is_none() {
            return Err(no_such_bucket(request.bucket));
        }
        inner.refuse_if_uncovered()?;
        let page = inner.catalog.page(&PageRequest {
            bucket: request.bucket.as_str(),
            prefix: request.prefix,
            delimiter: request.delimiter,
            after: request.after,
            max: request.max.min(PAGE_ENTRIES_MAX),
        })?;
        let classes = self.classes();
        let mut listing = Listing::default();
        for row in page.rows {
            listing.entries.push(match row {
                Row::CommonPrefix(prefix) => ListEntry::CommonPrefix(prefix),
                Row::Object { key, entry } => ListEntry::Object(ListedObject {
                    key: ObjectKey::parse(&key)?,
                    size: entry.size,
                    etag: entry.etag,
                    modified_ms: entry.created_ms,
                    owner: entry.owner,
                    class: classes.get(&entry.place.element).copied().unwrap_or(StorageClass::Standard),
                    checksum: entry.checksum,
                }),
            });
        }
        if page.is_truncated {
            listing.next = listing.entries.last().map(|entry| match entry {
                ListEntry::Object(object) => object.key.as_str().to_owned(),
                ListEntry::CommonPrefix(prefix) => prefix.clone(),
            });
        }
        Ok(listing)
    }

    fn classes(&self) -> BTreeMap<ElementId, StorageClass> {
        let elements = self.inner.elements.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let class = |slot: &ElementSlot| match slot {
            ElementSlot::Ready(element) => element.document().mode.storage_class(),
            ElementSlot::Absent { .. } => Mode::Edit.storage_class(),
        };
        elements.iter().map(|(id, slot)| (*id, class(slot))).collect()
    }
}
