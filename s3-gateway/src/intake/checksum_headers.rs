//! The headers of the additional checksums.

use http::{HeaderMap, HeaderName};
use storage_engine::digest::{Checksum, ChecksumAlgorithm};

/// One algorithm and its header.
pub(crate) struct ChecksumHeader {
    /// The algorithm.
    pub(crate) algorithm: ChecksumAlgorithm,
    /// The header, also as a trailer.
    pub(crate) name: HeaderName,
}

/// Every algorithm with its header.
pub(crate) fn checksum_headers() -> [ChecksumHeader; 5] {
    ChecksumAlgorithm::ALL.map(|algorithm| ChecksumHeader { algorithm, name: header_of(algorithm) })
}

fn header_of(algorithm: ChecksumAlgorithm) -> HeaderName {
    HeaderName::from_static(match algorithm {
        ChecksumAlgorithm::Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm::Crc32c => "x-amz-checksum-crc32c",
        ChecksumAlgorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm::Sha1 => "x-amz-checksum-sha1",
        ChecksumAlgorithm::Sha256 => "x-amz-checksum-sha256",
    })
}

/// The checksums in the headers of a request, not yet parsed.
pub(super) fn values(headers: &HeaderMap) -> impl Iterator<Item = (ChecksumAlgorithm, &[u8])> {
    checksum_headers().into_iter().flat_map(|header| {
        let values = headers.get_all(&header.name).iter().map(http::HeaderValue::as_bytes);
        values.map(move |value| (header.algorithm, value)).collect::<Vec<_>>()
    })
}

/// The value for `algorithm` among `checksums`.
pub(crate) fn value_of(checksums: &[Checksum], algorithm: ChecksumAlgorithm) -> Option<String> {
    let found = checksums.iter().find(|checksum| checksum.algorithm == algorithm);
    found.map(|checksum| checksum.value.to_string())
}
