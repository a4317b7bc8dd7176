//! `.artstore/restored/<id>.json`: what is known of one restore, beside its bytes.
//!
//! Not in the sidecar, which is sealed: a restore changes nothing of the document (DECISIONS 13).

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::request::{RestoreState, Tier};
use crate::disk::Disk;
use crate::document::{self, Fields, Members};
use crate::element::RESTORED_DIR;
use crate::error::{Error, Result};
use crate::name::{BucketName, ObjectKey, StoredPath, VersionId};
use crate::timestamp::{from_rfc3339, to_rfc3339};

const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 64 * 1024;
/// Most characters of a failure that are kept.
const FAILURE_CHARS_MAX: usize = 1000;
const ORDER: [&str; 16] = [
    "schema",
    "id",
    "bucket",
    "key",
    "version_id",
    "seq",
    "data",
    "size",
    "requested_by",
    "requested_at",
    "days",
    "tier",
    "state",
    "expires_at",
    "attempts",
    "failure",
];

/// One restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestoreDocument {
    /// Of the pair.
    pub(crate) id: Uuid,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) version_id: VersionId,
    /// Sequence number of the version.
    pub(crate) seq: u64,
    /// Where the pair lies in its element.
    pub(crate) path: StoredPath,
    pub(crate) size: u64,
    pub(crate) requested_by: Arc<str>,
    pub(crate) requested_ms: u64,
    pub(crate) days: u32,
    pub(crate) tier: Tier,
    pub(crate) state: RestoreState,
    pub(crate) expires_ms: u64,
    /// Tries that failed.
    pub(crate) attempts: u64,
    /// Why the last of them did.
    pub(crate) failure: Option<String>,
}

/// Where the bytes of a restored pair are.
pub(crate) fn restored_path(id: Uuid) -> String {
    format!("{RESTORED_DIR}/{}", id.simple())
}

impl RestoreDocument {
    fn path_of(id: Uuid) -> String {
        format!("{}.json", restored_path(id))
    }

    /// Reads the document of a pair.
    ///
    /// *Errors*: `Io` with `NotFound` below where there is none, `Corrupt`, `NewerFormat`.
    pub(crate) fn read(disk: &dyn Disk, id: Uuid) -> Result<Self> {
        let path = Self::path_of(id);
        let bytes =
            disk.read_whole(&path, BYTES_MAX).map_err(|error| Error::io("read restore", &path, error))?;
        let mut fields = Fields::new(document::parse(&bytes, SCHEMA, &path)?, &path);
        let state = fields.value("state").and_then(|state| serde_json::from_value(state).ok());
        let tier = fields.value("tier").and_then(|tier| serde_json::from_value(tier).ok());
        Ok(Self {
            id: fields.parsed("id", |text| Uuid::try_parse(text).ok().filter(|found| *found == id))?,
            bucket: fields.parsed("bucket", |text| BucketName::parse(text).ok())?,
            key: fields.parsed("key", |text| ObjectKey::parse(text).ok())?,
            version_id: fields.parsed("version_id", |text| VersionId::parse(text).ok())?,
            seq: fields.number("seq")?,
            path: fields.parsed("data", |text| StoredPath::parse(text).ok())?,
            size: fields.number("size")?,
            requested_by: fields.text("requested_by")?.into(),
            requested_ms: fields.parsed("requested_at", from_rfc3339)?,
            days: u32::try_from(fields.number("days")?).map_err(|_| fields.corrupt("days"))?,
            tier: tier.ok_or_else(|| fields.corrupt("tier"))?,
            state: state.ok_or_else(|| fields.corrupt("state"))?,
            expires_ms: fields.parsed("expires_at", from_rfc3339)?,
            attempts: fields.number("attempts")?,
            failure: fields.text_if("failure")?,
        })
    }

    /// Writes the document. *Durability*: durable on return.
    pub(crate) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let mut members = Members::from_iter([
            ("schema".to_owned(), Value::from(SCHEMA)),
            ("id".to_owned(), self.id.to_string().into()),
            ("bucket".to_owned(), self.bucket.as_str().into()),
            ("key".to_owned(), self.key.as_str().into()),
            ("version_id".to_owned(), self.version_id.to_string().into()),
            ("seq".to_owned(), self.seq.into()),
            ("data".to_owned(), self.path.data().into()),
            ("size".to_owned(), self.size.into()),
            ("requested_by".to_owned(), (*self.requested_by).into()),
            ("requested_at".to_owned(), to_rfc3339(self.requested_ms).into()),
            ("days".to_owned(), self.days.into()),
            ("tier".to_owned(), json!(self.tier)),
            ("state".to_owned(), json!(self.state)),
            ("expires_at".to_owned(), to_rfc3339(self.expires_ms).into()),
            ("attempts".to_owned(), self.attempts.into()),
        ]);
        if let Some(failure) = &self.failure {
            let kept: String = failure.chars().take(FAILURE_CHARS_MAX).collect();
            members.insert("failure".to_owned(), kept.into());
        }
        let path = Self::path_of(self.id);
        disk.write_durable(&path, &document::render(&members, &ORDER))
            .map_err(|error| Error::io("write restore", path, error))
    }

    /// Removes document and bytes of a restore, the document first: bytes alone are swept at the next start. What is
    /// not there is no error, and costs no sync.
    ///
    /// *Durability*: the document is gone for good on return.
    pub(crate) fn remove(disk: &dyn Disk, id: Uuid) -> Result<()> {
        let path = Self::path_of(id);
        match disk.remove(&path).and_then(|()| disk.sync_dir(RESTORED_DIR)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove restore", &path, error));
            }
            _ => {}
        }
        match disk.remove(&restored_path(id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove restored copy", restored_path(id), error))
            }
            _ => Ok(()),
        }
    }
}
