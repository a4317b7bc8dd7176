//! What a repair does about each wound, and that it destroys nothing.

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::collections::BTreeMap;
use std::fs;

use super::super::fixture::{EDIT, Fixture, begin_upload, bucket, fill};
use super::super::{FindingKind, Outcome, Report};
use super::{Case, cases, renamed};
use crate::name::ObjectKey;
use crate::sidecar::Kind;

const QUARANTINE: &str = ".artstore/quarantine/20261124T203000Z-1";

/// What is done about a finding of a kind in the table of wounds.
fn expected(case: &str, kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::UnreadableSidecar if case == "sidecar of a newer release" => "left",
        FindingKind::OrphanData
        | FindingKind::UnreadableSidecar
        | FindingKind::MisplacedSidecar
        | FindingKind::OrphanOverflow
        | FindingKind::ForeignFile
        | FindingKind::SupersededVersion => "quarantined",
        FindingKind::BlockDigests
        | FindingKind::BucketDocumentMissing
        | FindingKind::BucketDocumentDamaged => "restored",
        _ => "left",
    }
}

/// What callers see of an element is one digest. It holds over a repair, which moves what it moves whole,
/// with a reason for each file, and a second one finds nothing to do.
#[test]
fn every_wound_is_placed_and_nothing_is_destroyed() {
    let whole = Fixture::filled();
    for Case { name, wound } in cases() {
        let wounded = whole.copy();
        wound(&wounded);
        let (before, state) = (wounded.files(), wounded.state());
        let report = wounded.repair();
        for finding in &report.findings {
            let outcome = finding.outcome.as_ref().unwrap();
            if finding.kind == FindingKind::CatalogBehind {
                assert!(!matches!(outcome, Outcome::Failed(_)), "{name}: {finding:?}");
            } else {
                assert_eq!(outcome.as_str(), expected(name, finding.kind), "{name}: {finding:?}");
            }
        }
        let after = wounded.files();
        must_have_all(name, &before, &after);
        assert_eq!(wounded.state().digest, state.digest, "{name}");
        let again = wounded.repair().outcomes.unwrap();
        assert_eq!((again.quarantined, again.restored, again.failed), (0, 0, 0), "{name}");
        assert_eq!(wounded.files(), after, "{name}: a second repair");
        must_agree(name, &wounded, &report);
    }
}

/// Each file is where it was or in quarantine with a reason; derived files and documents of buckets may
/// have been made again.
fn must_have_all(case: &str, before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) {
    let reasons = after.get(&format!("{EDIT}/{QUARANTINE}.jsonl")).cloned().unwrap_or_default();
    let reasons = String::from_utf8(reasons).unwrap();
    for (path, bytes) in before {
        let is_derived = path.starts_with("catalog/") || path.contains("/blocks/");
        if after.get(path) == Some(bytes) || is_derived {
            continue;
        }
        let inside = path.strip_prefix(&format!("{EDIT}/")).unwrap();
        let moved = after.get(&format!("{EDIT}/{QUARANTINE}/{inside}"));
        assert_eq!(moved, Some(bytes), "{case}: {path} is gone");
        // A folder is moved as one.
        let told = reasons.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let is_told = told.into_iter().any(|reason| inside.starts_with(reason["path"].as_str().unwrap()));
        assert!(is_told, "{case}: no reason for {path} in {reasons}");
    }
}

/// A check after the repair finds what was left, notes what is in quarantine, and agrees about the rest.
fn must_agree(case: &str, wounded: &Fixture, report: &Report) {
    let check = wounded.check();
    let left = |report: &Report| -> Vec<(FindingKind, String)> {
        let open = report.findings.iter().filter(|finding| {
            let is_note = matches!(finding.kind, FindingKind::CatalogBehind | FindingKind::Quarantined);
            !is_note && matches!(finding.outcome, None | Some(Outcome::Left(_)))
        });
        open.map(|finding| (finding.kind, finding.path.clone())).collect()
    };
    assert_eq!(left(&check), left(report), "{case}");
    let moved = report.outcomes.unwrap().quarantined > 0;
    let noted = check.findings.iter().find(|finding| finding.kind == FindingKind::Quarantined);
    let is_restored = |kind| report.findings.iter().any(|finding| finding.kind == kind);
    assert_eq!(noted.is_some(), moved || is_restored(FindingKind::BucketDocumentDamaged), "{case}");
    assert_eq!(check.elements[0].quarantined_files > 0, noted.is_some(), "{case}");
    if !is_restored(FindingKind::ElementDocumentDamaged) {
        let archive = wounded.open();
        archive.object(&bucket(), &ObjectKey::parse("kept").unwrap(), None).unwrap();
    }
}

/// A pair that nobody can read goes as a pair; that a version is no more served keeps the repair from being
/// called clean. An object whose data file is gone keeps its sidecar, and its key answers an error.
#[test]
fn a_version_does_not_vanish_in_silence() {
    let wounded = Fixture::filled();
    let (small, wide) = (wounded.find("small", ""), wounded.find("wide", ""));
    wounded.flip(&format!("{small}.attr.json"), 100);
    wounded.remove(&wide);
    let report = wounded.repair();
    assert!(!report.is_clean());
    for path in [small.clone(), format!("{small}.attr.json")] {
        assert!(wounded.data().join(EDIT).join(QUARANTINE).join(path).exists());
    }
    let archive = wounded.open();
    let read = |key: &str| archive.read(&bucket(), &ObjectKey::parse(key).unwrap(), None).map(drop);
    assert_eq!(read("wide").unwrap_err().kind(), crate::ErrorKind::Corrupt);
    assert_eq!(read("small").unwrap_err().kind(), crate::ErrorKind::NoSuchKey);
    drop(archive);
    assert_eq!(wounded.check().open, 1);
}

/// A catalog that alone knows of a version stays, so that its key answers an error and is not missing.
#[test]
fn a_catalog_that_knows_more_stays() {
    let wounded = Fixture::filled();
    let (small, wide) = (wounded.find("small", ""), wounded.find("wide", ""));
    wounded.flip(&format!("{small}.attr.json"), 100);
    wounded.remove(&format!("{wide}.attr.json"));
    wounded.repair();
    let archive = wounded.open();
    let found = archive.object(&bucket(), &ObjectKey::parse("wide").unwrap(), None);
    assert_eq!(found.unwrap_err().kind(), crate::ErrorKind::Corrupt);
}

/// What the log names is never touched, and the start after a repair brings all of it about.
#[test]
fn the_log_is_left_to_the_next_start() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    fill(&archive);
    begin_upload(&archive);
    let killed = fixture.copy();
    archive.close().unwrap();
    let large = killed.find("large", "");
    let id = killed.find("", ".crc32c");
    let staged = id.rsplit('/').next().unwrap().to_owned();
    // As if the stop had come before the pair was published.
    killed.rename(&large, &format!(".artstore/staging/{}", staged.trim_end_matches(".crc32c")));
    killed.rename(&id, &format!(".artstore/staging/{staged}"));
    killed.remove(&format!("{large}.attr.json"));
    let small = killed.find("small", "");
    killed.remove(&format!("{small}.attr.json"));
    killed.write("notes.txt", b"mine");
    let state = killed.state();
    let report = killed.repair();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.outcomes.unwrap().quarantined, 1);
    let archive = killed.open();
    for key in ["small", "wide", "large", "kept"] {
        archive.read(&bucket(), &ObjectKey::parse(key).unwrap(), None).unwrap();
    }
    drop(archive);
    assert_eq!(killed.state().digest, state.digest);
    assert_eq!(killed.check().counts.notes, 1);
}

/// While a log cannot be read nobody knows what it names: nothing is touched on any element.
#[test]
fn an_unknown_log_blocks_the_repair() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    fill(&archive);
    let killed = fixture.copy();
    drop(archive);
    killed.flip(&killed.find("0000", ".log"), 4096 + 40);
    killed.write("notes.txt", b"mine");
    fs::write(killed.data().join("elements/rw-01/notes.txt"), b"mine").unwrap();
    let before = killed.files();
    let report = killed.repair();
    assert_eq!(killed.files(), before);
    assert!(!report.is_clean());
    let outcomes = report.outcomes.unwrap();
    assert_eq!((outcomes.quarantined, outcomes.restored, outcomes.failed), (0, 0, 0));
}

/// A folder in which an element lies is never moved, whether it is registered or not.
#[test]
fn elements_in_elements_stay() {
    let wounded = Fixture::filled();
    let root = wounded.data().join(EDIT).join("nested");
    fs::rename(wounded.data().join("elements/rw-01"), &root).unwrap();
    let report = wounded.repair();
    let found = report.findings.iter().find(|finding| finding.path == "nested").unwrap();
    assert!(matches!(found.outcome, Some(Outcome::Left(_))), "{found:?}");
    assert!(root.join("element.json").exists());
}

/// Of two null versions the newer counts; the older is in quarantine and the catalog forgets it.
#[test]
fn the_older_of_two_gives_way() {
    let wounded = Fixture::filled();
    let small = wounded.find("small", "");
    let newer = wounded.add_pair(&small, |sidecar| {
        sidecar.seq += 100;
        sidecar.placement_seq += 100;
        sidecar.kind = Kind::Object;
        sidecar.path = renamed(&sidecar.path);
    });
    let report = wounded.repair();
    assert!(report.is_clean(), "{:?}", report.findings);
    let root = wounded.data().join(EDIT);
    assert!(root.join(&newer).exists() && !root.join(&small).exists());
    assert!(root.join(QUARANTINE).join(&small).exists());
    let archive = wounded.open();
    archive.read(&bucket(), &ObjectKey::parse("small").unwrap(), None).unwrap();
}

/// Each run has a folder of its own, also within one second.
#[test]
fn runs_do_not_meet() {
    let wounded = Fixture::filled();
    for number in 1..=2 {
        wounded.write("notes.txt", format!("{number}").as_bytes());
        wounded.repair();
        let folder = format!("{EDIT}/.artstore/quarantine/20261124T203000Z-{number}/notes.txt");
        assert_eq!(fs::read(wounded.data().join(folder)).unwrap(), format!("{number}").as_bytes());
    }
    assert_eq!(wounded.check().elements[0].quarantined_files, 2);
}
