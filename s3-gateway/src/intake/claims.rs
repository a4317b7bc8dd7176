//! What a client claims about a body: in headers before it, in a trailer behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use s3s::TrailingHeaders;
use storage_engine::ErrorKind;
use storage_engine::digest::{Checksum, ChecksumAlgorithm, ClientDigests, ContentDigest};

use super::checksum_headers::{self, checksum_headers};
use crate::refusal::{Answer, Code, Refusal};

/// The claims about one body. At most one additional checksum is among them, as S3 demands.
#[derive(Debug)]
pub(crate) struct Claims {
    digests: ClientDigests,
    /// The algorithm of the checksum that a trailer is to bring.
    announced: Option<ChecksumAlgorithm>,
}

impl Claims {
    /// Reads the headers.
    ///
    /// *Errors*: `InvalidDigest` for `Content-MD5`, `BadDigest` for a checksum that none of its algorithm can
    /// be, `InvalidRequest` for checksums that are not one.
    pub(crate) fn of(headers: &HeaderMap) -> Answer<Self> {
        let mut claims = Self::but_checksums(headers)?;
        for (algorithm, value) in checksum_headers::values(headers) {
            claims.digests.checksums.push(parse_checksum(algorithm, value)?);
        }
        claims.announced = announced(headers)?;
        if claims.claimed_algorithms().len() > 1 {
            return Err(Refusal::because(
                Code::InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        claims.check_chosen(headers)?;
        Ok(claims)
    }

    /// Reads the headers that are about the body wherever checksums are about something else.
    ///
    /// *Errors*: `InvalidDigest` for `Content-MD5`.
    pub(crate) fn but_checksums(headers: &HeaderMap) -> Answer<Self> {
        let digests = ClientDigests {
            length: None,
            md5: headers.get("content-md5").map(parse_md5).transpose()?,
            sha256: headers.get("x-amz-content-sha256").and_then(parse_sha256),
            checksums: Vec::new(),
        };
        Ok(Self { digests, announced: None })
    }

    /// An algorithm chosen by name must come with its value, before or behind the body.
    fn check_chosen(&self, headers: &HeaderMap) -> Answer<()> {
        let Some(chosen) = headers.get("x-amz-sdk-checksum-algorithm") else {
            return Ok(());
        };
        let Some(chosen) = chosen.to_str().ok().and_then(ChecksumAlgorithm::parse) else {
            let message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
            return Err(Refusal::because(Code::InvalidRequest, message));
        };
        if self.claimed_algorithms().contains(&chosen) {
            return Ok(());
        }
        Err(Refusal::because(
            Code::InvalidRequest,
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
             headers were found.",
        ))
    }

    /// The algorithms whose values the client sends.
    pub(crate) fn claimed_algorithms(&self) -> Vec<ChecksumAlgorithm> {
        let sent = self.digests.checksums.iter().map(|checksum| checksum.algorithm);
        sent.chain(self.announced).collect()
    }

    /// Whether the signature covers the digest of the whole body.
    pub(super) fn has_signed_digest(&self) -> bool {
        self.digests.sha256.is_some()
    }

    /// Adds the length that was announced.
    pub(super) fn set_length(&mut self, length: u64) {
        self.digests.length = Some(length);
    }

    /// Adds what stands behind the body.
    ///
    /// *Errors*: `MalformedTrailerError` where the announced checksum is missing, repeated or not alone.
    pub(super) fn add_trailer(&mut self, trailer: Option<&TrailingHeaders>) -> Answer<()> {
        let trailer = trailer.and_then(TrailingHeaders::take).unwrap_or_default();
        let sent: Vec<(ChecksumAlgorithm, &[u8])> = checksum_headers::values(&trailer).collect();
        match (self.announced, sent.as_slice()) {
            (None, []) => Ok(()),
            (Some(announced), [(algorithm, value)]) if announced == *algorithm => {
                self.digests.checksums.push(parse_checksum(announced, value)?);
                Ok(())
            }
            _ => Err(Refusal::new(Code::MalformedTrailer)),
        }
    }

    /// The claims in the engine's terms.
    pub(super) fn digests(&self) -> &ClientDigests {
        &self.digests
    }

    /// Compares the claims with the digest of a body that did not go to the engine.
    ///
    /// *Errors*: `BadDigest`, `XAmzContentSHA256Mismatch`.
    pub(crate) fn verify(&self, digest: &ContentDigest) -> Answer<()> {
        let is_signed_one = self.digests.sha256.is_some_and(|claimed| claimed != digest.sha256);
        digest.verify(&self.digests).map_err(|error| match error.kind() {
            ErrorKind::BadDigest if is_signed_one => Refusal::new(Code::XAmzContentSha256Mismatch),
            _ => error.into(),
        })
    }
}

fn parse_checksum(algorithm: ChecksumAlgorithm, value: &[u8]) -> Answer<Checksum> {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    Checksum::parse(algorithm, text).map_err(|error| {
        let message = format!("Value for x-amz-checksum-{} header is invalid.", algorithm.as_str());
        Refusal::because(Code::BadDigest, message).caused_by(error)
    })
}

fn parse_md5(value: &HeaderValue) -> Answer<[u8; 16]> {
    let decoded = STANDARD.decode(value.as_bytes()).ok();
    decoded.and_then(|raw| raw.try_into().ok()).ok_or_else(|| Refusal::new(Code::InvalidDigest))
}

/// A digest; other values say how the body is signed instead, and s3s refuses what is neither.
fn parse_sha256(value: &HeaderValue) -> Option<[u8; 32]> {
    hex::decode(value.as_bytes()).ok()?.try_into().ok()
}

/// The checksum that `x-amz-trailer` announces.
fn announced(headers: &HeaderMap) -> Answer<Option<ChecksumAlgorithm>> {
    let mut announced = None;
    for value in headers.get_all("x-amz-trailer") {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let header = checksum_headers()
                .into_iter()
                .find(|header| header.name.as_str().as_bytes().eq_ignore_ascii_case(name));
            let unknown = || {
                let message = "The value specified in the x-amz-trailer header is not supported";
                Refusal::because(Code::InvalidRequest, message)
            };
            let algorithm = header.ok_or_else(unknown)?.algorithm;
            if announced.replace(algorithm).is_some() {
                return Err(unknown());
            }
        }
    }
    Ok(announced)
}
