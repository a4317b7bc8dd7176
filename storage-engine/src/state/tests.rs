//! What the state digest notices, what it does not, and that it is what docs/STORAGE.md defines.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Item, StateDigest, StateHasher};
use crate::archive::object::{Attributes, ObjectPart};
use crate::bucket::{BucketDocument, Versioning};
use crate::digest::{BlockDigests, Checksum, ChecksumAlgorithm, ChecksumType};
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey, StoredPath, VersionId};
use crate::sidecar::{Blocks, Kind, Sidecar};

const CREATED_MS: u64 = 1_795_177_800_125;

fn sidecar() -> Sidecar {
    let part = |number, size| ObjectPart {
        number,
        size,
        checksum: Some(Checksum::parse(ChecksumAlgorithm::Crc32, "NhCmhg==").unwrap()),
    };
    Sidecar {
        kind: Kind::Object,
        id: Uuid::parse_str("0199b6a0-0000-7000-8000-0000a1b2c3d4").unwrap(),
        bucket: BucketName::parse("docs").unwrap(),
        key: ObjectKey::parse("договоры/Отчёт 2026.pdf").unwrap(),
        version_id: VersionId::Unique { seq: 17, nonce: 4711 },
        seq: 17,
        placement_seq: 18,
        owner: Arc::from("0199-owner"),
        created_by: Arc::from("0199-creator"),
        path: StoredPath::parse("2026/11/20/11/report_ivanov_20261120T113000_a1b2c3d4.pdf").unwrap(),
        size: 5,
        sha256: [0x2c; 32],
        etag: "5d41402abc4b2a76b9719d911017c592-2".into(),
        checksums: vec![Checksum::parse(ChecksumAlgorithm::Crc32, "NhCmhg==").unwrap()],
        checksum_type: ChecksumType::FullObject,
        blocks: Blocks::Inline(BlockDigests::new(vec![0x9a71_bb4c])),
        parts: Arc::from([part(1, 3), part(2, 2)]),
        upload: Some(Uuid::from_u128(7)),
        bound_for: None,
        retention: None,
        disposal: None,
        created_ms: CREATED_MS,
        modified_ms: CREATED_MS,
        attributes: Attributes {
            content_type: Some("application/pdf".into()),
            metadata: BTreeMap::from([("author".into(), "Иванов".into())]),
            tags: BTreeMap::from([("year".into(), "2026".into())]),
            ..Attributes::default()
        },
        unknown: Default::default(),
    }
}

type Change = (&'static str, fn(&mut Sidecar, u64));

/// Every member of a version that callers can see, changed.
const LOGICAL: [Change; 26] = [
    ("kind", |of, _| of.kind = Kind::Marker),
    ("id", |of, by| of.id = Uuid::from_u128(of.id.as_u128() ^ u128::from(by))),
    ("bucket", |of, by| of.bucket = BucketName::parse(&format!("docs-{by}")).unwrap()),
    ("key", |of, by| of.key = ObjectKey::parse(&format!("{}{by}", of.key)).unwrap()),
    ("a key kept as base64", |of, by| {
        of.key = ObjectKey::parse(&"\u{1}".repeat(500 + (by % 500) as usize)).unwrap()
    }),
    ("version id", |of, by| of.version_id = VersionId::Unique { seq: 17, nonce: 4711 ^ by }),
    ("version null", |of, _| of.version_id = VersionId::Null),
    ("order", |of, by| of.seq ^= by),
    ("owner", |of, by| of.owner = format!("owner {by}").into()),
    ("creator", |of, by| of.created_by = format!("creator {by}").into()),
    ("size", |of, by| of.size ^= by),
    ("SHA-256", |of, by| of.sha256[(by % 32) as usize] ^= 1),
    ("ETag", |of, by| of.etag = format!("{by}")),
    ("a checksum", |of, by| of.checksums[0].value = format!("{by}").into()),
    ("its algorithm", |of, _| of.checksums[0].algorithm = ChecksumAlgorithm::Crc32c),
    ("its type", |of, _| of.checksum_type = ChecksumType::Composite),
    ("sizes of parts", |of, by| {
        of.parts = of.parts.iter().map(|part| ObjectPart { size: part.size ^ by, ..part.clone() }).collect();
    }),
    ("checksums of parts", |of, _| {
        of.parts = of.parts.iter().map(|part| ObjectPart { checksum: None, ..part.clone() }).collect();
    }),
    ("upload", |of, by| of.upload = Some(Uuid::from_u128(u128::from(by) << 8))),
    ("time", |of, by| of.created_ms += 1 + by % 1_000_000),
    ("content type", |of, by| of.attributes.content_type = Some(format!("x/{by}"))),
    ("content encoding", |of, by| of.attributes.content_encoding = Some(format!("{by}"))),
    ("cache control", |of, by| of.attributes.cache_control = Some(format!("{by}"))),
    ("metadata", |of, by| drop(of.attributes.metadata.insert("author".into(), format!("{by}")))),
    ("tags", |of, by| drop(of.attributes.tags.insert(format!("{by}"), "x".into()))),
    ("a member of a later release", |of, by| drop(of.unknown.insert("retain_until".into(), json!(by)))),
];

/// Every member that says how and where a version lies, changed.
const PHYSICAL: [Change; 4] = [
    ("placement", |of, by| of.placement_seq ^= by),
    ("time of the sidecar", |of, by| of.modified_ms += by % 1_000_000),
    ("path", |of, by| {
        of.path = StoredPath::parse(&format!("2020/01/02/03/x_y_20200102T030405_{:08x}", by as u32)).unwrap();
    }),
    ("block digests", |of, by| of.blocks = Blocks::File([by as u8; 32])),
];

fn digest_of<'a>(sidecars: impl IntoIterator<Item = &'a Sidecar>) -> StateDigest {
    let mut hasher = StateHasher::new();
    sidecars.into_iter().for_each(|sidecar| hasher.add(&Item::of_version(sidecar)));
    hasher.finish()
}

proptest! {
    /// A change of any one thing that callers can see is another digest; a change of where and how it lies
    /// is not.
    #[test]
    fn a_logical_change_is_noticed_and_a_physical_one_is_not(by in 1..u64::MAX, at in 0..3_usize) {
        let before: Vec<Sidecar> = (0..3).map(|number| {
            let mut of = sidecar();
            of.key = ObjectKey::parse(&format!("key {number}")).unwrap();
            of
        }).collect();
        let whole = digest_of(&before);
        for (what, change) in LOGICAL {
            let mut after = before.clone();
            change(&mut after[at], by);
            prop_assert_ne!(digest_of(&after), whole, "{}", what);
        }
        for (what, change) in PHYSICAL {
            let mut after = before.clone();
            change(&mut after[at], by);
            prop_assert_eq!(digest_of(&after), whole, "{}", what);
        }
    }

    /// The order in which versions are met does not count, how often does, and one that is taken away
    /// was never there.
    #[test]
    fn the_digest_is_that_of_a_multiset(order in Just((0..6).collect::<Vec<u64>>()).prop_shuffle()) {
        let numbered = |number: u64| Sidecar { seq: number, ..sidecar() };
        let in_order: Vec<Sidecar> = (0..6).map(numbered).collect();
        let shuffled: Vec<Sidecar> = order.iter().map(|number| numbered(*number)).collect();
        prop_assert_eq!(digest_of(&shuffled), digest_of(&in_order));
        prop_assert_ne!(digest_of(shuffled.iter().chain(&in_order[..1])), digest_of(&in_order));
        let mut hasher = StateHasher::new();
        hasher.remove(&Item::of_version(&numbered(9)));
        in_order.iter().chain([&numbered(9)]).for_each(|of| hasher.add(&Item::of_version(of)));
        prop_assert_eq!(hasher.finish(), digest_of(&in_order));
    }
}

fn digest_of_bucket(document: &BucketDocument) -> StateDigest {
    let mut hasher = StateHasher::new();
    hasher.add(&Item::of_bucket(document));
    hasher.finish()
}

/// Name, owner, time and settings of a bucket count; the number of the change that made them does not.
#[test]
fn what_a_bucket_is_counts() {
    let name = |text| BucketName::parse(text).unwrap();
    let document = BucketDocument::new(name("docs"), "owner", CREATED_MS, 3);
    let whole = digest_of_bucket(&document);
    let mut versioned = document.clone();
    versioned.versioning = Versioning::Enabled;
    let mut of_rw = document.clone();
    of_rw.default_mode = Mode::Rw;
    let others = [
        of_rw,
        BucketDocument::new(name("docx"), "owner", CREATED_MS, 3),
        BucketDocument::new(name("docs"), "other", CREATED_MS, 3),
        BucketDocument::new(name("docs"), "owner", CREATED_MS + 1, 3),
        versioned,
    ];
    for other in others {
        assert_ne!(digest_of_bucket(&other), whole, "{other:?}");
    }
    assert_eq!(digest_of_bucket(&document.revised(9)), whole);
    assert_ne!(whole, StateHasher::new().finish());
    assert_eq!((whole.buckets, whole.objects, whole.markers, whole.bytes), (1, 0, 0, 0));
}

/// The definition in docs/STORAGE.md, done in Python, gives the same digest.
#[test]
fn the_digest_is_as_documented() {
    let mut hasher = StateHasher::new();
    hasher.add(&Item::of_version(&sidecar()));
    let bucket = BucketDocument::new(BucketName::parse("docs").unwrap(), "owner", CREATED_MS, 3);
    hasher.add(&Item::of_bucket(&bucket));
    assert_eq!(
        hasher.finish().to_string(),
        "a7a38f6cb095c571b141f3d0e6df2cf8339bf9caf13d60ed718b7f0a0f070408"
    );
}
