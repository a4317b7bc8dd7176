//! An open upload on disk: `.artstore/uploads/<id>/` with `upload.json`, a file for each part, and
//! `parts.log` (`parts_log.rs`).

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};

use super::multipart::{NewUpload, Upload, UploadId, UploadRef};
use super::object::Attributes;
use super::parts_log;
use crate::digest::{ChecksumAlgorithm, ChecksumType};
use crate::disk::Disk;
use crate::document::{self, Fields, Members};
use crate::element::{Element, UPLOADS_DIR};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{Mode, StorageClass};
use crate::name::{BucketName, ObjectKey};
use crate::sidecar::bound_for;
use crate::timestamp::{from_rfc3339, to_rfc3339};

const SCHEMA: u64 = 1;
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// What `upload.json` says.
#[derive(Clone, Debug)]
pub(crate) struct UploadDocument {
    pub(super) upload: UploadRef,
    pub(super) owner: Arc<str>,
    pub(super) initiated_ms: u64,
    pub(super) attributes: Attributes,
    pub(super) checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// The class to which the object goes on by itself.
    pub(super) bound_for: Option<StorageClass>,
}

/// The folder of an upload.
pub(crate) fn folder(id: UploadId) -> String {
    format!("{UPLOADS_DIR}/{id}")
}

impl UploadDocument {
    pub(super) fn new(
        id: UploadId,
        new: NewUpload,
        bound_for: Option<StorageClass>,
        initiated_ms: u64,
    ) -> Self {
        Self {
            upload: UploadRef { bucket: new.bucket, key: new.key, id },
            owner: new.owner,
            initiated_ms,
            attributes: new.attributes,
            checksum: new.checksum,
            bound_for,
        }
    }

    /// The upload's id.
    pub(crate) fn id(&self) -> UploadId {
        self.upload.id
    }

    /// The upload as the doors see it, for an element of `mode`.
    pub(super) fn shown(&self, mode: Mode) -> Upload {
        Upload {
            upload: self.upload.clone(),
            owner: Arc::clone(&self.owner),
            initiated_ms: self.initiated_ms,
            class: self.bound_for.unwrap_or_else(|| mode.storage_class()),
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
        if let Some(class) = self.bound_for {
            set("bound_for", class.as_str().into());
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
            bound_for: bound_for(&mut fields)?,
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
            Ok(document) => {
                parts_log::sweep(disk, document.upload.id)?;
                uploads.push(document);
            }
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
