//! API page "GetObject".

use std::sync::Arc;

use http::header::EXPIRES;
use s3s::dto::{ChecksumType, GetObjectInput, GetObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::object::Object;
use storage_engine::digest::ChecksumAlgorithm;
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::lifecycle;
use crate::reading::{ObjectHeaders, Pieces, ReadConditions, Selected, Selection};
use crate::refusal::Answer;

/// Sends an object, a range of it or one of its parts. A small object that was read of late and whose bytes
/// are in memory takes no crossing, any other small one takes one.
///
/// *Errors*: `NoSuchKey`, `PreconditionFailed`, `NotModified`, `InvalidRange`, `InvalidObjectState`.
pub(crate) async fn get(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetObjectInput>,
) -> Answer<S3Response<GetObjectOutput>> {
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
    let open_at_once = || {
        let entered = visit.enter_at_once(&bucket, Some(&key)).filter(|_| version.is_none())?;
        let reader = entered.archive().read_at_once(&bucket, &key)?;
        let selected = select(reader.object()).ok()?;
        let object = Arc::clone(reader.object());
        Some((object, Pieces::begin_at_once(reader, selected.span.clone())?, selected, true))
    };
    let opened = open_at_once();
    let asking = Arc::clone(&visit);
    let open = move || {
        let entered = asking.enter(&bucket, Some(&key))?;
        let reader = entered.archive().read(&bucket, &key, version)?;
        let selected = select(reader.object())?;
        let object = Arc::clone(reader.object());
        let is_newest = version.is_none() || entered.archive().is_newest(&object)?;
        Ok((object, Pieces::begin(reader, selected.span.clone())?, selected, is_newest))
    };
    let (object, pieces, selected, is_newest) = match opened {
        Some(opened) => opened,
        None => gateway.crossing.run(open).await?,
    };
    let shown = ObjectHeaders::new(&object, &selected, input.checksum_mode);
    let mut others = shown.others();
    let mut output = output(&shown, &object, &selected);
    if is_newest {
        let lifecycle = visit.lifecycle(&gateway.crossing, &object.bucket).await;
        output.expiration = lifecycle::of_object(lifecycle.as_deref(), &object);
    }
    output.body = Some(pieces.into_body(gateway.crossing.clone()));
    if input.response_expires.is_some() {
        // s3s has written the override of the query before these.
        others.remove(EXPIRES);
    }
    Ok(S3Response::with_headers(output, others))
}

fn output(shown: &ObjectHeaders<'_>, object: &Object, selected: &Selected) -> GetObjectOutput {
    let attributes = &object.attributes;
    GetObjectOutput {
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
        ..GetObjectOutput::default()
    }
}
