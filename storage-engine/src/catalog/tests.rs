//! The catalog against a model: a sorted map that does everything the slow way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::entry::{Entry, EntryKind};
use super::listing::{PageRequest, Row, Shown};
use super::store::{Catalog, Update};
use crate::digest::{ChecksumAlgorithm, ChecksumType, crc32c_of};
use crate::disk::SharedDisk;
use crate::disk::simulated::random::Random;
use crate::disk::simulated::{Machine, Profile};
use crate::log::Place;
use crate::mode::Mode;
use crate::name::{BucketName, ElementId, ObjectKey, StoredName, StoredPath, VersionId};

mod rot;
mod view;

const ARCHIVE: u64 = 5;

fn machine() -> (Machine, SharedDisk) {
    let machine = Machine::new(Profile::Reordered, 3);
    let disk = machine.disk("data").unwrap();
    (machine, disk)
}

fn open(disk: &SharedDisk, checkpoint: u64) -> Catalog {
    Catalog::open(&**disk, ARCHIVE, checkpoint).unwrap()
}

fn bucket() -> BucketName {
    BucketName::parse("docs").unwrap()
}

fn entry(seq: u64, kind: EntryKind, version_id: VersionId) -> Entry {
    let stored = StoredName::make("a.txt", "ivanov", 0, uuid::Uuid::from_u128(u128::from(seq)));
    Entry {
        kind,
        version_id,
        seq,
        placement_seq: seq,
        place: Place {
            element: ElementId::new(uuid::Uuid::nil()),
            path: StoredPath::new(0, &stored),
            overflow: None,
            blocks: None,
        },
        size: seq,
        etag: format!("{seq:032x}"),
        created_ms: seq,
        owner: Arc::from("owner"),
        checksum: None,
        is_bound: false,
        kept_until_ms: 0,
    }
}

fn put(key: &str, seq: u64, kind: EntryKind) -> Update {
    let version_id = VersionId::Unique { seq, nonce: 1 };
    Update::Put {
        bucket: bucket(),
        key: ObjectKey::parse(key).unwrap(),
        entry: Box::new(entry(seq, kind, version_id)),
        change_seq: seq,
    }
}

fn remove(key: &str, version_seq: u64, change_seq: u64) -> Update {
    Update::Remove { bucket: bucket(), key: ObjectKey::parse(key).unwrap(), version_seq, change_seq }
}

fn page(
    catalog: &Catalog,
    prefix: &str,
    delimiter: Option<&str>,
    after: Option<&str>,
    max: usize,
) -> (Vec<String>, bool) {
    let shown = Shown::Current;
    let page = catalog.page(&PageRequest { bucket: "docs", prefix, delimiter, after, shown, max }).unwrap();
    let name = |row| match row {
        Row::Object { key, .. } => key,
        Row::CommonPrefix(prefix) => format!("{prefix}*"),
    };
    (page.rows.into_iter().map(name).collect(), page.is_truncated)
}

/// What a listing shows, found by looking at every key.
fn listed(
    keys: &BTreeSet<String>,
    prefix: &str,
    delimiter: Option<&str>,
    after: Option<&str>,
) -> Vec<String> {
    let rolled = |key: &str| {
        let delimiter = delimiter?;
        let at = key.strip_prefix(prefix)?.find(delimiter)?;
        Some(key[..prefix.len() + at + delimiter.len()].to_owned())
    };
    let mut shown = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        if after.is_some_and(|after| {
            key.as_str() <= after || (rolled(key).is_some() && rolled(key) == rolled(after))
        }) {
            continue;
        }
        let row = rolled(key).map_or_else(|| key.clone(), |common| format!("{common}*"));
        if shown.last() != Some(&row) {
            shown.push(row);
        }
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every page of every listing is what the model shows, whatever versions and markers lie below.
    #[test]
    fn listings_are_the_models(
        changes in proptest::collection::vec(("[ab/\u{0}\u{1}я]{1,5}", 0..4_u8), 1..60),
        prefix in "[ab/]{0,2}",
        delimiter in proptest::option::of("[/a]"),
        after in proptest::option::of("[ab/\u{0}я]{1,4}"),
        max in 1..6_usize,
    ) {
        let (_machine, disk) = machine();
        let catalog = open(&disk, 0);
        let mut versions: BTreeMap<String, BTreeMap<u64, EntryKind>> = BTreeMap::new();
        for (seq, (key, what)) in (1..).zip(&changes) {
            let of_key = versions.entry(key.clone()).or_default();
            match what {
                0 => {
                    let newest = of_key.pop_last().map_or(0, |(seq, _)| seq);
                    catalog.apply(&[remove(key, newest, seq)]).unwrap();
                }
                1 => {
                    of_key.insert(seq, EntryKind::Marker);
                    catalog.apply(&[put(key, seq, EntryKind::Marker)]).unwrap();
                }
                _ => {
                    of_key.insert(seq, EntryKind::Object);
                    catalog.apply(&[put(key, seq, EntryKind::Object)]).unwrap();
                }
            }
        }
        let is_current = |versions: &BTreeMap<u64, EntryKind>| {
            versions.last_key_value().is_some_and(|(_, kind)| *kind == EntryKind::Object)
        };
        let current: BTreeSet<String> =
            versions.iter().filter(|(_, of_key)| is_current(of_key)).map(|(key, _)| key.clone()).collect();
        let expected = listed(&current, &prefix, delimiter.as_deref(), after.as_deref());
        let (mut shown, mut marker) = (Vec::new(), after);
        loop {
            let (rows, is_truncated) = page(&catalog, &prefix, delimiter.as_deref(), marker.as_deref(), max);
            prop_assert!(rows.len() <= max);
            marker = rows.last().map(|row| row.trim_end_matches('*').to_owned());
            shown.extend(rows);
            if !is_truncated {
                break;
            }
        }
        prop_assert_eq!(shown, expected);
        for (key, of_key) in &versions {
            let newest = catalog.newest(&bucket(), &ObjectKey::parse(key).unwrap()).unwrap();
            prop_assert_eq!(newest.map(|entry| entry.seq), of_key.keys().next_back().copied());
        }
    }
}

/// After a power cut the catalog stands at its last checkpoint, and only there.
#[test]
fn a_power_cut_goes_back_to_the_checkpoint() {
    let (machine, disk) = machine();
    let catalog = open(&disk, 0);
    catalog.apply(&[put("before", 1, EntryKind::Object)]).unwrap();
    catalog.persist(1, 9, &[]).unwrap();
    catalog.apply(&[put("behind", 2, EntryKind::Object)]).unwrap();
    machine.reboot();
    let disk = machine.disk("data").unwrap();
    let catalog = open(&disk, 1);
    assert_eq!(page(&catalog, "", None, None, 10).0, ["before"]);
}

/// A catalog that is older than the archive's checkpoint, of another archive, or no catalog at all is
/// made anew: empty and covering nothing, rather than wrong.
#[test]
fn a_catalog_that_does_not_fit_is_made_anew() {
    let (_machine, disk) = machine();
    let element = ElementId::new(uuid::Uuid::from_u128(9));
    for fault in ["older", "foreign", "damaged"] {
        let catalog = open(&disk, 0);
        catalog.apply(&[put("key", 1, EntryKind::Object)]).unwrap();
        catalog.set_covered(element, Mode::Ro).unwrap();
        catalog.persist(7, 9, &[]).unwrap();
        drop(catalog);
        assert_eq!(page(&open(&disk, 7), "", None, None, 10).0, ["key"], "{fault}: a fitting one is kept");
        let (archive, checkpoint) = match fault {
            "older" => (ARCHIVE, 8),
            "foreign" => (ARCHIVE + 1, 7),
            _ => {
                let file = disk.open_to_write("catalog/catalog.redb").unwrap();
                file.write_at(&[0x5a; 512], 0).unwrap();
                (ARCHIVE, 7)
            }
        };
        let catalog = Catalog::open(&*disk, archive, checkpoint).unwrap();
        assert_eq!(page(&catalog, "", None, None, 10).0, [""; 0], "{fault}");
        assert!(!catalog.covers(element).unwrap(), "{fault}");
        drop(catalog);
        disk.remove("catalog/catalog.redb").unwrap();
    }
}

/// Of two places of one version, the later placement is kept in whatever order they are found; of two
/// versions `null` the newer.
#[test]
fn the_later_placement_wins() {
    let (_machine, disk) = machine();
    let catalog = open(&disk, 0);
    let key = ObjectKey::parse("k").unwrap();
    let placed = |placement_seq| Entry {
        placement_seq,
        ..entry(4, EntryKind::Object, VersionId::Unique { seq: 4, nonce: 1 })
    };
    for order in [[9, 4], [4, 9]] {
        let mut rows = order.map(|at| (bucket(), key.clone(), placed(at))).to_vec();
        catalog.load(&mut rows).unwrap();
        assert_eq!(catalog.newest(&bucket(), &key).unwrap().unwrap().placement_seq, 9);
    }
    let null =
        |seq| (bucket(), ObjectKey::parse("n").unwrap(), entry(seq, EntryKind::Object, VersionId::Null));
    catalog.load(&mut vec![null(6), null(5)]).unwrap();
    assert_eq!(catalog.drop_superseded_nulls().unwrap(), [null(5).2.place]);
    let found =
        catalog.version(&bucket(), &ObjectKey::parse("n").unwrap(), VersionId::Null).unwrap().unwrap();
    assert_eq!(found.seq, 6);
    assert_eq!(catalog.drop_superseded_nulls().unwrap(), []);
}

/// A follower sees every change once or again, never none, also over a power cut that takes back what
/// it had seen.
#[test]
fn the_feed_loses_nothing() {
    let (machine, disk) = machine();
    let catalog = open(&disk, 0);
    let start = catalog.cursor();
    catalog.apply(&[put("a", 1, EntryKind::Object)]).unwrap();
    catalog.persist(1, 9, &[]).unwrap();
    catalog.apply(&[put("b", 2, EntryKind::Object), put("c", 3, EntryKind::Object)]).unwrap();
    let (changes, cursor) = catalog.changes(start, 10).unwrap().unwrap();
    assert_eq!(changes.iter().map(|change| change.seq).collect::<Vec<_>>(), [1, 2, 3]);
    machine.reboot();
    let disk = machine.disk("data").unwrap();
    let catalog = open(&disk, 1);
    // Replayed in another order, and a new one.
    for (key, seq) in [("c", 3), ("b", 2), ("d", 4)] {
        catalog.apply(&[put(key, seq, EntryKind::Object)]).unwrap();
    }
    let (changes, cursor) = catalog.changes(cursor, 10).unwrap().unwrap();
    assert_eq!(changes.iter().map(|change| change.seq).collect::<Vec<_>>(), [3, 2, 4]);
    assert_eq!(catalog.changes(cursor, 10).unwrap().unwrap().0, []);
    disk.remove("catalog/catalog.redb").unwrap();
    assert_eq!(open(&disk, 0).changes(cursor, 10).unwrap(), None, "another epoch: reconcile in full");
}

/// A row of any bytes, also where its checksum fits, is read or refused, never more.
#[test]
fn no_bytes_make_a_row_panic() {
    let mut whole = entry(5, EntryKind::Object, VersionId::Unique { seq: 5, nonce: 1 });
    whole.checksum = Some((ChecksumAlgorithm::Crc32, ChecksumType::FullObject));
    let whole = whole.encode().unwrap();
    let mut chance = Random::new(2);
    let mut read = 0;
    for _ in 0..50_000 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.up_to(2) {
            let at = 4 + chance.up_to(bytes.len() - 5);
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(4 + chance.up_to(10 * bytes.len()).min(bytes.len() - 4));
        assert!(bytes == whole || Entry::decode(&bytes, 5).is_err());
        let checksum = crc32c_of(&[&bytes[4..]]);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
        read += usize::from(Entry::decode(&bytes, 5).is_ok());
    }
    assert!(read > 0, "no changed row could be read");
}
