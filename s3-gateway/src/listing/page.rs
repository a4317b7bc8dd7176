//! One page of a listing, from the engine's entries to those of the answer.

use std::sync::Arc;

use s3s::dto::{ChecksumAlgorithm, ChecksumType, CommonPrefix, ETag, Object, ObjectStorageClass};
use storage_engine::archive::list::{ListEntry, ListRequest, ListedObject, PAGE_ENTRIES_MAX};
use storage_engine::name::BucketName;

use super::{Spelling, restore_status};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// What both versions of the operation ask for.
pub(super) struct PageRequest {
    /// The bucket.
    pub(super) bucket: BucketName,
    /// Only keys that begin with this.
    pub(super) prefix: String,
    /// Rolls up what follows the prefix. An empty one is none.
    pub(super) delimiter: Option<String>,
    /// Entries after this.
    pub(super) after: Option<String>,
    /// Most entries.
    pub(super) max: usize,
    /// How names are spelled.
    pub(super) spelling: Spelling,
    /// Whether each object tells its owner.
    pub(super) has_owner: bool,
    /// Whether each archived object tells how far its restore is.
    pub(super) has_restore_status: bool,
}

/// The answer to it.
pub(super) struct Page {
    /// Objects in order.
    pub(super) contents: Vec<Object>,
    /// Rolled-up prefixes in order.
    pub(super) common_prefixes: Vec<CommonPrefix>,
    /// Where more follow: the last name, not yet spelled.
    pub(super) next: Option<String>,
}

/// The size of a page as S3 understands `max-keys`: 1,000 where it is absent or larger.
///
/// *Errors*: `InvalidArgument` for a negative one.
pub(super) fn page_size(max_keys: Option<i32>) -> Answer<usize> {
    let Some(max_keys) = max_keys else {
        return Ok(PAGE_ENTRIES_MAX);
    };
    let size = usize::try_from(max_keys).map_err(|_| {
        Refusal::because(
            Code::InvalidArgument,
            "Argument maxKeys must be an integer between 0 and 2147483647",
        )
        .with_element("ArgumentName", "maxKeys")
        .with_element("ArgumentValue", max_keys)
    })?;
    Ok(size.min(PAGE_ENTRIES_MAX))
}

impl PageRequest {
    /// Asks the engine.
    ///
    /// *Errors*: `NoSuchBucket`, `AccessDenied`, `ServiceUnavailable`.
    pub(super) async fn answer(self, gateway: &Gateway, visit: Arc<Visit>) -> Answer<Page> {
        let work = move || {
            let entered = visit.enter(&self.bucket, None)?;
            let mut page = Page { contents: Vec::new(), common_prefixes: Vec::new(), next: None };
            if self.max == 0 {
                return Ok(page);
            }
            let listing = entered.archive().list(&ListRequest {
                bucket: &self.bucket,
                prefix: &self.prefix,
                delimiter: self.delimiter.as_deref(),
                after: self.after.as_deref(),
                max: self.max,
            })?;
            for entry in listing.entries {
                match entry {
                    ListEntry::Object(object) => page.contents.push(self.object(&visit, &object)),
                    ListEntry::CommonPrefix(prefix) => {
                        let prefix = Some(self.spelling.spell(&prefix));
                        page.common_prefixes.push(CommonPrefix { prefix });
                    }
                }
            }
            page.next = listing.next;
            Ok(page)
        };
        gateway.crossing.run(work).await
    }

    fn object(&self, visit: &Visit, listed: &ListedObject) -> Object {
        let algorithm = |name: &str| ChecksumAlgorithm::from(name.to_uppercase());
        Object {
            checksum_algorithm: listed.checksum.map(|(known, _)| vec![algorithm(known.as_str())]),
            checksum_type: listed.checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
            e_tag: Some(ETag::Strong(listed.etag.clone())),
            key: Some(self.spelling.spell(listed.key.as_str())),
            last_modified: timestamp(listed.modified_ms),
            owner: self.has_owner.then(|| visit.owner(&listed.owner)),
            restore_status: listed.restore.filter(|_| self.has_restore_status).map(restore_status::shown),
            size: i64::try_from(listed.size).ok(),
            storage_class: Some(ObjectStorageClass::from_static(listed.class.as_str())),
        }
    }
}
