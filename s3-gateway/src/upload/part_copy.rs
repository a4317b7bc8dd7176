//! API page "UploadPartCopy".

use std::ops::Range;
use std::sync::Arc;

use s3s::dto::{CopyPartResult, ETag, UploadPartCopyInput, UploadPartCopyOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::{PART_BYTES_MAX, Part};
use storage_engine::digest::ChecksumAlgorithm;

use super::reference::{part_number, upload_ref};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::{refuse_unsupported, value_of};
use crate::object::{CopySource, SourceTimes, source_too_large};
use crate::refusal::{Answer, Code, Refusal};
use crate::response::{answer_in_time, timestamp};

/// Keeps a range of an object as a part.
///
/// *Durability*: an answer without an error means that the part survives a power cut.
///
/// *Errors*: `InvalidArgument` for a range that is none, `InvalidRange` for one outside of the source, those
/// of reading the source and of UploadPart.
pub(crate) async fn part_copy(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<UploadPartCopyInput>,
) -> Answer<S3Response<UploadPartCopyOutput>> {
    let S3Request { input, headers, .. } = request;
    refuse_unsupported(&headers)?;
    let upload = upload_ref(&input.bucket, &input.key, &input.upload_id)?;
    let number = part_number(input.part_number)?;
    let times = SourceTimes {
        modified_since: input.copy_source_if_modified_since,
        unmodified_since: input.copy_source_if_unmodified_since,
    };
    let source = CopySource::new(&input.copy_source, &headers, times)?;
    let range = input.copy_source_range.as_deref().map(SourceRange::parse).transpose()?;
    let named_version = source.version;
    let work = move || {
        let entered = visit.enter(&upload.bucket, Some(&upload.key))?;
        let reader = source.open(&visit)?;
        let span = SourceRange::span(range, reader.object().size)?;
        Ok(entered.archive().copy_part(&upload, number, &reader, span)?)
    };
    let copying = gateway.crossing.start(work).await;
    let head = |_: &Part, copied| UploadPartCopyOutput {
        copy_part_result: Some(copied),
        copy_source_version_id: named_version.map(|version| version.to_string()),
        ..UploadPartCopyOutput::default()
    };
    answer_in_time(copying, gateway.silence_max, result, head).await
}

/// `bytes=first-last`, both included, and no other form of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SourceRange {
    first: u64,
    last: u64,
}

impl SourceRange {
    fn parse(text: &str) -> Answer<Self> {
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        let (first, last) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unzip();
        match (first.and_then(number), last.and_then(number)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(Refusal::because(
                Code::InvalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
                 the zero-based offsets of the first and last bytes to copy",
            )
            .with_element("ArgumentName", "x-amz-copy-source-range")
            .with_element("ArgumentValue", text)),
        }
    }

    /// The bytes of a source of `size` bytes; all of them where no range is given.
    fn span(range: Option<Self>, size: u64) -> Answer<Range<u64>> {
        let span = range.map_or(0..size, |range| range.first..range.last.saturating_add(1));
        if span.end > size {
            let message = format!("Range specified is not valid for source object of size: {size}");
            return Err(Refusal::because(Code::InvalidRange, message));
        }
        if span.end - span.start > PART_BYTES_MAX {
            return Err(source_too_large());
        }
        Ok(span)
    }
}

fn result(part: &Part) -> CopyPartResult {
    let known = part.checksum.as_slice();
    let checksum = |algorithm| value_of(known, algorithm);
    CopyPartResult {
        checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: timestamp(part.modified_ms),
    }
}
