//! Listings of versions against a model that looks at every version.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::{caller, key};
use crate::archive::list::{VersionListEntry, VersionListRequest};
use crate::archive::{Archive, OpenOptions};
use crate::catalog::{Entry, EntryKind, Update};
use crate::disk::simulated::{Machine, Profile};
use crate::log::Place;
use crate::name::{BucketName, StoredName, StoredPath, VersionId};

/// By key, newest first: number, id, whether a marker.
type Versions = BTreeMap<String, Vec<(u64, VersionId, bool)>>;

fn archive() -> (Archive, BucketName) {
    let machine = Machine::new(Profile::Ordered, 1);
    let options = OpenOptions { disks: Arc::new(machine), ..OpenOptions::new(PathBuf::from("/data")) };
    let archive = Archive::open(options).unwrap();
    let bucket = BucketName::parse("docs").unwrap();
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    (archive, bucket)
}

fn entry(archive: &Archive, seq: u64, version_id: VersionId, is_marker: bool) -> Entry {
    let stored = StoredName::make("a.txt", "ivanov", 0, uuid::Uuid::from_u128(u128::from(seq)));
    Entry {
        kind: if is_marker { EntryKind::Marker } else { EntryKind::Object },
        version_id,
        seq,
        placement_seq: seq,
        place: Place {
            element: archive.inner.ready_elements()[0].id,
            path: StoredPath::new(0, &stored),
            overflow: None,
            blocks: None,
        },
        size: if is_marker { 0 } else { seq },
        etag: if is_marker { String::new() } else { format!("{seq:032x}") },
        created_ms: seq,
        owner: Arc::from("owner"),
        checksum: None,
        is_bound: false,
        kept_until_ms: 0,
    }
}

/// Puts versions into the catalog; of several `null` of one key the last stays, as in a real bucket.
fn make(archive: &Archive, bucket: &BucketName, changes: &[(String, u8)]) -> Versions {
    let mut versions = Versions::new();
    for (seq, (name, what)) in (1..).zip(changes) {
        let is_marker = what % 3 == 0;
        let version_id = match what / 3 {
            0 => VersionId::Null,
            _ => VersionId::Unique { seq, nonce: u64::from(*what) },
        };
        let of_key = versions.entry(name.clone()).or_default();
        let mut updates = Vec::new();
        for (old, _, _) in of_key.extract_if(.., |(_, id, _)| version_id.is_null() && id.is_null()) {
            let (bucket, key) = (bucket.clone(), key(name));
            updates.push(Update::Remove { bucket, key, version_seq: old, change_seq: seq });
        }
        of_key.insert(0, (seq, version_id, is_marker));
        let entry = Box::new(entry(archive, seq, version_id, is_marker));
        updates.push(Update::Put { bucket: bucket.clone(), key: key(name), entry, change_seq: seq });
        archive.inner.catalog.apply(&updates).unwrap();
    }
    versions
}

/// Every entry of a listing, each as text, with the markers that name it.
fn expected(
    versions: &Versions,
    (prefix, delimiter): (&str, Option<&str>),
    (key_marker, version_marker): (Option<&str>, Option<VersionId>),
) -> Vec<String> {
    let rolled = |key: &str| {
        let delimiter = delimiter?;
        let at = key.strip_prefix(prefix)?.find(delimiter)?;
        Some(key[..prefix.len() + at + delimiter.len()].to_owned())
    };
    let mut shown: Vec<String> = Vec::new();
    for (key, of_key) in versions.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let is_passed = key_marker.is_some_and(|marker| {
            key.as_str() < marker || rolled(key).is_some_and(|of| Some(of) == rolled(marker))
        });
        if is_passed {
            continue;
        }
        if let Some(common) = rolled(key) {
            let row = format!("{common}*");
            if shown.last() != Some(&row) {
                shown.push(row);
            }
            continue;
        }
        let after = match version_marker {
            _ if key_marker != Some(key) => u64::MAX,
            Some(VersionId::Unique { seq, .. }) => seq,
            Some(VersionId::Null) => {
                of_key.iter().find(|(_, id, _)| id.is_null()).map_or(0, |(seq, _, _)| *seq)
            }
            None => 0,
        };
        for (at, (seq, id, is_marker)) in of_key.iter().enumerate() {
            if *seq < after {
                shown.push(text(key, *id, at == 0, *is_marker));
            }
        }
    }
    shown
}

fn text(key: &str, id: VersionId, is_latest: bool, is_marker: bool) -> String {
    format!("{key:?} {id} latest {is_latest} marker {is_marker}")
}

/// Walks a listing by pages and joins them.
fn walk(
    archive: &Archive,
    bucket: &BucketName,
    (prefix, delimiter): (&str, Option<&str>),
    markers: (Option<String>, Option<VersionId>),
    max: usize,
) -> Vec<String> {
    let (mut shown, (mut key_marker, mut version_marker)) = (Vec::new(), markers);
    loop {
        let page = archive
            .list_versions(&VersionListRequest {
                bucket,
                prefix,
                delimiter,
                key_marker: key_marker.as_deref(),
                version_marker,
                max,
            })
            .unwrap();
        assert!(page.entries.len() <= max);
        shown.extend(page.entries.into_iter().map(|entry| match entry {
            VersionListEntry::CommonPrefix(prefix) => format!("{prefix}*"),
            VersionListEntry::Version(version) => {
                let is_empty = version.object.etag.is_empty() && version.object.size == 0;
                assert_eq!(is_empty, version.is_marker, "a marker has neither ETag nor size");
                let key = version.object.key.as_str();
                text(key, version.version_id, version.is_latest, version.is_marker)
            }
        }));
        match page.next {
            Some((key, version)) => (key_marker, version_marker) = (Some(key), version),
            None => return shown,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Pages of any size, joined, are every version after the markers once, in order, with common
    /// prefixes rolled up; also where the marker names a version that is not there.
    #[test]
    fn listings_of_versions_are_the_models(
        changes in proptest::collection::vec(("[ab/\u{0}\u{1}я]{1,3}", 0..9_u8), 1..60),
        prefix in "[ab/]{0,2}",
        delimiter in proptest::option::of("[/a]"),
        max in 1..6_usize,
        key_marker in proptest::option::of("[ab/\u{0}я]{1,3}"),
        version_marker in proptest::option::of(proptest::option::of(0..60_u64)),
    ) {
        let (archive, bucket) = archive();
        let versions = make(&archive, &bucket, &changes);
        let version_marker = version_marker
            .filter(|_| key_marker.is_some())
            .map(|seq| seq.map_or(VersionId::Null, |seq| VersionId::Unique { seq, nonce: 7 }));
        let wanted = (prefix.as_str(), delimiter.as_deref());
        let shown = walk(&archive, &bucket, wanted, (key_marker.clone(), version_marker), max);
        prop_assert_eq!(shown, expected(&versions, wanted, (key_marker.as_deref(), version_marker)));
        // From the beginning, as clients do it: every page's markers name a version that is there.
        let shown = walk(&archive, &bucket, wanted, (None, None), max);
        prop_assert_eq!(shown, expected(&versions, wanted, (None, None)));
    }
}

/// The version that becomes the newest between two pages is shown as the latest by the second.
#[test]
fn the_latest_is_looked_up_behind_a_marker_that_is_gone() {
    let (archive, bucket) = archive();
    let names = [3, 4, 5].map(|what| ("a".to_owned(), what));
    let versions = make(&archive, &bucket, &names);
    let (seq, marker, _) = versions["a"][0];
    let after = (Some("a".to_owned()), Some(marker));
    let latest = |shown: &[String]| shown.iter().filter(|row| row.contains("latest true")).count();
    let shown = walk(&archive, &bucket, ("", None), after.clone(), 5);
    assert_eq!((shown.len(), latest(&shown)), (2, 0));
    let remove = Update::Remove { bucket: bucket.clone(), key: key("a"), version_seq: seq, change_seq: 9 };
    archive.inner.catalog.apply(&[remove]).unwrap();
    let shown = walk(&archive, &bucket, ("", None), after, 5);
    assert_eq!((shown.len(), latest(&shown)), (2, 1));
}

/// A page costs what it shows: common prefixes with thousands of versions below them are passed over,
/// not walked.
#[test]
fn a_common_prefix_of_versions_is_one_seek() {
    let (archive, bucket) = archive();
    let mut updates = Vec::new();
    for seq in 1..20_001_u64 {
        let id = VersionId::Unique { seq, nonce: 1 };
        let entry = Box::new(entry(&archive, seq, id, false));
        let key = key(&format!("{}/{}", seq % 4, seq % 50));
        updates.push(Update::Put { bucket: bucket.clone(), key, entry, change_seq: seq });
    }
    archive.inner.catalog.apply(&updates).unwrap();
    let walk = || walk(&archive, &bucket, ("", Some("/")), (None, None), 10);
    assert_eq!(walk(), ["0/*", "1/*", "2/*", "3/*"]);
    // The quickest of many, so that a stall of the computer does not count.
    let timed = |_| {
        let start = std::time::Instant::now();
        drop(walk());
        start.elapsed()
    };
    let rolled = (0..50).map(timed).min().unwrap();
    let whole = std::time::Instant::now();
    let all = self::walk(&archive, &bucket, ("", None), (None, None), 1000);
    assert_eq!(all.len(), 20_000);
    let listed = whole.elapsed();
    assert!(rolled < listed / 20, "four prefixes in {rolled:?}, every version in {listed:?}");
}
