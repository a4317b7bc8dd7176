//! API page "ListMultipartUploads".

use std::sync::Arc;

use s3s::dto::{
    ChecksumAlgorithm, ChecksumType, CommonPrefix, Initiator, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, MultipartUpload, StorageClass,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::{Upload, UploadId, UploadListRequest};
use storage_engine::name::BucketName;

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::listing::Spelling;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// Most uploads of one page.
const PAGE_UPLOADS_MAX: usize = 1000;

/// Lists the open uploads of a bucket.
///
/// *Errors*: `InvalidArgument`, `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn list(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListMultipartUploadsInput>,
) -> Answer<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_uploads)?;
    let bucket = BucketName::parse(&input.bucket)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.filter(|marker| !marker.is_empty());
    // As documented, an upload id marker means nothing without a key marker.
    let id_marker = input.upload_id_marker.filter(|marker| !marker.is_empty() && key_marker.is_some());
    let after = id_marker.as_deref().map(parse_marker).transpose()?;
    let (asking, rolled, marker) = (Arc::clone(&visit), delimiter.clone(), key_marker.clone());
    let work = move || {
        let entered = asking.enter(&bucket, None)?;
        Ok(entered.archive().uploads(&UploadListRequest {
            bucket: &bucket,
            prefix: &prefix,
            delimiter: rolled.as_deref(),
            key_marker: marker.as_deref(),
            upload_id_marker: after,
            max,
        })?)
    };
    let listing = gateway.crossing.run(work).await?;
    let spell = |name: String| spelling.spell(&name);
    let is_truncated = Some(listing.next.is_some());
    let (next_key, next_id) = listing.next.map_or((None, None), |(key, id)| (Some(key), id));
    let prefixes = listing.common_prefixes.into_iter();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: Some(prefixes.map(|prefix| CommonPrefix { prefix: Some(spell(prefix)) }).collect()),
        delimiter: delimiter.map(spell),
        encoding_type: input.encoding_type,
        is_truncated,
        key_marker: Some(spell(key_marker.unwrap_or_default())),
        max_uploads: i32::try_from(max).ok(),
        next_key_marker: next_key.map(spell),
        next_upload_id_marker: next_id.map(|id| id.to_string()),
        prefix: input.prefix.map(spell),
        upload_id_marker: Some(id_marker.unwrap_or_default()),
        uploads: Some(listing.uploads.iter().map(|upload| shown(upload, &visit, spelling)).collect()),
        ..ListMultipartUploadsOutput::default()
    }))
}

fn page_size(max_uploads: Option<i32>) -> Answer<usize> {
    let Some(max) = max_uploads else {
        return Ok(PAGE_UPLOADS_MAX);
    };
    let size = usize::try_from(max).map_err(|_| {
        Refusal::because(
            Code::InvalidArgument,
            "Argument max-uploads must be an integer between 0 and 2147483647",
        )
    })?;
    Ok(size.min(PAGE_UPLOADS_MAX))
}

fn parse_marker(marker: &str) -> Answer<UploadId> {
    UploadId::parse(marker).map_err(|_| Refusal::because(Code::InvalidArgument, "Invalid uploadId marker"))
}

fn shown(upload: &Upload, visit: &Visit, spelling: Spelling) -> MultipartUpload {
    let owner = visit.owner(&upload.owner);
    MultipartUpload {
        checksum_algorithm: upload
            .checksum
            .map(|(known, _)| ChecksumAlgorithm::from(known.as_str().to_uppercase())),
        checksum_type: upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
        initiated: timestamp(upload.initiated_ms),
        initiator: Some(Initiator { display_name: owner.display_name.clone(), id: owner.id.clone() }),
        key: Some(spelling.spell(upload.upload.key.as_str())),
        owner: Some(owner),
        storage_class: Some(StorageClass::from_static(upload.class.as_str())),
        upload_id: Some(upload.upload.id.to_string()),
    }
}
