//! What a check finds, what it takes for whole, and that it changes nothing (the fixture compares every
//! file before and after each check).

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::fs;

mod rebuild;
mod repair;
mod state;

use super::fixture::{EDIT, Fixture, begin_upload, fill, put};
use super::twice::Twice;
use super::{FINDINGS_MAX, Finding, FindingKind, FsckOptions, Severity, check};
use crate::ErrorKind;
use crate::name::{StoredName, StoredPath};
use crate::sidecar::Kind;

/// One wound and all that a check of the wounded archive finds, paths relative to edit-01.
struct Case {
    name: &'static str,
    wound: fn(&Fixture) -> Vec<(FindingKind, String)>,
}

const fn case(name: &'static str, wound: fn(&Fixture) -> Vec<(FindingKind, String)>) -> Case {
    Case { name, wound }
}

const DATA_AND_SIDECARS: [Case; 9] = [
    case("data file without sidecar", |at| {
        let path = at.find("small", "");
        let sidecar = format!("{path}.attr.json");
        at.remove(&sidecar);
        vec![(FindingKind::OrphanData, path), (FindingKind::SidecarMissing, sidecar)]
    }),
    case("sidecar without data file", |at| {
        let path = at.find("small", "");
        at.remove(&path);
        vec![(FindingKind::OrphanSidecar, format!("{path}.attr.json"))]
    }),
    case("data file cut short", |at| {
        let path = at.find("small", "");
        at.write(&path, b"smal");
        vec![(FindingKind::SizeMismatch, path)]
    }),
    case("one bit of a small file", |at| {
        let path = at.find("small", "");
        at.flip(&path, 2);
        vec![(FindingKind::DigestMismatch, path)]
    }),
    case("one bit of a large file", |at| {
        let path = at.find("large", "");
        at.flip(&path, 2_000_000);
        vec![(FindingKind::DigestMismatch, path)]
    }),
    case("one bit of a sidecar", |at| {
        let path = at.find("small", ".attr.json");
        at.flip(&path, 100);
        vec![(FindingKind::UnreadableSidecar, path)]
    }),
    case("sidecar of a newer release", |at| {
        let path = at.find("small", ".attr.json");
        at.write(&path, b"{\"schema\": 99}");
        vec![(FindingKind::UnreadableSidecar, path)]
    }),
    case("sidecar that is far too large", |at| {
        let path = at.find("small", ".attr.json");
        at.write(&path, &[b' '; 5000]);
        vec![(FindingKind::UnreadableSidecar, path)]
    }),
    case("pair moved to another hour", |at| {
        let from = at.find("small", "");
        let to = format!("2020/01/02/03/{}", from.rsplit('/').next().unwrap());
        at.write("2020/01/02/03/x", b"");
        at.remove("2020/01/02/03/x");
        at.rename(&from, &to);
        at.rename(&format!("{from}.attr.json"), &format!("{to}.attr.json"));
        vec![
            (FindingKind::MisplacedSidecar, format!("{to}.attr.json")),
            (FindingKind::SidecarMissing, format!("{from}.attr.json")),
        ]
    }),
];

const OVERFLOWS_AND_BLOCKS: [Case; 7] = [
    case("overflow sidecar gone", |at| {
        let overflow = overflow_of(at);
        at.remove(&overflow);
        vec![(FindingKind::OverflowMissing, overflow)]
    }),
    case("one bit of an overflow sidecar", |at| {
        let overflow = overflow_of(at);
        at.flip(&overflow, 50);
        vec![(FindingKind::OverflowDamaged, overflow)]
    }),
    case("overflow sidecar that nobody names", |at| {
        let path = at.find("small", "");
        let overflow = format!("{path}.attr.ext.01234567.json");
        at.write(&overflow, b"{}");
        vec![(FindingKind::OrphanOverflow, overflow)]
    }),
    case("overflow sidecar left alone", |at| {
        let overflow = overflow_of(at);
        let data = at.find("wide", "");
        let sidecar = format!("{data}.attr.json");
        at.remove(&sidecar);
        at.remove(&data);
        vec![(FindingKind::OrphanOverflow, overflow), (FindingKind::SidecarMissing, sidecar)]
    }),
    case("delete marker with a data file", |at| {
        let small = at.find("small", "");
        let path = at.add_pair(&small, |sidecar| {
            sidecar.kind = Kind::Marker;
            sidecar.key = crate::name::ObjectKey::parse("marked").unwrap();
            sidecar.path = renamed(&sidecar.path);
        });
        at.write(&path, b"bytes");
        vec![(FindingKind::OrphanData, path)]
    }),
    case("block digests gone", |at| {
        let path = at.find("", ".crc32c");
        at.remove(&path);
        vec![(FindingKind::BlockDigests, path)]
    }),
    case("one bit of the block digests", |at| {
        let path = at.find("", ".crc32c");
        at.flip(&path, 17);
        vec![(FindingKind::BlockDigests, path)]
    }),
];

const STRANGERS: [Case; 5] = [
    case("stranger's file in an hour", |at| {
        let path = format!("{}/notes.txt", at.hour("small"));
        at.write(&path, b"mine");
        vec![(FindingKind::ForeignFile, path)]
    }),
    case("link in an hour", |at| {
        let path = format!("{}/link", at.hour("small"));
        at.link("/etc/passwd", &path);
        vec![(FindingKind::ForeignFile, path)]
    }),
    case("folder in an hour", |at| {
        let path = format!("{}/folder", at.hour("small"));
        at.write(&format!("{path}/inside"), b"mine");
        vec![(FindingKind::ForeignFile, path)]
    }),
    case("stranger's files above the hours", |at| {
        at.write("Thumbs.db", b"mine");
        at.write("2026/notes", b"mine");
        vec![(FindingKind::ForeignFile, "2026/notes".into()), (FindingKind::ForeignFile, "Thumbs.db".into())]
    }),
    case("folder in staging", |at| {
        at.write(".artstore/staging/folder/inside", b"mine");
        vec![(FindingKind::ForeignFile, ".artstore/staging/folder".into())]
    }),
];

const DOCUMENTS: [Case; 8] = [
    case("older null version beside its successor", |at| {
        let small = at.find("small", "");
        let path = at.add_pair(&small, |sidecar| {
            sidecar.seq -= 1;
            sidecar.path = renamed(&sidecar.path);
        });
        vec![(FindingKind::SupersededVersion, format!("{path}.attr.json"))]
    }),
    case("version placed twice", |at| {
        let small = at.find("small", "");
        at.add_pair(&small, |sidecar| {
            sidecar.placement_seq += 1;
            sidecar.path = renamed(&sidecar.path);
        });
        vec![(FindingKind::SupersededVersion, format!("{small}.attr.json"))]
    }),
    case("bucket document damaged", |at| {
        at.flip("buckets/docs.json", 30);
        vec![(FindingKind::BucketDocumentDamaged, "buckets/docs.json".into())]
    }),
    case("bucket document gone", |at| {
        at.remove("buckets/docs.json");
        vec![(FindingKind::BucketDocumentMissing, "buckets/docs.json".into())]
    }),
    case("stranger among the bucket documents", |at| {
        at.write("buckets/notes", b"mine");
        vec![(FindingKind::ForeignFile, "buckets/notes".into())]
    }),
    case("element document damaged", |at| {
        at.flip("element.json", 40);
        vec![(FindingKind::ElementDocumentDamaged, "element.json".into())]
    }),
    case("what a stop left in staging", |at| {
        at.write(".artstore/staging/0123", b"half");
        vec![(FindingKind::Leftover, ".artstore/staging/0123".into())]
    }),
    case("what an ended upload left", |at| {
        let folder = format!(".artstore/uploads/{}", "0".repeat(32));
        at.write(&format!("{folder}/00001.x.part"), b"part");
        vec![(FindingKind::Leftover, folder)]
    }),
];

fn cases() -> impl Iterator<Item = &'static Case> {
    DATA_AND_SIDECARS.iter().chain(&OVERFLOWS_AND_BLOCKS).chain(&STRANGERS).chain(&DOCUMENTS)
}

fn overflow_of(at: &Fixture) -> String {
    let hour = at.hour("wide");
    let entries = fs::read_dir(at.data().join(EDIT).join(&hour)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.into_iter().find(|name| name.contains(".attr.ext.")).unwrap();
    format!("{hour}/{name}")
}

/// The same hour, another stored name.
fn renamed(path: &StoredPath) -> StoredPath {
    StoredPath::parse(&format!("{}/other_ivanov_20261120T113000_01234567", path.hour())).unwrap()
}

/// Every wound is found, named with its path, and nothing else is; the check writes nothing.
#[test]
fn every_wound_is_named() {
    let whole = Fixture::filled();
    for Case { name, wound } in cases() {
        let wounded = whole.copy();
        let mut expected: Vec<(FindingKind, String)> =
            wound(&wounded).into_iter().map(|(kind, path)| (kind, format!("edit-01:{path}"))).collect();
        expected.sort();
        let mut found = wounded.findings();
        // The catalog counts what lies there, and so notices some of the wounds as well.
        found.retain(|(kind, _)| *kind != FindingKind::CatalogBehind);
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
}

/// An archive that was closed has no finding at all, and is counted right.
#[test]
fn a_closed_archive_is_clean() {
    let fixture = Fixture::filled();
    let mut seen = 0;
    let report = fixture.check();
    assert_eq!(report.findings, []);
    assert!(report.is_clean() && report.is_content_verified);
    let counts: Vec<_> = report
        .elements
        .iter()
        .map(|element| (element.name.as_str(), element.objects, element.markers, element.bytes))
        .collect();
    assert_eq!(counts, [("edit-01", 3, 0, 2_200_009), ("rw-01", 1, 0, 4)]);
    check(fixture.options(), &mut |progress| seen = progress.bytes.max(seen)).unwrap();
    assert_eq!(seen, 2_200_013);
}

/// Without reading content a changed bit stays unseen, a changed size does not.
#[test]
fn content_is_read_on_request() {
    let fixture = Fixture::filled();
    fixture.flip(&fixture.find("small", ""), 0);
    let report = fixture.check_with(FsckOptions { verify_content: false, ..fixture.options() });
    assert!(report.is_clean() && !report.is_content_verified, "{:?}", report.findings);
    fixture.write(&fixture.find("wide", ""), b"longer than before");
    let report = fixture.check_with(FsckOptions { verify_content: false, ..fixture.options() });
    assert_eq!(report.counts.damage, 1);
}

/// What a kill leaves is in order: the log will bring it about. Files that the log names are no orphans,
/// whichever of them had been published.
#[test]
fn a_killed_archive_is_clean() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    fill(&archive);
    let upload = begin_upload(&archive);
    let killed = fixture.copy();
    archive.close().unwrap();
    for lost in [None, Some(""), Some(".attr.json")] {
        let killed = killed.copy();
        if let Some(suffix) = lost {
            killed.remove(&killed.find("small", suffix));
        }
        let report = killed.check();
        let kinds: Vec<FindingKind> = report.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::LogPending, FindingKind::LogPending], "{lost:?}");
        assert!(report.is_clean());
        assert_eq!(report.elements[0].pending_changes, 5);
        assert_eq!(report.elements[0].open_uploads, 1);
        drop(killed.open());
        assert_eq!(killed.check().findings, [], "after the start that recovered it");
    }
    // A staged body that is neither in staging nor in place is lost, and the start would refuse.
    killed.remove(&killed.find("large", ""));
    let report = killed.check();
    assert_eq!(report.counts.damage, 1, "{:?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.kind == FindingKind::StagedBytesMissing));
    // A part of an open upload is acknowledged bytes as well.
    let part = killed.find("00001.", ".part");
    assert!(part.contains(&upload));
    killed.write(&part, b"other length");
    assert!(killed.findings().contains(&(FindingKind::UploadDamaged, format!("edit-01:{part}"))));
}

/// A damaged log is damage, not an empty log.
#[test]
fn a_damaged_log_is_named() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    fill(&archive);
    let killed = fixture.copy();
    drop(archive);
    let log = killed.find("0000", ".log");
    killed.flip(&log, 4096 + 40);
    let report = killed.check();
    let damaged = |finding: &&Finding| finding.kind == FindingKind::LogDamaged;
    assert_eq!(report.findings.iter().filter(damaged).count(), 1, "{:?}", report.findings);
    assert!(!report.is_clean());
}

/// An archive in use is not read: the answer names the process that owns it.
#[test]
fn an_owned_archive_says_by_whom() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    let refused = check(fixture.options(), &mut |_| {}).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    drop(archive);
    // An element that another archive's process holds is refused in the same way.
    let disk = crate::disk::RealDisk::open(&fixture.data().join(EDIT)).unwrap();
    let lock = crate::disk::Disk::lock(&disk, ".artstore/lock", "somebody else").unwrap();
    let refused = check(fixture.options(), &mut |_| {}).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.to_string().contains("somebody else"), "{refused}");
    drop(lock);
    assert!(fixture.check().is_clean());
}

/// A folder that is no archive is refused and stays as it is.
#[test]
fn no_archive_is_no_clean_archive() {
    let fixture = Fixture::new();
    let refused = check(fixture.options(), &mut |_| {}).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    fs::create_dir(fixture.data()).unwrap();
    let refused = check(fixture.options(), &mut |_| {}).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    assert_eq!(fs::read_dir(fixture.data()).unwrap().count(), 0);
}

/// An element that is away is named; one that was put under `elements/` is checked with the rest.
#[test]
fn elements_come_and_go() {
    let fixture = Fixture::filled();
    let root = fixture.data().join("elements/rw-01");
    let away = fixture.data().join("../away");
    fs::rename(&root, &away).unwrap();
    let report = fixture.check();
    assert_eq!(
        report.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        [FindingKind::ElementAbsent]
    );
    assert!(!report.is_clean() && !report.elements[1].is_present);
    fs::rename(&away, &root).unwrap();
    fs::remove_file(fixture.data().join("control/elements.json")).unwrap();
    let report = fixture.check();
    assert!(report.is_clean());
    assert_eq!(report.counts.notes, 2, "{:?}", report.findings);
    assert_eq!(report.elements.iter().map(|element| element.objects).sum::<u64>(), 4);
}

/// Of a control document that is kept twice, one whole file is enough and none is damage.
#[test]
fn control_documents_are_missed() {
    let fixture = Fixture::filled();
    let damage = |stem: &str, twin: &str| {
        fs::write(fixture.data().join(format!("control/{stem}.{twin}.json")), b"{}").unwrap();
    };
    damage("sequence", "0");
    damage("checkpoint", "0");
    assert_eq!(fixture.findings(), []);
    damage("sequence", "1");
    damage("checkpoint", "1");
    let expected = ["sequence", "checkpoint"]
        .map(|stem| (FindingKind::ControlDocumentDamaged, format!("control/{stem}.0.json")));
    assert_eq!(fixture.findings(), expected);
}

/// The catalog is derived: that it is missing, of no use or out of step is a note.
#[test]
fn the_catalog_is_a_note() {
    let fixture = Fixture::filled();
    let behind = [(FindingKind::CatalogBehind, "catalog".to_owned())];
    let file = fixture.data().join("catalog/catalog.redb");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(fixture.findings(), behind);
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(fixture.findings(), behind);
    fs::write(&file, &bytes).unwrap();
    assert_eq!(fixture.findings(), []);
    let small = fixture.find("small", "");
    fixture.add_pair(&small, |sidecar| {
        sidecar.kind = Kind::Marker;
        sidecar.key = crate::name::ObjectKey::parse("more").unwrap();
        sidecar.path = renamed(&sidecar.path);
    });
    assert_eq!(fixture.findings(), behind);
    assert_eq!(fixture.check().elements[0].markers, 1);
}

/// A bucket whose document lies on no element is damage; where another element has it, it is not.
#[test]
fn a_bucket_document_elsewhere_is_no_loss() {
    let fixture = Fixture::filled();
    fixture.remove("buckets/docs.json");
    assert_eq!(fixture.check().findings[0].severity, Severity::Inconsistent);
    fs::remove_file(fixture.data().join("elements/rw-01/buckets/docs.json")).unwrap();
    let report = fixture.check();
    assert_eq!(report.counts.damage, 2, "{:?}", report.findings);
}

/// A report lists a bounded number of findings and counts them all.
#[test]
fn a_report_is_bounded() {
    let mut tally = super::report::Tally::default();
    for _ in 0..=FINDINGS_MAX {
        tally.add(Finding::new(FindingKind::ForeignFile, None, "x", ""));
    }
    tally.add(Finding::new(FindingKind::DigestMismatch, None, "y", ""));
    let report = tally.into_report(Vec::new(), true);
    assert_eq!(report.findings.len(), FINDINGS_MAX + 1);
    assert_eq!(report.unlisted(), 1);
    assert_eq!((report.counts.damage, report.counts.inconsistent), (1, FINDINGS_MAX as u64 + 1));
}

/// With room for a few hashes only, passes follow until every one that comes twice was seen.
#[test]
fn versions_that_lie_twice_are_found_in_bounded_room() {
    let hashes: Vec<u64> = (1..=1000_u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    let again = [hashes[3], hashes[500], hashes[999], hashes[3]];
    let mut twice = Twice::with_room(64);
    let mut passes = 0;
    loop {
        passes += 1;
        for hash in hashes.iter().chain(&again) {
            twice.offer_hash(*hash);
            assert!(twice.held() <= 64);
        }
        if !twice.next_pass() {
            break;
        }
    }
    let mut expected = vec![hashes[3], hashes[500], hashes[999]];
    expected.sort_unstable();
    assert_eq!(twice.suspected(), expected);
    assert!((16..=40).contains(&passes), "{passes} passes");
}

/// Stored names are told from strangers' names.
#[test]
fn stored_names_have_a_form() {
    let id = uuid::Uuid::from_u128(42);
    for original in ["report.pdf", "a_b.c", "папка", "no extension", ".hidden", "x.tar.gz"] {
        let name = StoredName::make(original, "ivanov", 1_780_000_000_000, id);
        assert!(StoredName::is_shaped(name.as_str()), "{name}");
    }
    for name in ["notes.txt", "a_b_c_d", "x_20261120T113000_a1b2c3d4", "x_u_20261120T113000_A1B2C3D4.pdf"] {
        assert!(!StoredName::is_shaped(name), "{name}");
    }
}

/// An overwritten object is counted once.
#[test]
fn an_overwrite_leaves_one_pair() {
    let fixture = Fixture::filled();
    let archive = fixture.open();
    put(&archive, "small", None, b"newer", 0);
    drop(archive);
    assert_eq!(fixture.check().elements[0].objects, 3);
}
