//! All digests of one body, computed in one pass, and the comparison with what the client claimed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::Digest as _;

use super::block::{BlockDigests, BlockHasher};
use super::checksum::{Checksum, ChecksumAlgorithm, ChecksumHasher};
use super::md5_lane::Md5Lane;
use crate::error::{Error, ErrorKind, Result};

/// What a client says its body is. Each claim present is compared before anything is published.
#[derive(Clone, Debug, Default)]
pub struct ClientDigests {
    /// Length in bytes.
    pub length: Option<u64>,
    /// The value of `Content-MD5`, decoded.
    pub md5: Option<[u8; 16]>,
    /// The value of `x-amz-content-sha256` where it is a digest, decoded.
    pub sha256: Option<[u8; 32]>,
    /// Additional checksums, from headers and from trailers.
    pub checksums: Vec<Checksum>,
}

/// The digests of a body that has arrived whole.
#[derive(Clone, Debug)]
pub struct ContentDigest {
    /// Length in bytes.
    pub size: u64,
    /// MD5, the ETag of a body sent in one piece.
    pub md5: [u8; 16],
    /// SHA-256.
    pub sha256: [u8; 32],
    /// The additional checksums that were asked for.
    pub checksums: Vec<Checksum>,
    /// CRC-32C of each block.
    pub blocks: BlockDigests,
}

/// Digests a body while it arrives.
pub struct ContentHasher {
    size: u64,
    md5: Md5Lane,
    sha256: sha2::Sha256,
    blocks: BlockHasher,
    checksums: Vec<ChecksumHasher>,
    wants_sha256: bool,
}

impl ContentHasher {
    /// Starts digesting; `algorithms` are computed besides MD5, SHA-256 and the block digests.
    #[must_use]
    pub fn new(algorithms: &[ChecksumAlgorithm]) -> Self {
        let extra = algorithms.iter().filter(|algorithm| **algorithm != ChecksumAlgorithm::Sha256);
        let wants_sha256 = algorithms.contains(&ChecksumAlgorithm::Sha256);
        Self {
            size: 0,
            md5: Md5Lane::new(),
            sha256: sha2::Sha256::new(),
            blocks: BlockHasher::default(),
            checksums: extra.map(|algorithm| ChecksumHasher::new(*algorithm)).collect(),
            wants_sha256,
        }
    }

    /// A hasher for bytes whose ETag is not their MD5: that stays zero.
    pub(crate) fn without_md5(algorithms: &[ChecksumAlgorithm]) -> Self {
        Self { md5: Md5Lane::Off, ..Self::new(algorithms) }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.update_others(bytes);
    }

    /// Takes the next bytes of a body that may be long: from its second MiB on MD5, the slowest digest,
    /// is computed on a thread of its own.
    pub fn update_shared(&mut self, bytes: &Bytes) {
        self.md5.update_shared(bytes);
        self.update_others(bytes);
    }

    fn update_others(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.blocks.update(bytes);
        for checksum in &mut self.checksums {
            checksum.update(bytes);
        }
    }

    /// Ends the body.
    #[must_use]
    pub fn finish(self) -> ContentDigest {
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let mut checksums: Vec<Checksum> = self.checksums.into_iter().map(ChecksumHasher::finish).collect();
        if self.wants_sha256 {
            checksums.push(Checksum::from_raw(ChecksumAlgorithm::Sha256, &sha256));
        }
        ContentDigest {
            size: self.size,
            md5: self.md5.finish(),
            sha256,
            checksums,
            blocks: self.blocks.finish(),
        }
    }
}

impl ContentDigest {
    /// The value for `algorithm`, where it was computed.
    #[must_use]
    pub fn checksum(&self, algorithm: ChecksumAlgorithm) -> Option<&Checksum> {
        self.checksums.iter().find(|checksum| checksum.algorithm == algorithm)
    }

    /// Compares every claim of the client with the bytes received (DURABILITY rule 1).
    ///
    /// *Errors*: `IncompleteBody` where the length differs, `BadDigest` where a digest does.
    pub fn verify(&self, claimed: &ClientDigests) -> Result<()> {
        if let Some(length) = claimed.length.filter(|length| *length != self.size) {
            return Err(Error::new(ErrorKind::IncompleteBody, "verify body")
                .because(format_args!("{length} bytes were announced and {} received", self.size)));
        }
        if claimed.md5.is_some_and(|md5| md5 != self.md5) {
            return Err(bad_digest("Content-MD5", &STANDARD.encode(self.md5)));
        }
        if claimed.sha256.is_some_and(|sha256| sha256 != self.sha256) {
            return Err(bad_digest("x-amz-content-sha256", &hex::encode(self.sha256)));
        }
        for claim in &claimed.checksums {
            let computed = self.checksum(claim.algorithm).ok_or_else(|| {
                Error::new(ErrorKind::InvalidArgument, "verify body")
                    .about(claim.algorithm.as_str())
                    .because("a checksum of an algorithm that was not announced cannot be compared")
            })?;
            if computed != claim {
                return Err(bad_digest(claim.algorithm.as_str(), &computed.value));
            }
        }
        Ok(())
    }
}

fn bad_digest(claim: &str, computed: &str) -> Error {
    Error::new(ErrorKind::BadDigest, "verify body")
        .about(claim)
        .because(format_args!("the value sent does not match the bytes received, whose value is {computed}"))
}
