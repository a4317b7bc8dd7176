//! API page "CompleteMultipartUpload".

use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{
    ChecksumType, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart as NamedPart,
    ETag,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::{CompletedPart, Completion, PART_NUMBER_MAX, UploadRef};
use storage_engine::archive::put::Stored;
use storage_engine::digest::{Checksum, ChecksumAlgorithm};

use super::reference::{part_number, upload_ref};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::{checksum_headers, value_of, write_conditions};
use crate::lifecycle;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::answer_in_time;

/// Makes the object of an upload's parts.
///
/// *Durability*: an answer without an error means that the object survives a power cut.
///
/// *Errors*: `MalformedXML`, `NoSuchUpload`, `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`.
pub(crate) async fn complete(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<CompleteMultipartUploadInput>,
) -> Answer<S3Response<CompleteMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    let upload = upload_ref(&input.bucket, &input.key, &input.upload_id)?;
    let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if named.is_empty() || named.len() > usize::from(PART_NUMBER_MAX) {
        return Err(Refusal::new(Code::MalformedXml));
    }
    let completion = Completion {
        upload,
        parts: named.into_iter().map(completed_part).collect::<Answer<_>>()?,
        conditions: write_conditions(&headers)?,
        checksum: whole_checksum(&headers)?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
    };
    let names = Names { location: visit.context().url.clone(), bucket: input.bucket, key: input.key };
    let UploadRef { bucket, key, .. } = completion.upload.clone();
    let (asking, crossing) = (Arc::clone(&visit), gateway.crossing.clone());
    let work = move || {
        let entered = visit.enter(&completion.upload.bucket, Some(&completion.upload.key))?;
        Ok(entered.archive().complete_upload(&entered.caller(), completion)?)
    };
    let completing = gateway.crossing.start(work).await;
    let completing = async move {
        let stored = completing.await?;
        let lifecycle = asking.lifecycle(&crossing, &bucket).await;
        let expiration = lifecycle::of_stored(lifecycle.as_deref(), &key, &stored);
        Ok((stored, expiration))
    };
    let document = |(stored, _): &(Stored, _)| names.output(stored);
    let head = |(_, expiration): &(_, Option<String>), output| CompleteMultipartUploadOutput {
        expiration: expiration.clone(),
        ..output
    };
    answer_in_time(completing, gateway.silence_max, document, head).await
}

/// What the answer repeats of the request.
struct Names {
    location: String,
    bucket: String,
    key: String,
}

impl Names {
    fn output(self, stored: &Stored) -> CompleteMultipartUploadOutput {
        let checksum = |algorithm| value_of(&stored.checksums, algorithm);
        let has_checksum = !stored.checksums.is_empty();
        CompleteMultipartUploadOutput {
            bucket: Some(self.bucket),
            checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
            checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
            checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
            checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
            checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
            checksum_type: has_checksum.then(|| ChecksumType::from_static(stored.checksum_type.as_str())),
            e_tag: Some(ETag::Strong(stored.etag.clone())),
            key: Some(self.key),
            location: Some(self.location),
            version_id: stored.version_id.map(|version| version.to_string()),
            ..Default::default()
        }
    }
}

/// A part as the document names it.
fn completed_part(part: NamedPart) -> Answer<CompletedPart> {
    let malformed = || Refusal::new(Code::MalformedXml);
    let number = part_number(part.part_number.ok_or_else(malformed)?)?;
    let etag = part.e_tag.ok_or_else(malformed)?.into_value();
    let named = [
        (ChecksumAlgorithm::Crc32, part.checksum_crc32),
        (ChecksumAlgorithm::Crc32c, part.checksum_crc32c),
        (ChecksumAlgorithm::Crc64Nvme, part.checksum_crc64nvme),
        (ChecksumAlgorithm::Sha1, part.checksum_sha1),
        (ChecksumAlgorithm::Sha256, part.checksum_sha256),
    ];
    let named = named.into_iter().find_map(|(algorithm, value)| Some((algorithm, value?)));
    let checksum = named.map(|(algorithm, value)| Checksum::parse(algorithm, &value)).transpose()?;
    Ok(CompletedPart { number, etag, checksum })
}

/// The checksum of the whole object that the client expects; a composite one ends with `-N`.
fn whole_checksum(headers: &HeaderMap) -> Answer<Option<Checksum>> {
    for header in checksum_headers() {
        let Some(value) = headers.get(&header.name) else {
            continue;
        };
        let text = value.to_str().unwrap_or_default();
        let raw = text.split_once('-').map_or(text, |(raw, _)| raw);
        let mut checksum = Checksum::parse(header.algorithm, raw).map_err(|error| {
            let message = format!("Value for {} header is invalid.", header.name);
            Refusal::because(Code::BadDigest, message).caused_by(error)
        })?;
        checksum.value = text.into();
        return Ok(Some(checksum));
    }
    Ok(None)
}
