//! API page "ListParts".

use std::sync::Arc;

use s3s::dto::{
    ChecksumAlgorithm as ShownAlgorithm, ChecksumType, ETag, Initiator, ListPartsInput, ListPartsOutput,
    Part as ShownPart, StorageClass,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::Part;
use storage_engine::digest::ChecksumAlgorithm;

use super::reference::upload_ref;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::lifecycle;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// Most parts of one page.
const PAGE_PARTS_MAX: usize = 1000;

/// Lists the parts that have arrived.
///
/// *Errors*: `NoSuchUpload`, `InvalidArgument`.
pub(crate) async fn list_parts(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListPartsInput>,
) -> Answer<S3Response<ListPartsOutput>> {
    let input = request.input;
    let upload = upload_ref(&input.bucket, &input.key, &input.upload_id)?;
    let bound =
        |name: &str| Refusal::because(Code::InvalidArgument, format!("{name} is from 0 to 2147483647"));
    let max = input.max_parts.map(usize::try_from).transpose().map_err(|_| bound("max-parts"))?;
    let max = max.unwrap_or(PAGE_PARTS_MAX).min(PAGE_PARTS_MAX);
    let marker =
        input.part_number_marker.map(u32::try_from).transpose().map_err(|_| bound("part-number-marker"))?;
    let after = marker.map(|marker| u16::try_from(marker).unwrap_or(u16::MAX));
    let asking = Arc::clone(&visit);
    let work = move || {
        let entered = asking.enter(&upload.bucket, Some(&upload.key))?;
        Ok(entered.archive().parts(&upload, after, max)?)
    };
    let listing = gateway.crossing.run(work).await?;
    let owner = visit.owner(&listing.upload.owner);
    let checksum = listing.upload.checksum;
    let of = &listing.upload;
    let lifecycle = visit.lifecycle(&gateway.crossing, &of.upload.bucket).await;
    let (abort_date, abort_rule_id) =
        lifecycle::of_upload(lifecycle.as_deref(), &of.upload.key, of.initiated_ms);
    Ok(S3Response::new(ListPartsOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        checksum_algorithm: checksum.map(|(known, _)| ShownAlgorithm::from(known.as_str().to_uppercase())),
        checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
        initiator: Some(Initiator { display_name: owner.display_name.clone(), id: owner.id.clone() }),
        is_truncated: Some(listing.next.is_some()),
        key: Some(input.key),
        max_parts: i32::try_from(max).ok(),
        next_part_number_marker: listing.next.map(i32::from),
        owner: Some(owner),
        part_number_marker: Some(after.map_or(0, i32::from)),
        parts: Some(listing.parts.iter().map(shown).collect()),
        storage_class: Some(StorageClass::from_static(listing.upload.class.as_str())),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    }))
}

fn shown(part: &Part) -> ShownPart {
    let checksum = |algorithm: ChecksumAlgorithm| {
        let known = part.checksum.as_ref().filter(|checksum| checksum.algorithm == algorithm);
        known.map(|checksum| checksum.value.to_string())
    };
    ShownPart {
        checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: timestamp(part.modified_ms),
        part_number: Some(i32::from(part.number)),
        size: i64::try_from(part.size).ok(),
    }
}
