//! Listing current objects, and all versions.

use std::collections::BTreeMap;

use super::list::{
    Keeping, ListEntry, ListRequest, ListedObject, ListedVersion, Listing, PAGE_ENTRIES_MAX,
    VersionListEntry, VersionListRequest, VersionListing,
};
use super::open::{Archive, ElementSlot};
use crate::bucket::no_such_bucket;
use crate::catalog::{Entry, Page, PageRequest, Row, Shown};
use crate::error::Result;
use crate::mode::{Mode, StorageClass};
use crate::name::{BucketName, ElementId, ObjectKey, VersionId};
use crate::retention::RetentionTerm;

/// What an element makes of what lies on it.
#[derive(Clone, Copy)]
struct Holder {
    class: StorageClass,
    term: Option<RetentionTerm>,
}

impl Archive {
    /// A page of a bucket's current objects.
    ///
    /// *Errors*: `NoSuchBucket`; `Unavailable` where an absent element may hold more; `Io`.
    pub fn list(&self, request: &ListRequest<'_>) -> Result<Listing> {
        self.listing_of(self.page(request.bucket, &page_request(request))?)
    }

    /// A page of objects as it is shown.
    pub(super) fn listing_of(&self, page: Page) -> Result<Listing> {
        let holders = self.holders();
        let mut listing = Listing::default();
        for row in page.rows {
            listing.entries.push(match row {
                Row::CommonPrefix(prefix) => ListEntry::CommonPrefix(prefix),
                Row::Object { key, entry, .. } => ListEntry::Object(self.listed(&key, entry, &holders)?),
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

    /// A page of a bucket's versions, delete markers among them.
    ///
    /// *Errors*: `NoSuchBucket`; `Unavailable` where an absent element may hold more; `Io`.
    pub fn list_versions(&self, request: &VersionListRequest<'_>) -> Result<VersionListing> {
        let shown = Shown::Versions { after_seq: self.seq_of_marker(request)? };
        let page = self.page(
            request.bucket,
            &PageRequest {
                bucket: request.bucket.as_str(),
                prefix: request.prefix,
                delimiter: request.delimiter,
                after: request.key_marker,
                shown,
                max: request.max.min(PAGE_ENTRIES_MAX),
            },
        )?;
        let holders = self.holders();
        let mut listing = VersionListing::default();
        for row in page.rows {
            listing.entries.push(match row {
                Row::CommonPrefix(prefix) => VersionListEntry::CommonPrefix(prefix),
                Row::Object { key, entry, is_latest } => {
                    let (version_id, is_marker) = (entry.version_id, entry.is_marker());
                    let object = self.listed(&key, entry, &holders)?;
                    VersionListEntry::Version(ListedVersion { object, version_id, is_latest, is_marker })
                }
            });
        }
        if page.is_truncated {
            listing.next = listing.entries.last().map(|entry| match entry {
                VersionListEntry::Version(version) => {
                    (version.object.key.as_str().to_owned(), Some(version.version_id))
                }
                VersionListEntry::CommonPrefix(prefix) => (prefix.clone(), None),
            });
        }
        Ok(listing)
    }

    /// The place of the version marker among the versions of its key; `None` where none is named, or
    /// none can be told.
    fn seq_of_marker(&self, request: &VersionListRequest<'_>) -> Result<Option<u64>> {
        match (request.key_marker.map(ObjectKey::parse), request.version_marker) {
            (Some(Ok(_)), Some(VersionId::Unique { seq, .. })) => Ok(Some(seq)),
            (Some(Ok(key)), Some(VersionId::Null)) => {
                let entry = self.inner.catalog.version(request.bucket, &key, VersionId::Null)?;
                Ok(entry.map(|entry| entry.seq))
            }
            // A marker that is no key, such as one that is too long, has no versions.
            (None | Some(_), None) | (None | Some(Err(_)), Some(_)) => Ok(None),
        }
    }

    fn page(&self, bucket: &BucketName, request: &PageRequest<'_>) -> Result<Page> {
        if self.inner.buckets.get(bucket)?.hold().is_none() {
            return Err(no_such_bucket(bucket));
        }
        self.inner.refuse_if_uncovered()?;
        self.inner.catalog.page(request)
    }

    /// What each element makes of what lies on it.
    fn holders(&self) -> BTreeMap<ElementId, Holder> {
        let elements = self.inner.elements.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let holder = |slot: &ElementSlot| match slot {
            ElementSlot::Ready(element) => {
                let document = element.document();
                Holder { class: document.class(), term: document.retention }
            }
            ElementSlot::Absent { known_mode, .. } => {
                Holder { class: known_mode.unwrap_or(Mode::Edit).storage_class(), term: None }
            }
        };
        elements.iter().map(|(id, slot)| (*id, holder(slot))).collect()
    }

    fn listed(&self, key: &str, entry: Entry, holders: &BTreeMap<ElementId, Holder>) -> Result<ListedObject> {
        let holder = holders.get(&entry.place.element).copied().unwrap_or_default();
        let class = holder.class;
        let status = || self.inner.restores.status(entry.seq, self.inner.retention_now_ms());
        let is_archived = matches!(class, StorageClass::Glacier | StorageClass::DeepArchive);
        Ok(ListedObject {
            key: ObjectKey::parse(key)?,
            revision: entry.placement_seq,
            size: entry.size,
            etag: entry.etag,
            modified_ms: entry.created_ms,
            owner: entry.owner,
            class,
            restore: is_archived.then(status).flatten(),
            checksum: entry.checksum,
            keeping: holder.keeping(entry.kept_until_ms, entry.created_ms),
        })
    }
}

/// What the catalog is asked for a page of objects.
pub(super) fn page_request<'a>(request: &ListRequest<'a>) -> PageRequest<'a> {
    PageRequest {
        bucket: request.bucket.as_str(),
        prefix: request.prefix,
        delimiter: request.delimiter,
        after: request.after,
        shown: Shown::Current,
        max: request.max.min(PAGE_ENTRIES_MAX),
    }
}

impl Holder {
    fn keeping(&self, kept_until_ms: u64, created_ms: u64) -> Keeping {
        let kept_until_ms = (kept_until_ms > 0).then_some(kept_until_ms);
        let Some(term) = self.term else { return Keeping { kept_until_ms, ..Keeping::default() } };
        let goes_ms = term.expires_ms(created_ms).max(kept_until_ms.unwrap_or(0));
        let expires_ms = (self.class.mode() == Mode::Edit).then_some(goes_ms);
        let warns_ms = expires_ms.or(kept_until_ms).map(|end_ms| term.warns_ms(end_ms));
        Keeping { kept_until_ms, expires_ms, warns_ms }
    }
}

impl Default for Holder {
    fn default() -> Self {
        Self { class: Mode::Edit.storage_class(), term: None }
    }
}
