//! API page "CopyObject".

use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{ChecksumType, CopyObjectInput, CopyObjectOutput, CopyObjectResult, ETag};
use s3s::{S3Request, S3Response};
use storage_engine::archive::ObjectReader;
use storage_engine::archive::multipart::PART_BYTES_MAX;
use storage_engine::archive::object::{Attributes, Object};
use storage_engine::archive::put::{PutDetails, PutTarget, Stored, WriteConditions};
use storage_engine::archive::transfer::{Destination, Transfer, Transferred};
use storage_engine::digest::ChecksumAlgorithm;
use storage_engine::mode::{StorageClass, class_of_name};
use storage_engine::name::{BucketName, ObjectKey};

use super::annotation::{Said, annotate, look_again};
use super::copy_source::{CopySource, SourceTimes, source_too_large};
use crate::access::{Entered, Visit};
use crate::dispatch::Gateway;
use crate::intake::{attributes, refuse_unsupported, value_of, write_conditions};
use crate::lifecycle;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::{answer_in_time, timestamp};

/// Copies an object without its bytes leaving the server.
///
/// A copy onto itself that keeps class and checksum only changes what is said about the object: its bytes
/// stay where they are. With a stricter class it is a transfer: the object stays what it is, elsewhere.
///
/// *Durability*: an answer without an error means that the copy survives a power cut.
///
/// *Errors*: `InvalidRequest` for a source above 5 GiB and for a copy onto itself that changes nothing;
/// those of reading the source and of PutObject.
pub(crate) async fn copy(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<CopyObjectInput>,
) -> Answer<S3Response<CopyObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    refuse_unsupported(&headers)?;
    let times = SourceTimes {
        modified_since: input.copy_source_if_modified_since,
        unmodified_since: input.copy_source_if_unmodified_since,
    };
    let copying = Copying {
        source: CopySource::new(&input.copy_source, &headers, times)?,
        bucket: BucketName::parse(&input.bucket)?,
        key: ObjectKey::parse(&input.key)?,
        class: input.storage_class.map(|class| class.as_str().to_owned()),
        checksum: checksum(&headers)?,
        replaces_metadata: replaces(&headers, "x-amz-metadata-directive")?,
        replaces_tags: replaces(&headers, "x-amz-tagging-directive")?,
        given: attributes(&headers, input.metadata)?,
        conditions: write_conditions(&headers)?,
    };
    let named_version = copying.source.version;
    let (bucket, key) = (copying.bucket.clone(), copying.key.clone());
    let (asking, crossing) = (Arc::clone(&visit), gateway.crossing.clone());
    let copying = gateway.crossing.start(move || copying.run(&visit)).await;
    let copying = async move {
        let stored = copying.await?;
        let lifecycle = asking.lifecycle(&crossing, &bucket).await;
        let expiration = lifecycle::of_stored(lifecycle.as_deref(), &key, &stored);
        Ok((stored, expiration))
    };
    let head = |(stored, expiration): &(Stored, Option<String>), copied| CopyObjectOutput {
        copy_object_result: Some(copied),
        expiration: expiration.clone(),
        copy_source_version_id: named_version.map(|version| version.to_string()),
        version_id: stored.version_id.map(|version| version.to_string()),
        ..CopyObjectOutput::default()
    };
    answer_in_time(copying, gateway.silence_max, |(stored, _)| result(stored), head).await
}

/// What a request asks for.
struct Copying {
    source: CopySource,
    bucket: BucketName,
    key: ObjectKey,
    class: Option<String>,
    checksum: Option<ChecksumAlgorithm>,
    replaces_metadata: bool,
    replaces_tags: bool,
    given: Attributes,
    conditions: WriteConditions,
}

impl Copying {
    fn run(self, visit: &Arc<Visit>) -> Answer<Stored> {
        let entered = visit.enter(&self.bucket, Some(&self.key))?;
        let reader = self.source.open(visit)?;
        if reader.object().size > PART_BYTES_MAX {
            return Err(source_too_large());
        }
        match self.onto_itself(&entered, reader.object())? {
            None => return self.store(&entered, visit, reader),
            Some(class) if class.mode() > reader.object().mode => {
                return self.transfer(&entered, visit, class);
            }
            Some(_) => {}
        }
        annotate(&entered, &self.bucket, &self.key, || {
            let object = self.source.open(visit)?.object().clone();
            self.conditions.check(Some(&object.etag), &self.key)?;
            let attributes = self.attributes(&object);
            Ok(Said { object, attributes, renews_time: true })
        })
    }

    /// Moves the object to an element of a stricter class, with what is said about it from now on.
    fn transfer(self, entered: &Entered, visit: &Arc<Visit>, class: StorageClass) -> Answer<Stored> {
        let transferred = look_again(|| {
            let object = Arc::clone(self.source.open(visit)?.object());
            self.conditions.check(Some(&object.etag), &self.key)?;
            let is_said_anew = self.replaces_metadata || self.replaces_tags;
            let transfer = Transfer {
                version: Some(object.version_id),
                to: Destination::Class(class),
                revision: Some(object.revision),
                attributes: is_said_anew.then(|| self.attributes(&object)),
            };
            Ok(entered.archive().transfer(&entered.caller(), &self.bucket, &self.key, &transfer))
        })?;
        match transferred {
            Transferred::Moved { stored, .. } => Ok(stored),
            // Somebody else has moved it since it was looked at.
            Transferred::There => Err(Refusal::new(Code::OperationAborted)),
        }
    }

    fn store(self, entered: &Entered, visit: &Visit, reader: ObjectReader) -> Answer<Stored> {
        let attributes = self.attributes(reader.object());
        let target = PutTarget {
            bucket: self.bucket,
            key: self.key,
            class: self.class,
            length: Some(reader.object().size),
        };
        let details = PutDetails { attributes, conditions: self.conditions, owner: visit.account() };
        let admission = entered.archive().admit(target)?;
        Ok(entered.archive().copy(&entered.caller(), reader, admission, self.checksum, details)?)
    }

    /// What is said about the copy: of the source what is not replaced.
    fn attributes(&self, object: &Object) -> Attributes {
        let of_source = &object.attributes;
        let mut attributes = if self.replaces_metadata { &self.given } else { of_source }.clone();
        attributes.tags = if self.replaces_tags { &self.given } else { of_source }.tags.clone();
        attributes
    }

    fn is_onto_itself(&self) -> bool {
        self.source.bucket == self.bucket && self.source.key == self.key && self.source.version.is_none()
    }

    fn refuse_without_change(&self) -> Answer<()> {
        let is_changed =
            self.replaces_metadata || self.replaces_tags || self.class.is_some() || self.checksum.is_some();
        if is_changed {
            return Ok(());
        }
        let message = "This copy request is illegal because it is trying to copy an object to itself without \
                       changing the object's metadata, storage class, website redirect location or encryption \
                       attributes.";
        Err(Refusal::because(Code::InvalidRequest, message))
    }

    /// The class that the object is to have where this is a copy onto itself after which it is the same object:
    /// one of no looser class, with a checksum that is known, in the place of that version.
    ///
    /// *Errors*: `InvalidRequest` for one that changes nothing.
    fn onto_itself(&self, entered: &Entered, object: &Object) -> Answer<Option<StorageClass>> {
        if !self.is_onto_itself() {
            return Ok(None);
        }
        self.refuse_without_change()?;
        let class = self.class.as_deref().map_or(Ok(object.class), class_of_name)?;
        let is_known = |algorithm| object.checksums.iter().any(|known| known.algorithm == algorithm);
        let is_same = class.mode() >= object.mode
            && self.checksum.is_none_or(is_known)
            && object.version_id.is_null()
            && !entered.is_versioned(&self.bucket)?;
        Ok(is_same.then_some(class))
    }
}

/// Whether a directive says REPLACE.
///
/// *Errors*: `InvalidArgument` for anything but COPY and REPLACE.
fn replaces(headers: &HeaderMap, name: &'static str) -> Answer<bool> {
    match headers.get(name).map(|value| value.as_bytes()) {
        None | Some(b"COPY") => Ok(false),
        Some(b"REPLACE") => Ok(true),
        Some(_) => Err(Refusal::because(
            Code::InvalidArgument,
            format!("Unknown directive: {name} is COPY or REPLACE"),
        )
        .with_element("ArgumentName", name)),
    }
}

/// The checksum that the copy shall have.
fn checksum(headers: &HeaderMap) -> Answer<Option<ChecksumAlgorithm>> {
    let Some(name) = headers.get("x-amz-checksum-algorithm") else {
        return Ok(None);
    };
    let algorithm = name.to_str().ok().and_then(ChecksumAlgorithm::parse);
    let unknown =
        || Refusal::because(Code::InvalidRequest, "Value for x-amz-checksum-algorithm header is invalid.");
    algorithm.map(Some).ok_or_else(unknown)
}

fn result(stored: &Stored) -> CopyObjectResult {
    let checksum = |algorithm| value_of(&stored.checksums, algorithm);
    let has_checksum = !stored.checksums.is_empty();
    CopyObjectResult {
        checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
        checksum_type: has_checksum.then(|| ChecksumType::from_static(stored.checksum_type.as_str())),
        e_tag: Some(ETag::Strong(stored.etag.clone())),
        last_modified: timestamp(stored.modified_ms),
    }
}
