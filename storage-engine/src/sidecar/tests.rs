//! The sidecar's codec.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Blocks, Kind, OVERFLOW_BYTES_MAX, Overflow, SIDECAR_BYTES_MAX, Sidecar, decode, encode};
use crate::archive::object::{Attributes, ObjectPart};
use crate::digest::{BlockDigests, Checksum, ChecksumAlgorithm, ChecksumType};
use crate::name::{BucketName, ObjectKey, StoredName, StoredPath, VersionId};
use crate::{Error, ErrorKind, Result};

/// Format 1 as it was first written; a later release reads it as well.
const FORMAT_1: &str = include_str!("format-1.attr.json");

fn sidecar() -> Sidecar {
    let id = Uuid::parse_str("0199b6a0-0000-7000-8000-0000a1b2c3d4").unwrap();
    let created_ms = 1_795_177_800_125;
    Sidecar {
        kind: Kind::Object,
        id,
        bucket: BucketName::parse("docs").unwrap(),
        key: ObjectKey::parse("договоры/Отчёт 2026.pdf").unwrap(),
        version_id: VersionId::Null,
        seq: 17,
        placement_seq: 17,
        owner: Arc::from("0199-owner"),
        created_by: Arc::from("0199-creator"),
        path: StoredPath::new(created_ms, &StoredName::make("Отчёт 2026.pdf", "ivanov", created_ms, id)),
        size: 5,
        sha256: [0x2c; 32],
        etag: "5d41402abc4b2a76b9719d911017c592".into(),
        checksums: vec![Checksum::parse(ChecksumAlgorithm::Crc32, "NhCmhg==").unwrap()],
        checksum_type: ChecksumType::FullObject,
        blocks: Blocks::Inline(BlockDigests::new(vec![0x9a71_bb4c])),
        parts: Arc::from([]),
        upload: None,
        bound_for: None,
        retention: None,
        disposal: None,
        created_ms,
        modified_ms: created_ms,
        attributes: Attributes {
            content_type: Some("application/pdf".into()),
            metadata: BTreeMap::from([("author".into(), "Иванов".into())]),
            ..Attributes::default()
        },
        unknown: Default::default(),
    }
}

fn no_overflow(name: &str) -> Result<Vec<u8>> {
    Err(Error::new(ErrorKind::Corrupt, "find overflow").about(name))
}

fn read_back(sidecar: &Sidecar) -> (usize, Option<Overflow>, Sidecar) {
    let (bytes, overflow) = encode(sidecar).unwrap();
    let given = overflow.clone();
    let read = decode(&bytes, "test", |name| {
        let overflow = given.filter(|overflow| overflow.name == name);
        Ok(overflow.unwrap().bytes)
    });
    (bytes.len(), overflow, read.unwrap())
}

/// A sidecar of format 1 is read whole, and written again byte for byte.
#[test]
fn format_1_is_read() {
    let read = decode(FORMAT_1.as_bytes(), "fixture", no_overflow).unwrap();
    assert_eq!(read, sidecar());
    assert_eq!(String::from_utf8(encode(&read).unwrap().0).unwrap(), FORMAT_1);
}

/// Members that this release does not know are kept when a sidecar is rewritten.
#[test]
fn unknown_members_are_kept() {
    let mut later = sidecar();
    later.unknown.insert("legal_hold".into(), json!({"by": "court", "since": "2036-01-01T00:00:00Z"}));
    let (_, _, read) = read_back(&later);
    assert_eq!(read, later);
}

/// A schema of a later release is refused as newer, not as damaged.
#[test]
fn a_newer_schema_is_refused() {
    let newer = FORMAT_1.replace("\"schema\": 1", "\"schema\": 2");
    assert_eq!(decode(newer.as_bytes(), "x", no_overflow).unwrap_err().kind(), ErrorKind::NewerFormat);
}

/// What does not fit goes to the overflow; identity and digests stay in the main sidecar, which is
/// never longer than its limit. Around the limit the sidecar changes from alone to spilled.
#[test]
fn the_limit_is_kept() {
    let mut at_limit = (false, false);
    for length in 2500..3600 {
        let mut long = sidecar();
        long.attributes.metadata.insert("x".into(), "y".repeat(length));
        let (bytes, overflow, read) = read_back(&long);
        assert!(bytes <= SIDECAR_BYTES_MAX);
        assert_eq!(read, long);
        match overflow {
            None => at_limit.0 |= bytes == SIDECAR_BYTES_MAX,
            Some(_) => at_limit.1 = true,
        }
    }
    assert_eq!(at_limit, (true, true), "one length fills a sidecar to its last byte, a longer one spills");
}

/// Ten thousand parts with checksums fit into the overflow; headers beyond every limit are refused.
#[test]
fn the_largest_layouts_fit() {
    let mut whole = sidecar();
    let part = |number| ObjectPart {
        number,
        size: 5_242_880 + u64::from(number),
        checksum: Some(Checksum::from_raw(ChecksumAlgorithm::Crc32, &[1; 4])),
    };
    whole.parts = (1..=10_000).map(part).collect();
    whole.checksum_type = ChecksumType::Composite;
    let (_, overflow, read) = read_back(&whole);
    assert_eq!(read, whole);
    assert!(overflow.unwrap().bytes.len() <= OVERFLOW_BYTES_MAX);

    let mut wide = sidecar();
    wide.attributes.content_disposition = Some("d".repeat(4000));
    assert_eq!(encode(&wide).unwrap_err().kind(), ErrorKind::MetadataTooLarge);
    let mut deep = sidecar();
    deep.attributes.metadata.insert("x".into(), "y".repeat(OVERFLOW_BYTES_MAX));
    assert_eq!(encode(&deep).unwrap_err().kind(), ErrorKind::MetadataTooLarge);
}

/// An overflow that is not the one named is damage.
#[test]
fn a_foreign_overflow_is_refused() {
    let mut long = sidecar();
    long.attributes.metadata.insert("x".into(), "y".repeat(5000));
    let (bytes, overflow) = encode(&long).unwrap();
    let mut other = overflow.unwrap().bytes;
    other[20] ^= 1;
    assert_eq!(decode(&bytes, "x", |_| Ok(other)).unwrap_err().kind(), ErrorKind::Corrupt);
}

/// The checksum covers the canonical form: white space and order may differ, nothing else.
#[test]
fn the_checksum_is_over_the_canonical_form() {
    let value: Value = serde_json::from_str(FORMAT_1).unwrap();
    let compact = serde_json::to_vec(&value).unwrap();
    assert_eq!(decode(&compact, "x", no_overflow).unwrap(), sidecar());
    let forged = FORMAT_1.replace("\"size\": 5", "\"size\": 6");
    assert_ne!(forged, FORMAT_1);
    assert_eq!(decode(forged.as_bytes(), "x", no_overflow).unwrap_err().kind(), ErrorKind::Corrupt);
}

proptest! {
    /// Any key, metadata and tags come back as they were, within the limit.
    #[test]
    fn any_text_comes_back(
        key in "\\PC{1,60}|[\u{0}-\u{1f}\"\\\\]{1,1024}|[а-яё/]{1,500}",
        metadata in proptest::collection::btree_map("[a-z-]{1,20}", "\\PC{0,40}", 0..8),
        tags in proptest::collection::btree_map("\\PC{1,30}", "\\PC{0,60}", 0..10),
    ) {
        let mut any = sidecar();
        any.key = ObjectKey::parse(&key).unwrap();
        any.attributes.metadata = metadata;
        any.attributes.tags = tags;
        let (bytes, _, read) = read_back(&any);
        prop_assert!(bytes <= SIDECAR_BYTES_MAX);
        prop_assert_eq!(read, any);
    }

    /// Any change of a byte is noticed or changes nothing.
    #[test]
    fn a_changed_byte_is_noticed(at in 0..FORMAT_1.len(), bit in 0..8_u8) {
        let mut bytes = FORMAT_1.as_bytes().to_vec();
        bytes[at] ^= 1 << bit;
        if let Ok(read) = decode(&bytes, "x", no_overflow) {
            prop_assert_eq!(read, sidecar());
        }
    }

    /// No bytes make the reader panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        drop(decode(&bytes, "x", no_overflow));
    }
}
