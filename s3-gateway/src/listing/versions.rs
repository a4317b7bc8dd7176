//! API page "ListObjectVersions".

use std::sync::Arc;

use s3s::dto::{
    ChecksumAlgorithm, ChecksumType, CommonPrefix, DeleteMarkerEntry, ETag, ListObjectVersionsInput,
    ListObjectVersionsOutput, ObjectVersion, ObjectVersionStorageClass,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::list::{ListedVersion, VersionListEntry, VersionListRequest, VersionListing};
use storage_engine::name::{BucketName, VersionId};

use super::page::page_size;
use super::{Spelling, restore_status};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// Lists versions and delete markers, by key, then the newest first. In a bucket that never had versioning
/// every object is its version `null`.
///
/// *Errors*: `InvalidArgument`, also for a version id marker without a key marker; `NoSuchBucket`,
/// `AccessDenied`.
pub(crate) async fn versions(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListObjectVersionsInput>,
) -> Answer<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys)?;
    let bucket = BucketName::parse(&input.bucket)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.filter(|marker| !marker.is_empty());
    let version_marker = input.version_id_marker.filter(|marker| !marker.is_empty());
    if version_marker.is_some() && key_marker.is_none() {
        let message = "A version-id marker cannot be specified without a key marker.";
        return Err(Refusal::because(Code::InvalidArgument, message));
    }
    let after_version = version_marker.as_deref().map(VersionId::parse).transpose()?;
    let (asking, rolled, after) = (Arc::clone(&visit), delimiter.clone(), key_marker.clone());
    let work = move || {
        let entered = asking.enter(&bucket, None)?;
        if max == 0 {
            return Ok(VersionListing::default());
        }
        Ok(entered.archive().list_versions(&VersionListRequest {
            bucket: &bucket,
            prefix: &prefix,
            delimiter: rolled.as_deref(),
            key_marker: after.as_deref(),
            version_marker: after_version,
            max,
        })?)
    };
    let listing = gateway.crossing.run(work).await?;
    let spell = |name: String| spelling.spell(&name);
    let is_truncated = Some(listing.next.is_some());
    let (next_key, next_version) = listing.next.map_or((None, None), |(key, id)| (Some(key), id));
    let mut shown = ShownPage {
        spelling,
        visit: &visit,
        has_restore_status: restore_status::is_asked(input.optional_object_attributes.as_ref()),
        versions: vec![],
        markers: vec![],
        prefixes: vec![],
    };
    listing.entries.into_iter().for_each(|entry| shown.add(entry));
    Ok(S3Response::new(ListObjectVersionsOutput {
        common_prefixes: Some(shown.prefixes),
        delete_markers: Some(shown.markers),
        delimiter: delimiter.map(spell),
        encoding_type: input.encoding_type,
        is_truncated,
        key_marker: Some(spell(key_marker.unwrap_or_default())),
        max_keys: i32::try_from(max).ok(),
        name: Some(input.bucket),
        next_key_marker: next_key.map(spell),
        next_version_id_marker: next_version.map(|id| id.to_string()),
        prefix: Some(spell(input.prefix.unwrap_or_default())),
        version_id_marker: Some(version_marker.unwrap_or_default()),
        versions: Some(shown.versions),
        ..ListObjectVersionsOutput::default()
    }))
}

/// The entries of a page as the answer groups them.
struct ShownPage<'a> {
    spelling: Spelling,
    visit: &'a Visit,
    has_restore_status: bool,
    versions: Vec<ObjectVersion>,
    markers: Vec<DeleteMarkerEntry>,
    prefixes: Vec<CommonPrefix>,
}

impl ShownPage<'_> {
    fn add(&mut self, entry: VersionListEntry) {
        match entry {
            VersionListEntry::CommonPrefix(prefix) => {
                self.prefixes.push(CommonPrefix { prefix: Some(self.spelling.spell(&prefix)) });
            }
            VersionListEntry::Version(listed) if listed.is_marker => {
                let marker = self.marker(&listed);
                self.markers.push(marker);
            }
            VersionListEntry::Version(listed) => {
                let version = self.version(&listed);
                self.versions.push(version);
            }
        }
    }

    fn marker(&self, listed: &ListedVersion) -> DeleteMarkerEntry {
        DeleteMarkerEntry {
            is_latest: Some(listed.is_latest),
            key: Some(self.spelling.spell(listed.object.key.as_str())),
            last_modified: timestamp(listed.object.modified_ms),
            owner: Some(self.visit.owner(&listed.object.owner)),
            version_id: Some(listed.version_id.to_string()),
        }
    }

    fn version(&self, listed: &ListedVersion) -> ObjectVersion {
        let object = &listed.object;
        let algorithm = |name: &str| ChecksumAlgorithm::from(name.to_uppercase());
        ObjectVersion {
            checksum_algorithm: object.checksum.map(|(known, _)| vec![algorithm(known.as_str())]),
            checksum_type: object.checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            is_latest: Some(listed.is_latest),
            key: Some(self.spelling.spell(object.key.as_str())),
            last_modified: timestamp(object.modified_ms),
            owner: Some(self.visit.owner(&object.owner)),
            restore_status: object.restore.filter(|_| self.has_restore_status).map(restore_status::shown),
            size: i64::try_from(object.size).ok(),
            storage_class: Some(ObjectVersionStorageClass::from(object.class.as_str().to_owned())),
            version_id: Some(listed.version_id.to_string()),
        }
    }
}
