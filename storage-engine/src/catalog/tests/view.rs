//! What elements hold, against a model that looks at every version.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use redb::ReadableDatabase as _;

use super::{
    Catalog, EntryKind, PageRequest, Row, Shown, Update, bucket, entry, listed, machine, open, page, remove,
};
use crate::catalog::rows::{PLACED, placed_row};
use crate::catalog::{Entry, key};
use crate::name::{ElementId, ObjectKey, VersionId};

fn element(number: u8) -> ElementId {
    // The last is the highest there is: what comes behind it is nothing.
    let number = if number == 2 { u128::MAX } else { u128::from(number) };
    ElementId::new(uuid::Uuid::from_u128(number))
}

fn place(key: &str, seq: u64, placement_seq: u64, kind: EntryKind, on: u8) -> Update {
    let mut entry = entry(seq, kind, VersionId::Unique { seq, nonce: 1 });
    (entry.placement_seq, entry.place.element) = (placement_seq, element(on));
    let key = ObjectKey::parse(key).unwrap();
    Update::Put { bucket: bucket(), key, entry: Box::new(entry), change_seq: placement_seq }
}

/// Every row of what elements hold, and the rows that the versions say there should be.
fn placed(catalog: &Catalog) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let mut expected = BTreeSet::new();
    let mut take = |bucket: &str, name: &str, entry: &Entry| {
        expected.insert(placed_row(entry.place.element, &key::row(bucket, name, entry.seq)));
        Ok(())
    };
    catalog.walk(&mut take).unwrap();
    let table = catalog.database.begin_read().unwrap().open_table(PLACED).unwrap();
    let rows = table.range::<&[u8]>(..).unwrap().map(|row| row.unwrap().0.value().to_vec());
    (rows.collect(), expected)
}

#[derive(Clone, Debug)]
enum Step {
    Put(EntryKind, u8),
    /// Moves the newest version to an element.
    Move(u8),
    RemoveNewest,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8).prop_map(|on| Step::Put(EntryKind::Object, on)),
        1 => (0..3_u8).prop_map(|on| Step::Put(EntryKind::Marker, on)),
        2 => (0..3_u8).prop_map(Step::Move),
        1 => Just(Step::RemoveNewest),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every page of what some elements hold is what the model shows: of each key the newest version on one of them, where
    /// that is an object; and what elements hold is what the versions say.
    #[test]
    fn views_are_the_models(
        steps in proptest::collection::vec(("[ab/\u{0}\u{1}я]{1,4}", step()), 1..80),
        wanted in proptest::collection::btree_set(0..3_u8, 0..4),
        prefix in "[ab/]{0,2}",
        delimiter in proptest::option::of("[/a]"),
        after in proptest::option::of("[ab/\u{0}я]{1,4}"),
        max in 1..6_usize,
    ) {
        let (_machine, disk) = machine();
        let catalog = open(&disk, 0);
        let mut versions: BTreeMap<String, BTreeMap<u64, (EntryKind, u8)>> = BTreeMap::new();
        for (seq, (key, step)) in (1..).zip(&steps) {
            let of_key = versions.entry(key.clone()).or_default();
            match step {
                Step::Put(kind, on) => {
                    of_key.insert(seq, (*kind, *on));
                    catalog.apply(&[place(key, seq, seq, *kind, *on)]).unwrap();
                }
                Step::Move(on) => {
                    let Some((version, held)) = of_key.iter_mut().next_back() else { continue };
                    held.1 = *on;
                    catalog.apply(&[place(key, *version, seq, held.0, *on)]).unwrap();
                }
                Step::RemoveNewest => {
                    let newest = of_key.pop_last().map_or(0, |(seq, _)| seq);
                    catalog.apply(&[remove(key, newest, seq)]).unwrap();
                }
            }
        }
        let (rows, expected) = placed(&catalog);
        prop_assert_eq!(rows, expected);
        let newest = |of_key: &BTreeMap<u64, (EntryKind, u8)>| {
            of_key.iter().rev().find(|(_, (_, on))| wanted.contains(on)).map(|(seq, (kind, _))| (*seq, *kind))
        };
        let shown_keys: BTreeSet<String> = versions
            .iter()
            .filter(|(_, of_key)| newest(of_key).is_some_and(|(_, kind)| kind == EntryKind::Object))
            .map(|(key, _)| key.clone())
            .collect();
        let expected = listed(&shown_keys, &prefix, delimiter.as_deref(), after.as_deref());
        let elements: Vec<ElementId> = wanted.iter().map(|number| element(*number)).collect();
        let (mut shown, mut marker) = (Vec::new(), after);
        loop {
            let page = catalog
                .view(&elements, &PageRequest {
                    bucket: "docs",
                    prefix: &prefix,
                    delimiter: delimiter.as_deref(),
                    after: marker.as_deref(),
                    shown: Shown::Current,
                    max,
                })
                .unwrap();
            prop_assert!(page.rows.len() <= max);
            for row in page.rows {
                marker = Some(match &row {
                    Row::Object { key, entry, .. } => {
                        let of_key = versions.get(key).unwrap();
                        prop_assert_eq!(Some((entry.seq, entry.kind)), newest(of_key));
                        shown.push(key.clone());
                        key.clone()
                    }
                    Row::CommonPrefix(common) => {
                        shown.push(format!("{common}*"));
                        common.clone()
                    }
                });
            }
            if !page.is_truncated {
                break;
            }
        }
        prop_assert_eq!(shown, expected);
        for (key, of_key) in &versions {
            let found = catalog.newest_on(&elements, &bucket(), &ObjectKey::parse(key).unwrap()).unwrap();
            prop_assert_eq!(found.map(|entry| (entry.seq, entry.kind)), newest(of_key));
        }
    }
}

/// Rows that a rebuild loads, and nulls that it drops, are among what elements hold like others.
#[test]
fn what_is_loaded_is_placed() {
    let (_machine, disk) = machine();
    let catalog = open(&disk, 0);
    let key = ObjectKey::parse("k").unwrap();
    let null = |seq, placement_seq, on| {
        let mut entry = entry(seq, EntryKind::Object, VersionId::Null);
        (entry.placement_seq, entry.place.element) = (placement_seq, element(on));
        (bucket(), key.clone(), entry)
    };
    catalog.load(&mut vec![null(5, 5, 0), null(7, 9, 1), null(7, 7, 0)]).unwrap();
    let (rows, expected) = placed(&catalog);
    assert_eq!((rows.len(), rows), (2, expected));
    catalog.drop_superseded_nulls().unwrap();
    let (rows, expected) = placed(&catalog);
    assert_eq!((rows.len(), rows), (1, expected));
}

const MANY: u64 = 40;

/// A catalog with a key of many versions, and what comes right behind it.
fn many() -> (crate::disk::simulated::Machine, Catalog) {
    let (machine, disk) = machine();
    let catalog = open(&disk, 0);
    for seq in 1..=MANY {
        catalog.apply(&[place("a", seq, seq, EntryKind::Object, (seq % 2) as u8)]).unwrap();
    }
    for (seq, key) in (MANY + 1..).zip(["a\u{0}b", "a/c", "ab"]) {
        catalog.apply(&[place(key, seq, seq, EntryKind::Object, 0)]).unwrap();
    }
    (machine, catalog)
}

/// In a view, a seek over the older versions of a key passes over nothing else.
#[test]
fn a_view_passes_over_older_versions_alone() {
    let (_machine, catalog) = many();
    let request = PageRequest {
        bucket: "docs",
        prefix: "",
        delimiter: None,
        after: None,
        shown: Shown::Current,
        max: 10,
    };
    let page = catalog.view(&[element(0), element(1)], &request).unwrap();
    let shown = page.rows.into_iter().map(|row| match row {
        Row::Object { key, entry, .. } => (key, entry.seq),
        Row::CommonPrefix(common) => panic!("{common}"),
    });
    let shown: Vec<(String, u64)> = shown.collect();
    let expected = [("a", MANY), ("a\u{0}b", MANY + 1), ("a/c", MANY + 2), ("ab", MANY + 3)];
    assert_eq!(shown, expected.map(|(key, seq)| (key.to_owned(), seq)));
}

/// In a listing likewise.
#[test]
fn a_listing_passes_over_older_versions_alone() {
    let (_machine, catalog) = many();
    assert_eq!(page(&catalog, "", None, None, 10).0, ["a", "a\u{0}b", "a/c", "ab"]);
}
