//! API page "PutObject".

use std::sync::Arc;

use s3s::dto::{ChecksumType, ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::put::{PutDetails, PutTarget, ReadyPut, Stored};
use storage_engine::digest::ChecksumAlgorithm;
use storage_engine::name::{BucketName, ObjectKey};

use super::put_queue::QUEUED_BYTES_MAX;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::{Incoming, Lengths, attributes, refuse_unsupported, value_of, write_conditions};
use crate::lifecycle;
use crate::refusal::Answer;

/// Stores an object. What can be refused without its bytes is refused before they are read, unless they are
/// few and come anyway: then they are gathered first, and one crossing does it all.
///
/// *Durability*: an answer without an error means that the object survives a power cut.
///
/// *Errors*: those of the engine, of the body and of what the client claims about it.
pub(crate) async fn put(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutObjectInput>,
) -> Answer<S3Response<PutObjectOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    refuse_unsupported(&headers)?;
    let lengths = Lengths::announced(&headers)?;
    let incoming = Incoming::new(input.body, &headers, trailing_headers, lengths, visit.context())?;
    let details = PutDetails {
        attributes: attributes(&headers, input.metadata)?,
        conditions: write_conditions(&headers)?,
        owner: visit.account(),
    };
    let target = PutTarget {
        bucket: BucketName::parse(&input.bucket)?,
        key: ObjectKey::parse(&input.key)?,
        class: input.storage_class.map(|class| class.as_str().to_owned()),
        length: incoming.length(),
    };
    let (bucket, key) = (target.bucket.clone(), target.key.clone());
    let stored = store(gateway, Arc::clone(&visit), incoming, target, details).await?;
    let lifecycle = visit.lifecycle(&gateway.crossing, &bucket).await;
    let expiration = lifecycle::of_stored(lifecycle.as_deref(), &key, &stored);
    Ok(S3Response::new(PutObjectOutput { expiration, ..output(&stored) }))
}

/// Receives a body and makes it the object of its target.
///
/// *Durability*: an answer without an error means that the object survives a power cut.
///
/// *Errors*: those of the engine, of the body and of what the client claims about it.
pub(crate) async fn store(
    gateway: &Gateway,
    visit: Arc<Visit>,
    incoming: Incoming,
    target: PutTarget,
    details: PutDetails,
) -> Answer<Stored> {
    let algorithms = incoming.algorithms();
    if incoming.is_gathered() {
        let is_queued = incoming.length().is_some_and(|length| length <= QUEUED_BYTES_MAX);
        let last = incoming.gather().await?;
        let enter = move || {
            let entered = visit.enter(&target.bucket, Some(&target.key))?;
            let admission = entered.archive().admit(target)?;
            let body = last.finish(entered.archive().begin_body(&admission, &algorithms)?)?;
            let put = ReadyPut::new(entered.caller(), admission, body, details);
            Ok((entered, put))
        };
        if is_queued {
            return gateway.puts.put(enter).await;
        }
        let store = move || {
            let (entered, put) = enter()?;
            Ok(entered.archive().put_ready(put)?)
        };
        return gateway.crossing.run(store).await;
    }
    let admit = move || {
        let entered = visit.enter(&target.bucket, Some(&target.key))?;
        let admission = entered.archive().admit(target)?;
        let writer = entered.archive().begin_body(&admission, &algorithms)?;
        Ok((entered, admission, writer))
    };
    let (entered, admission, writer) = gateway.crossing.run(admit).await?;
    let received = incoming.receive(&gateway.crossing, writer).await?;
    let commit = move || {
        let body = received.finish()?;
        Ok(entered.archive().put(&entered.caller(), admission, body, details)?)
    };
    gateway.crossing.run(commit).await
}

fn output(stored: &Stored) -> PutObjectOutput {
    let checksum = |algorithm| value_of(&stored.checksums, algorithm);
    let has_checksum = !stored.checksums.is_empty();
    PutObjectOutput {
        checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
        checksum_type: has_checksum.then(|| ChecksumType::from_static(stored.checksum_type.as_str())),
        e_tag: Some(ETag::Strong(stored.etag.clone())),
        version_id: stored.version_id.map(|version| version.to_string()),
        ..PutObjectOutput::default()
    }
}
