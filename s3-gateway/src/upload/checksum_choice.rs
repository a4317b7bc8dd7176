//! The additional checksum of an upload (API page "Checking object integrity").

use http::HeaderMap;
use storage_engine::digest::{ChecksumAlgorithm, ChecksumType};

use crate::refusal::{Answer, Code, Refusal};

/// Reads the algorithm and type chosen at the start of an upload. Without a choice it is what S3 computes
/// by itself: CRC-64/NVME over the whole object.
///
/// *Errors*: `InvalidRequest` for unknown names and for a type that the algorithm does not serve.
pub(super) fn chosen(headers: &HeaderMap) -> Answer<(ChecksumAlgorithm, ChecksumType)> {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let unknown =
        |name: &str| Refusal::because(Code::InvalidRequest, format!("Value for {name} header is invalid."));
    let algorithm = match value("x-amz-checksum-algorithm") {
        Some(text) => {
            Some(ChecksumAlgorithm::parse(text).ok_or_else(|| unknown("x-amz-checksum-algorithm"))?)
        }
        None => None,
    };
    let kind = match value("x-amz-checksum-type") {
        Some(text) => Some(ChecksumType::parse(text).ok_or_else(|| unknown("x-amz-checksum-type"))?),
        None => None,
    };
    let Some(algorithm) = algorithm else {
        if kind.is_some() {
            let message =
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
            return Err(Refusal::because(Code::InvalidRequest, message));
        }
        return Ok((ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject));
    };
    let kind = kind.unwrap_or_else(|| algorithm.default_multipart_type());
    let is_served = match (algorithm, kind) {
        (ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c, _)
        | (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject)
        | (ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256, ChecksumType::Composite) => true,
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite)
        | (ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256, ChecksumType::FullObject) => false,
    };
    if is_served {
        return Ok((algorithm, kind));
    }
    let message = format!(
        "The {} checksum type cannot be used with the {} checksum algorithm.",
        kind.as_str(),
        algorithm.as_str()
    );
    Err(Refusal::because(Code::InvalidRequest, message))
}
