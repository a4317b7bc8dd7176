//! The additional checksums of S3 (API page "Checking object integrity").

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use sha1::Digest as _;

use crate::error::{Error, ErrorKind, Result};

/// The algorithms a client may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC), 4 bytes.
    Crc32,
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes.
    Crc64Nvme,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
}

/// Whether a checksum covers the whole object or is made of its parts' checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumType {
    /// Over all bytes of the object.
    FullObject,
    /// The checksum of the parts' checksums, shown with `-N`.
    Composite,
}

/// A checksum value: base64 of the raw bytes, big-endian, with `-N` where it is composite.
#[derive(Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The value as headers and sidecars carry it.
    pub value: Box<str>,
}

impl ChecksumAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name in sidecars, such as `crc64nvme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Crc64Nvme => "crc64nvme",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// Parses a name in either case, as headers and sidecars write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
    }

    /// Length of the raw value in bytes.
    #[must_use]
    pub fn bytes_len(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The multipart type S3 assumes where the client names none (API page "CreateMultipartUpload").
    #[must_use]
    pub fn default_multipart_type(self) -> ChecksumType {
        match self {
            Self::Crc64Nvme => ChecksumType::FullObject,
            Self::Crc32 | Self::Crc32c | Self::Sha1 | Self::Sha256 => ChecksumType::Composite,
        }
    }
}

impl ChecksumType {
    /// The type as S3 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    /// Parses the S3 form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::FullObject, Self::Composite].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Checksum {
    /// Parses a client's claim: base64 of exactly the algorithm's length.
    ///
    /// *Errors*: `InvalidArgument`.
    pub fn parse(algorithm: ChecksumAlgorithm, text: &str) -> Result<Self> {
        let decoded = STANDARD.decode(text).ok().filter(|raw| raw.len() == algorithm.bytes_len());
        match decoded {
            Some(_) => Ok(Self { algorithm, value: text.into() }),
            None => Err(Error::new(ErrorKind::InvalidArgument, "parse checksum").about(text).because(
                format_args!(
                    "a {} checksum is base64 of {} bytes",
                    algorithm.as_str(),
                    algorithm.bytes_len()
                ),
            )),
        }
    }

    /// Makes a value from raw bytes.
    #[must_use]
    pub fn from_raw(algorithm: ChecksumAlgorithm, raw: &[u8]) -> Self {
        Self { algorithm, value: STANDARD.encode(raw).into() }
    }

    /// The raw bytes of a value that is not composite; empty where it is.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        STANDARD.decode(self.value.as_bytes()).unwrap_or_default()
    }

    /// The checksum of parts' checksums (API page "Checking object integrity", composite checksums).
    #[must_use]
    pub fn composite(algorithm: ChecksumAlgorithm, parts: &[Checksum]) -> Self {
        let mut hasher = ChecksumHasher::new(algorithm);
        for part in parts {
            hasher.update(&part.raw());
        }
        let whole = hasher.finish();
        Self { algorithm, value: format!("{}-{}", whole.value, parts.len()).into() }
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.value)
    }
}

/// A running checksum of one algorithm.
pub(crate) enum ChecksumHasher {
    Crc(ChecksumAlgorithm, crc_fast::Digest),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl ChecksumHasher {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let crc = |kind| Self::Crc(algorithm, crc_fast::Digest::new(kind));
        match algorithm {
            ChecksumAlgorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            ChecksumAlgorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            ChecksumAlgorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            ChecksumAlgorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            ChecksumAlgorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Checksum {
        match self {
            Self::Crc(algorithm, digest) => {
                let value = digest.finalize().to_be_bytes();
                let skip = value.len() - algorithm.bytes_len();
                Checksum::from_raw(algorithm, value.get(skip..).unwrap_or_default())
            }
            Self::Sha1(digest) => Checksum::from_raw(ChecksumAlgorithm::Sha1, &digest.finalize()),
            Self::Sha256(digest) => Checksum::from_raw(ChecksumAlgorithm::Sha256, &digest.finalize()),
        }
    }
}
