//! Versions of one key, found by what is known of them.

use redb::ReadableDatabase;

use super::entry::Entry;
use super::key;
use super::store::{Catalog, VERSIONS, failed};
use crate::error::Result;
use crate::name::{BucketName, ObjectKey, VersionId};

impl Catalog {
    /// The newest version of a key, marker or object.
    pub(crate) fn newest(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Option<Entry>> {
        self.first_version(bucket, key, |_| true)
    }

    /// One version of a key.
    pub(crate) fn version(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: VersionId,
    ) -> Result<Option<Entry>> {
        if let VersionId::Unique { seq, .. } = version {
            let entry = self.version_of_seq(bucket, key, seq)?;
            return Ok(entry.filter(|entry| entry.version_id == version));
        }
        self.first_version(bucket, key, |entry| entry.version_id.is_null())
    }

    /// The version of a key with this sequence number.
    pub(crate) fn version_of_seq(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        seq: u64,
    ) -> Result<Option<Entry>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let row = key::row(bucket.as_str(), key.as_str(), seq);
        let found = versions.get(row.as_slice()).map_err(failed)?;
        found.map(|value| Entry::decode(value.value(), seq)).transpose()
    }

    /// The newest versions of a key with this ETag, at most `max`, the newest first.
    pub(crate) fn versions_of_etag(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &str,
        max: usize,
    ) -> Result<Vec<Entry>> {
        self.first_versions(bucket, key, max, |entry| entry.etag == etag)
    }

    pub(super) fn first_version(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Entry>> {
        Ok(self.first_versions(bucket, key, 1, wanted)?.pop())
    }

    /// The newest versions of a key that are `wanted`, at most `max`, the newest first.
    fn first_versions(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        max: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Entry>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let (start, end) =
            (key::versions(bucket.as_str(), key.as_str()), key::past_versions(bucket.as_str(), key.as_str()));
        let mut found = Vec::new();
        for row in versions.range(start.as_slice()..end.as_slice()).map_err(failed)? {
            let (row, value) = row.map_err(failed)?;
            let Some((_, seq)) = key::split(row.value(), bucket.as_str()) else { continue };
            let entry = Entry::decode(value.value(), seq)?;
            if wanted(&entry) {
                found.push(entry);
            }
            if found.len() >= max {
                break;
            }
        }
        Ok(found)
    }
}
