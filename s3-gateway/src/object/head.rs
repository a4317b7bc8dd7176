//! API page "HeadObject".

use std::sync::Arc;

use s3s::dto::{ChecksumType, HeadObjectInput, HeadObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::object::Object;
use storage_engine::digest::ChecksumAlgorithm;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::lifecycle;
use crate::reading::{ObjectHeaders, ReadConditions, Selected, Selection};
use crate::refusal::Answer;

/// Tells about an object what GET would say, without its bytes.
///
/// *Errors*: those of GET, as a status alone.
pub(crate) async fn head(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<HeadObjectInput>,
) -> Answer<S3Response<HeadObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let conditions = ReadConditions::new(&headers, input.if_modified_since, input.if_unmodified_since);
    let selection = Selection::new(input.range, input.part_number)?;
    let select = move |object: &Object| {
        conditions.check(object)?;
        selection.if_kept(conditions.keeps_range(object)).of(object)
    };
    let look_at_once = || {
        let entered = visit.enter_at_once(&bucket, Some(&key)).filter(|_| version.is_none())?;
        let object = entered.archive().object_at_once(&bucket, &key)?;
        let selected = select(&object).ok()?;
        Some((object, selected, true))
    };
    let looked = look_at_once();
    let asking = Arc::clone(&visit);
    let look = move || {
        let entered = asking.enter(&bucket, Some(&key))?;
        let object = entered.archive().object(&bucket, &key, version)?;
        let selected = select(&object)?;
        let is_newest = version.is_none() || entered.archive().is_newest(&object)?;
        Ok((object, selected, is_newest))
    };
    let (object, selected, is_newest) = match looked {
        Some(looked) => looked,
        None => gateway.crossing.run(look).await?,
    };
    let shown = ObjectHeaders::new(&object, &selected, input.checksum_mode);
    let mut output = output(&shown, &object, &selected);
    if is_newest {
        let lifecycle = visit.lifecycle(&gateway.crossing, &object.bucket).await;
        output.expiration = lifecycle::of_object(lifecycle.as_deref(), &object);
    }
    Ok(S3Response::with_headers(output, shown.others()))
}

fn output(shown: &ObjectHeaders<'_>, object: &Object, selected: &Selected) -> HeadObjectOutput {
    let attributes = &object.attributes;
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: attributes.cache_control.clone(),
        checksum_crc32: shown.checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: shown.checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: shown.checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: shown.checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: shown.checksum(ChecksumAlgorithm::Sha256),
        checksum_type: shown.checksum_type().map(|kind| ChecksumType::from_static(kind.as_str())),
        content_disposition: attributes.content_disposition.clone(),
        content_encoding: attributes.content_encoding.clone(),
        content_language: attributes.content_language.clone(),
        content_length: shown.content_length(),
        content_range: selected.content_range.clone(),
        content_type: shown.content_type(),
        e_tag: shown.etag(),
        last_modified: shown.last_modified(),
        metadata: shown.metadata(),
        parts_count: selected.parts_count,
        restore: shown.restore(),
        storage_class: shown.storage_class(),
        version_id: shown.version_id(),
        ..HeadObjectOutput::default()
    }
}
