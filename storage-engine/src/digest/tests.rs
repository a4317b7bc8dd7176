//! Digests against published values, and that no wrong claim of a client passes.

use proptest::prelude::*;

use super::{
    BLOCK_BYTES, BlockDigests, Checksum, ChecksumAlgorithm, ChecksumType, ClientDigests, ContentDigest,
    ContentHasher,
};
use crate::ErrorKind;

/// The input of the check values in catalogues of CRC algorithms.
const CHECK: &[u8] = b"123456789";

fn digest_in(chunks: &[&[u8]]) -> ContentDigest {
    let mut hasher = ContentHasher::new(&ChecksumAlgorithm::ALL);
    chunks.iter().for_each(|chunk| hasher.update(chunk));
    hasher.finish()
}

fn digest(bytes: &[u8]) -> ContentDigest {
    digest_in(&[bytes])
}

fn raw_hex(digest: &ContentDigest, algorithm: ChecksumAlgorithm) -> String {
    hex::encode(digest.checksum(algorithm).unwrap().raw())
}

/// CRC: reveng's catalogue (CRC-32/ISO-HDLC, CRC-32/ISCSI) and the NVMe base specification, "check"
/// values. SHA-1, SHA-256: FIPS 180-4 over the same nine bytes; MD5: RFC 1321, appendix A.5.
#[test]
fn published_vectors_are_met() {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    let check = digest(CHECK);
    for (algorithm, expected) in [
        (Crc32, "cbf43926"),
        (Crc32c, "e3069283"),
        (Crc64Nvme, "ae8b14860a799888"),
        (Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ] {
        assert_eq!(raw_hex(&check, algorithm), expected, "{algorithm:?}");
    }
    assert_eq!((check.size, hex::encode(check.md5)), (9, "25f9e794323b453885f5181f1b624d0b".to_owned()));
    let abc = digest(b"abc");
    assert_eq!(raw_hex(&abc, Sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(hex::encode(abc.sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hex::encode(abc.md5), "900150983cd24fb0d6963f7d28e17f72");
}

#[test]
fn an_empty_body_has_digests_and_no_block() {
    let empty = digest(b"");
    assert_eq!((empty.size, empty.blocks.len()), (0, 0));
    assert!(empty.blocks.is_empty());
    assert_eq!(hex::encode(empty.md5), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(raw_hex(&empty, ChecksumAlgorithm::Crc32), "00000000");
}

/// RFC 3720, appendix B.4: 32 zeros, 32 times 0xff, ascending bytes.
#[test]
fn block_digests_are_crc32c() {
    let ascending: Vec<u8> = (0..32).collect();
    for (block, expected) in
        [(vec![0; 32], "8a9136aa"), (vec![0xff; 32], "62a8ab43"), (ascending, "46dd794e")]
    {
        let blocks = digest(&block).blocks;
        assert_eq!(blocks.to_hex(), expected);
        assert!(blocks.matches(0, &block) && !blocks.matches(1, &block));
        assert!(!blocks.matches(0, &block[1..]));
    }
}

/// Only what was asked for is among the checksums.
#[test]
fn the_algorithms_asked_for_are_computed() {
    let hasher = ContentHasher::new(&[ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Sha256]);
    let algorithms: Vec<ChecksumAlgorithm> =
        hasher.finish().checksums.iter().map(|checksum| checksum.algorithm).collect();
    assert_eq!(algorithms, [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Sha256]);
    assert!(ContentHasher::new(&[]).finish().checksums.is_empty());
}

fn claims_of(digest: &ContentDigest) -> ClientDigests {
    ClientDigests {
        length: Some(digest.size),
        md5: Some(digest.md5),
        sha256: Some(digest.sha256),
        checksums: digest.checksums.clone(),
    }
}

#[test]
fn true_claims_pass() {
    let body = digest(CHECK);
    body.verify(&ClientDigests::default()).unwrap();
    body.verify(&claims_of(&body)).unwrap();
}

/// Each claim is compared: a single wrong one is refused although all others are right.
#[test]
fn every_wrong_claim_is_refused() {
    let (body, other) = (digest(CHECK), digest(b"123456780"));
    let truth = claims_of(&body);
    for length in [8, 10, 0, u64::MAX] {
        let claims = ClientDigests { length: Some(length), ..truth.clone() };
        assert_eq!(body.verify(&claims).unwrap_err().kind(), ErrorKind::IncompleteBody, "{length}");
    }
    let wrong_md5 = ClientDigests { md5: Some(other.md5), ..truth.clone() };
    assert_eq!(body.verify(&wrong_md5).unwrap_err().kind(), ErrorKind::BadDigest);
    let wrong_sha256 = ClientDigests { sha256: Some(other.sha256), ..truth.clone() };
    assert_eq!(body.verify(&wrong_sha256).unwrap_err().kind(), ErrorKind::BadDigest);
    for algorithm in ChecksumAlgorithm::ALL {
        let mut claims = truth.clone();
        let claim = claims.checksums.iter_mut().find(|claim| claim.algorithm == algorithm).unwrap();
        *claim = other.checksum(algorithm).unwrap().clone();
        assert_eq!(body.verify(&claims).unwrap_err().kind(), ErrorKind::BadDigest, "{algorithm:?}");
    }
}

/// A claim that was not computed is not passed over.
#[test]
fn a_claim_that_cannot_be_compared_is_refused() {
    let body = ContentHasher::new(&[]).finish();
    let claims = ClientDigests {
        checksums: vec![Checksum::from_raw(ChecksumAlgorithm::Crc32, &[0; 4])],
        ..ClientDigests::default()
    };
    assert_eq!(body.verify(&claims).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn claims_are_base64_of_the_right_length() {
    use ChecksumAlgorithm::{Crc32, Crc64Nvme};
    assert_eq!(Checksum::parse(Crc32, "y/Q5Jg==").unwrap(), *digest(CHECK).checksum(Crc32).unwrap());
    for (algorithm, text) in [
        (Crc32, ""),
        (Crc32, "y/Q5Jg"),
        (Crc32, "y/Q5Jh=="),
        (Crc32, "y_Q5Jg=="),
        (Crc32, " y/Q5Jg=="),
        (Crc32, "y/Q5Jg==-1"),
        (Crc32, "cbf43926"),
        (Crc64Nvme, "y/Q5Jg=="),
    ] {
        assert_eq!(
            Checksum::parse(algorithm, text).unwrap_err().kind(),
            ErrorKind::InvalidArgument,
            "{text:?}"
        );
    }
}

#[test]
fn names_are_read_in_either_case() {
    for algorithm in ChecksumAlgorithm::ALL {
        assert_eq!(ChecksumAlgorithm::parse(algorithm.as_str()), Some(algorithm));
        assert_eq!(ChecksumAlgorithm::parse(&algorithm.as_str().to_uppercase()), Some(algorithm));
        assert_eq!(
            Checksum::from_raw(algorithm, &vec![0; algorithm.bytes_len()]).raw().len(),
            algorithm.bytes_len()
        );
    }
    assert_eq!(ChecksumAlgorithm::parse("md5"), None);
    for kind in [ChecksumType::FullObject, ChecksumType::Composite] {
        assert_eq!(ChecksumType::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(ChecksumType::parse("composite"), None);
}

/// Composite: the algorithm over the parts' raw checksums, with the number of parts. The expected
/// values are Python's (`zlib.crc32`, `hashlib.sha256`) over the parts `123456789` and `abc`.
#[test]
fn composite_checksums_cover_the_parts_checksums() {
    let parts = [digest(CHECK), digest(b"abc")];
    let composite = |algorithm| {
        let sums: Vec<Checksum> =
            parts.iter().map(|part| part.checksum(algorithm).unwrap().clone()).collect();
        Checksum::composite(algorithm, &sums)
    };
    for (algorithm, expected) in
        [(ChecksumAlgorithm::Crc32, CRC32_COMPOSITE), (ChecksumAlgorithm::Sha256, SHA256_COMPOSITE)]
    {
        let checksum = composite(algorithm);
        assert_eq!(&*checksum.value, expected);
        assert!(checksum.raw().is_empty(), "a composite value has no raw form");
    }
}

const CRC32_COMPOSITE: &str = "25ItdA==-2";
const SHA256_COMPOSITE: &str = "qrA/wXeZB3D42jo44oxVB6mWuJ3EM3uOMqjKxBMqGMA=-2";

#[test]
fn composite_and_full_object_defaults_are_those_of_s3() {
    for algorithm in ChecksumAlgorithm::ALL {
        let expected = match algorithm {
            ChecksumAlgorithm::Crc64Nvme => ChecksumType::FullObject,
            _ => ChecksumType::Composite,
        };
        assert_eq!(algorithm.default_multipart_type(), expected);
    }
}

/// A block's last byte and the next block's first are told apart.
#[test]
fn blocks_are_cut_at_their_size() {
    for (size, blocks) in
        [(1, 1), (BLOCK_BYTES - 1, 1), (BLOCK_BYTES, 1), (BLOCK_BYTES + 1, 2), (3 * BLOCK_BYTES, 3)]
    {
        let bytes: Vec<u8> = (0..size).map(|at| (at / 7) as u8).collect();
        let digests = digest(&bytes).blocks;
        assert_eq!(digests.len(), blocks, "{size}");
        assert!(bytes.chunks(BLOCK_BYTES).enumerate().all(|(at, block)| digests.matches(at, block)));
    }
}

#[test]
fn damaged_block_digests_are_refused() {
    assert!(BlockDigests::from_bytes(&[0; 7]).is_none());
    assert!(BlockDigests::from_hex("8a9136a").is_none() && BlockDigests::from_hex("8a9136ag").is_none());
    assert!(BlockDigests::from_hex("8a9136").is_none(), "three bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// How a body arrives changes none of its digests.
    #[test]
    fn chunking_changes_nothing(
        size in 0..3 * BLOCK_BYTES,
        cuts in prop::collection::vec(0..3 * BLOCK_BYTES, 0..6),
        seed in any::<u8>(),
    ) {
        let bytes: Vec<u8> = (0..size).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(size)).chain([0, size]).collect();
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        let (whole, chunked) = (digest(&bytes), digest_in(&chunks));
        prop_assert_eq!(&whole.blocks, &chunked.blocks);
        prop_assert_eq!(&whole.checksums, &chunked.checksums);
        prop_assert_eq!((whole.size, whole.md5), (chunked.size, chunked.md5));
        chunked.verify(&claims_of(&whole)).unwrap();
    }

    /// One changed bit is found in the block that it is in, and in no other.
    #[test]
    fn one_bit_is_found(size in 1..3 * BLOCK_BYTES, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = vec![0x5a; size];
        let digests = digest(&bytes).blocks;
        let at = at.index(size);
        bytes[at] ^= 1 << bit;
        for (block, content) in bytes.chunks(BLOCK_BYTES).enumerate() {
            prop_assert_eq!(digests.matches(block, content), block != at / BLOCK_BYTES);
        }
    }

    #[test]
    fn block_digests_are_read_back(digests in prop::collection::vec(any::<u32>(), 0..20)) {
        let digests = BlockDigests::new(digests);
        prop_assert_eq!(BlockDigests::from_bytes(&digests.to_bytes()), Some(digests.clone()));
        prop_assert_eq!(BlockDigests::from_hex(&digests.to_hex()), Some(digests));
    }
}
