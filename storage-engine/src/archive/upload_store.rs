//! An open upload on disk: `.artstore/uploads/<id>/` with `upload.json`, a file for each part, and
//! `parts.log`, to which each part that arrived adds a line.
//!
//! A line is a JSON object and ends with a newline; a torn last line was never acknowledged and is
//! passed over. Of two lines with one number the later counts.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::multipart::{NewUpload, Part, Upload, UploadId, UploadRef};
use super::object::Attributes;
use crate::digest::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::disk::Disk;
use crate::document::{self, Fields, Members};
use crate::element::{Element, UPLOADS_DIR};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey};
use crate::timestamp::{from_rfc3339, to_rfc3339};

const SCHEMA: u64 = 1;
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Room for 10,000 parts, each sent several times.
const PARTS_LOG_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What `upload.json` says.
#[derive(Clone, Debug)]
pub(crate) struct UploadDocument {
    pub(super) upload: UploadRef,
    pub(super) owner: Arc<str>,
    pub(super) initiated_ms: u64,
    pub(super) attributes: Attributes,
    pub(super) checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A part as `parts.log` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartLine {
    pub(super) number: u16,
    /// The file's name in the upload's folder.
    pub(crate) file: String,
    pub(crate) size: u64,
    /// MD5 in hex: the part's ETag.
    pub(super) md5: String,
    /// CRC-64/NVME in base64: what the part's bytes are checked against when it is put together.
    pub(super) crc64nvme: String,
    /// The additional checksum that the client chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<(String, String)>,
    pub(super) modified_ms: u64,
}

impl PartLine {
    /// The additional checksum.
    pub(super) fn checksum(&self) -> Option<Checksum> {
        let (name, value) = self.checksum.as_ref()?;
        Some(Checksum { algorithm: ChecksumAlgorithm::parse(name)?, value: value.as_str().into() })
    }

    /// The part as the doors see it.
    pub(super) fn part(&self) -> Part {
        Part {
            number: self.number,
            size: self.size,
            etag: self.md5.clone(),
            checksum: self.checksum(),
            modified_ms: self.modified_ms,
        }
    }
}

/// The folder of an upload.
pub(super) fn folder(id: UploadId) -> String {
    format!("{UPLOADS_DIR}/{id}")
}

impl UploadDocument {
    pub(super) fn new(id: UploadId, new: NewUpload, initiated_ms: u64) -> Self {
        Self {
            upload: UploadRef { bucket: new.bucket, key: new.key, id },
            owner: new.owner,
            initiated_ms,
            attributes: new.attributes,
            checksum: new.checksum,
        }
    }

    /// The upload as the doors see it, for an element of `mode`.
    pub(super) fn shown(&self, mode: Mode) -> Upload {
        Upload {
            upload: self.upload.clone(),
            owner: Arc::clone(&self.owner),
            initiated_ms: self.initiated_ms,
            class: mode.storage_class(),
            checksum: self.checksum,
        }
    }

    /// Makes the upload's folder. *Durability*: durable on return.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let folder = folder(self.upload.id);
        let io = |error| Error::io("create upload", &folder, error);
        let mut members = Members::new();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("schema", SCHEMA.into());
        set("id", self.upload.id.to_string().into());
        set("bucket", self.upload.bucket.as_str().into());
        set("key", self.upload.key.as_str().into());
        set("owner", (*self.owner).into());
        set("initiated_at", to_rfc3339(self.initiated_ms).into());
        set("attributes", json!(self.attributes));
        if let Some((algorithm, kind)) = self.checksum {
            set("checksum_algorithm", algorithm.as_str().into());
            set("checksum_type", kind.as_str().into());
        }
        disk.create_dir(&folder).map_err(io)?;
        disk.write_durable(&format!("{folder}/upload.json"), &document::render(&members, &["schema", "id"]))
            .map_err(io)?;
        disk.sync_dir(UPLOADS_DIR).map_err(io)
    }

    /// Reads the document in the folder `name`.
    ///
    /// *Errors*: `Io` with `NotFound` below where there is none, `Corrupt`, `NewerFormat`.
    pub(crate) fn read(disk: &dyn Disk, name: &str) -> Result<Self> {
        let path = format!("{UPLOADS_DIR}/{name}/upload.json");
        let bytes = disk
            .read_whole(&path, DOCUMENT_BYTES_MAX)
            .map_err(|error| Error::io("read upload", &path, error))?;
        let mut fields = Fields::new(document::parse(&bytes, SCHEMA, &path)?, &path);
        let attributes = fields.value("attributes").unwrap_or_default();
        let attributes = serde_json::from_value(attributes).map_err(|_| fields.corrupt("attributes"))?;
        let algorithm = fields.text_if("checksum_algorithm")?.as_deref().and_then(ChecksumAlgorithm::parse);
        let kind = fields.text_if("checksum_type")?.as_deref().and_then(ChecksumType::parse);
        Ok(Self {
            upload: UploadRef {
                bucket: fields.parsed("bucket", |text| BucketName::parse(text).ok())?,
                key: fields.parsed("key", |text| ObjectKey::parse(text).ok())?,
                id: fields.parsed("id", |text| UploadId::parse(text).ok())?,
            },
            owner: fields.text("owner")?.into(),
            initiated_ms: fields.parsed("initiated_at", from_rfc3339)?,
            attributes,
            checksum: algorithm.zip(kind),
        })
    }
}

/// Reads every open upload of an element, and removes what is left of those that never came to be.
///
/// *Errors*: `NewerFormat`, `Io`. A damaged upload is reported and left alone.
pub(super) fn read_all(element: &Element) -> Result<Vec<UploadDocument>> {
    let disk = &*element.disk;
    let mut uploads = Vec::new();
    for entry in disk.read_dir(UPLOADS_DIR).map_err(|error| Error::io("read folder", UPLOADS_DIR, error))? {
        match UploadDocument::read(disk, &entry.name) {
            Ok(document) => uploads.push(document),
            Err(error)
                if matches!(error.kind(), ErrorKind::NewerFormat | ErrorKind::Io)
                    && !error.is_missing_file() =>
            {
                return Err(error);
            }
            Err(error) if error.is_missing_file() => {
                if let Ok(id) = UploadId::parse(&entry.name) {
                    tracing::info!(upload = %id, "what is left of an upload without its document is removed");
                    remove(disk, id)?;
                }
            }
            Err(error) => {
                tracing::error!(upload = entry.name, %error, "an open upload is damaged and is passed over")
            }
        }
    }
    Ok(uploads)
}

/// Keeps a part that lies in staging as `staged`. *Durability*: durable on return.
pub(super) fn add_part(disk: &dyn Disk, id: UploadId, staged: &str, line: &PartLine) -> Result<()> {
    let folder = folder(id);
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorKind::NoSuchUpload, "keep part").about(id),
        _ => Error::io("keep part", id, error),
    };
    disk.publish(staged, &format!("{folder}/{}", line.file)).map_err(io)?;
    disk.sync_dir(&folder).map_err(io)?;
    let path = format!("{folder}/parts.log");
    let log = match disk.open_to_write(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let log = disk.create(&path).map_err(io)?;
            disk.sync_dir(&folder).map_err(io)?;
            log
        }
        other => other.map_err(io)?,
    };
    let known = disk.read_whole(&path, PARTS_LOG_BYTES_MAX).map_err(io)?;
    let whole = known.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut text = serde_json::to_vec(line)
        .map_err(|error| Error::new(ErrorKind::InvalidArgument, "keep part").caused_by(error))?;
    text.push(b'\n');
    log.set_len(whole as u64).map_err(io)?;
    log.write_at(&text, whole as u64).map_err(io)?;
    log.sync().map_err(io)?;
    for replaced in lines(&known).filter(|known| known.number == line.number) {
        disk.remove(&format!("{folder}/{}", replaced.file)).ok();
    }
    Ok(())
}

/// The parts that arrived, by number.
///
/// *Errors*: `NoSuchUpload` where the upload is gone, `Io`.
pub(crate) fn parts(disk: &dyn Disk, id: UploadId) -> Result<BTreeMap<u16, PartLine>> {
    let path = format!("{}/parts.log", folder(id));
    match disk.read_whole(&path, PARTS_LOG_BYTES_MAX) {
        Ok(bytes) => Ok(lines(&bytes).map(|line| (line.number, line)).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Error::io("read parts", path, error)),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = PartLine> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

/// Removes an upload's document: it is no upload any more, and what is left is swept at the next start.
/// *Durability*: gone for good on return.
pub(super) fn remove_document(disk: &dyn Disk, id: UploadId) -> Result<()> {
    let folder = folder(id);
    let removed = match disk.remove(&format!("{folder}/upload.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.and_then(|()| disk.sync_dir(&folder)),
    };
    removed.map_err(|error| Error::io("remove upload", &folder, error))
}

/// Removes the folder of an upload, its document first. *Durability*: gone for good on return.
pub(super) fn remove(disk: &dyn Disk, id: UploadId) -> Result<()> {
    remove_document(disk, id)?;
    let folder = folder(id);
    let io = |error| Error::io("remove upload", &folder, error);
    let entries = match disk.read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(io)?,
    };
    for entry in entries {
        disk.remove(&format!("{folder}/{}", entry.name)).map_err(io)?;
    }
    disk.remove_dir(&folder).map_err(io)?;
    disk.sync_dir(UPLOADS_DIR).map_err(io)
}

/// A fresh name for a part's file.
pub(super) fn part_file(number: u16, id: Uuid) -> String {
    format!("{number:05}.{}.part", id.simple())
}
