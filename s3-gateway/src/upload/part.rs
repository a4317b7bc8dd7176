//! API page "UploadPart".

use std::sync::Arc;

use s3s::dto::{ETag, UploadPartInput, UploadPartOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::Part;
use storage_engine::digest::ChecksumAlgorithm;

use super::reference::{part_number, upload_ref};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::{Incoming, Lengths, refuse_unsupported};
use crate::refusal::Answer;

/// Keeps a part, in place of an earlier one of the same number.
///
/// *Durability*: an answer without an error means that the part survives a power cut.
///
/// *Errors*: `NoSuchUpload`, `InvalidArgument`, those of the body and of what the client claims about it.
pub(crate) async fn part(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<UploadPartInput>,
) -> Answer<S3Response<UploadPartOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    refuse_unsupported(&headers)?;
    let upload = upload_ref(&input.bucket, &input.key, &input.upload_id)?;
    let number = part_number(input.part_number)?;
    let lengths = Lengths::announced(&headers)?;
    let incoming = Incoming::new(input.body, &headers, trailing_headers, lengths, visit.context())?;
    let (length, mut algorithms) = (incoming.length(), incoming.algorithms());
    let begin = move || {
        let entered = visit.enter(&upload.bucket, Some(&upload.key))?;
        // The upload's own algorithm is computed whatever this part brings.
        if let Some((chosen, _)) = entered.archive().upload(&upload)?.checksum
            && !algorithms.contains(&chosen)
        {
            algorithms.push(chosen);
        }
        let writer = entered.archive().begin_part(&upload, number, length, &algorithms)?;
        Ok((entered, upload, writer))
    };
    let (entered, upload, writer) = gateway.crossing.run(begin).await?;
    let received = incoming.receive(&gateway.crossing, writer).await?;
    let commit = move || {
        let body = received.finish()?;
        Ok(entered.archive().put_part(&upload, number, body)?)
    };
    let part = gateway.crossing.run(commit).await?;
    Ok(S3Response::new(output(&part)))
}

fn output(part: &Part) -> UploadPartOutput {
    let checksum = |algorithm: ChecksumAlgorithm| {
        let known = part.checksum.as_ref().filter(|checksum| checksum.algorithm == algorithm);
        known.map(|checksum| checksum.value.to_string())
    };
    UploadPartOutput {
        checksum_crc32: checksum(ChecksumAlgorithm::Crc32),
        checksum_crc32c: checksum(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: checksum(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: checksum(ChecksumAlgorithm::Sha1),
        checksum_sha256: checksum(ChecksumAlgorithm::Sha256),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        ..UploadPartOutput::default()
    }
}
