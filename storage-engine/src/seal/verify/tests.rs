//! Claims about a check: every wound is named, and what changed by right is none.

use std::time::Duration;

use super::{FindingKind, Report, Sample, VerifyOptions};
use crate::seal::fixture::{Fixture, NOON, QUIET};

fn edit(path: &str) -> String {
    format!("elements/edit-01/{path}")
}

/// Kinds of the findings that are damage, with their paths.
fn damage(report: &Report) -> Vec<(FindingKind, String)> {
    let damaged = report.findings.iter().filter(|found| found.kind.is_damage());
    damaged.map(|found| (found.kind, format!("elements/{}/{}", found.element, found.path))).collect()
}

/// The overflow sidecar of `wide`.
fn overflow(fixture: &Fixture) -> String {
    let sidecar = fixture.find("wide_", ".attr.json");
    let text = String::from_utf8(fixture.read(&sidecar)).unwrap();
    let name = text.split("\"name\":\"").nth(1).unwrap().split('"').next().unwrap();
    format!("{}/{name}", sidecar.rsplit_once('/').unwrap().0)
}

/// A sealed archive, each element of it, and a copy of either are in order; the last root is told.
#[test]
fn a_sealed_archive_and_its_copies_are_in_order() {
    let mut fixture = Fixture::sealed();
    let beside = fixture.verify();
    fixture.close();
    let copy = fixture.copy();
    for folder in [fixture.data(), copy.path().to_owned(), copy.path().join("elements/edit-01")] {
        let report = fixture.verify_with(VerifyOptions::new(folder.clone()));
        assert_eq!(report.findings, [], "{}", folder.display());
        let element = &report.elements[0];
        assert_eq!((element.name.as_str(), element.seals, element.hours), ("edit-01", 1, 1));
        // Three pairs and an overflow sidecar.
        assert_eq!((element.files, element.files_read), (7, 7));
        let last = element.last.clone().unwrap();
        assert_eq!(last.path, format!("seals/{NOON}.1"));
        assert_eq!(beside.elements[0].last, Some(last));
    }
}

/// One flipped bit anywhere in what is sealed, or in a seal, is named by its path.
#[test]
fn every_flipped_bit_is_named() {
    let mut fixture = Fixture::sealed();
    fixture.close();
    let seal = edit(&format!("seals/{NOON}.1"));
    let cases = [
        (fixture.find("small_", ""), 2, FindingKind::FileChanged),
        (fixture.find("large_", ""), 2_000_000, FindingKind::FileChanged),
        (fixture.find("small_", ".attr.json"), 40, FindingKind::FileChanged),
        (overflow(&fixture), 100, FindingKind::FileChanged),
        (format!("{seal}.data"), 3, FindingKind::ManifestChanged),
        (format!("{seal}.sidecars"), 70, FindingKind::ManifestChanged),
        (seal, 100, FindingKind::SealChanged),
        (fixture.find("kept_", ""), 0, FindingKind::FileChanged),
    ];
    for (path, at, kind) in cases {
        fixture.flip(&path, at);
        let found = damage(&fixture.verify());
        assert!(found.contains(&(kind, path.clone())), "{path}: {found:?}");
        fixture.flip(&path, at);
    }
    // A digit becomes another; where it became no digit at all, the line could be one that a stop left unfinished.
    let digit = fixture.read(&edit("seals/chain")).iter().position(u8::is_ascii_digit).unwrap();
    fixture.flip(&edit("seals/chain"), digit);
    assert_eq!(damage(&fixture.verify())[0], (FindingKind::SealChanged, edit(&format!("seals/{NOON}.1"))));
    fixture.flip(&edit("seals/chain"), digit);
    assert_eq!(fixture.findings(), []);
}

/// Every file that is gone is named, except a pair that was deleted where that is allowed.
#[test]
fn every_missing_file_is_named() {
    let mut fixture = Fixture::sealed();
    fixture.close();
    let seal = edit(&format!("seals/{NOON}.1"));
    let cases = [
        (fixture.find("small_", ""), FindingKind::FileMissing),
        (fixture.find("small_", ".attr.json"), FindingKind::FileMissing),
        (overflow(&fixture), FindingKind::FileMissing),
        (format!("{seal}.data"), FindingKind::ManifestMissing),
        (format!("{seal}.sidecars"), FindingKind::ManifestMissing),
        (seal, FindingKind::SealMissing),
        (edit("seals/chain"), FindingKind::ChainBroken),
    ];
    for (path, kind) in cases {
        let whole = fixture.read(&path);
        fixture.remove(&path);
        let found = damage(&fixture.verify());
        assert!(found.contains(&(kind, path.clone())), "{path}: {found:?}");
        fixture.write(&path, &whole);
    }
    for (name, kind) in [("small_", FindingKind::GoneSince), ("kept_", FindingKind::FileMissing)] {
        let path = fixture.find(name, "");
        fixture.remove(&path);
        fixture.remove(&format!("{path}.attr.json"));
        assert!(fixture.findings().contains(&(kind, path)), "{name}: {:?}", fixture.findings());
    }
}

/// What a client changed since the last seal is a note beside a running server, and none once it is sealed;
/// an old state that is put back is damage.
#[test]
fn changes_by_right_are_notes_and_old_states_are_not() {
    let fixture = Fixture::sealed();
    let sidecar = fixture.find("small_", ".attr.json");
    let old = fixture.read(&sidecar);
    fixture.annotate("small", "changed");
    assert_eq!(fixture.findings(), [(FindingKind::ChangedSince, sidecar.clone())]);
    let wide = fixture.find("wide_", "");
    fixture.delete("wide");
    let expected = [(FindingKind::GoneSince, wide), (FindingKind::ChangedSince, sidecar.clone())];
    assert_eq!(fixture.findings(), expected);
    fixture.seal_later();
    assert_eq!(fixture.findings(), []);
    fixture.write(&sidecar, &old);
    assert_eq!(fixture.findings(), [(FindingKind::SidecarOlder, sidecar)]);
}

/// A sidecar that is whole and speaks of other bytes than were sealed is damage, with its data file too.
#[test]
fn an_exchanged_pair_is_damage() {
    let fixture = Fixture::sealed();
    let (data, sidecar) = (fixture.find("small_", ""), fixture.find("small_", ".attr.json"));
    let mut forged =
        crate::sidecar::decode(&fixture.read(&sidecar), &sidecar, |_| panic!("no overflow")).unwrap();
    forged.sha256 = [9; 32];
    fixture.write(&sidecar, &crate::sidecar::encode(&forged).unwrap().0);
    assert_eq!(damage(&fixture.verify()), [(FindingKind::FileChanged, sidecar)]);
    fixture.write(&data, b"other");
    assert!(damage(&fixture.verify()).contains(&(FindingKind::FileChanged, data)));
}

/// Files and hours that no seal speaks of yet are notes.
#[test]
fn what_is_not_sealed_yet_is_noted() {
    let fixture = Fixture::new();
    assert_eq!(fixture.findings()[0].0, FindingKind::NothingSealed);
    let fixture = Fixture::sealed();
    fixture.put("new", None, b"new", 0);
    let report = fixture.verify();
    assert!(report.is_clean());
    assert_eq!(report.findings[0].detail, "2 files in it have no seal yet");
    assert_eq!(fixture.findings(), [(FindingKind::UnsealedHour, edit("2026/11/20/14"))]);
}

/// A chain that was cut is seen by the seals it led to, and by a root that was kept elsewhere.
#[test]
fn a_cut_chain_is_seen() {
    let mut fixture = Fixture::sealed();
    for note in ["one", "two"] {
        fixture.annotate("small", note);
        fixture.seal_later();
    }
    fixture.close();
    let last = fixture.verify().elements[0].last.clone().unwrap();
    assert_eq!(last.path, format!("seals/{NOON}.3"));
    let with_root = |root| {
        let options = VerifyOptions { roots: vec![root], ..VerifyOptions::new(fixture.data()) };
        damage(&fixture.verify_with(options))
    };
    assert_eq!(with_root(last.root), []);
    assert_eq!(with_root([7; 32]), [(FindingKind::RootUnknown, "elements/-/seals/chain".to_owned())]);
    let chain = edit("seals/chain");
    let whole = fixture.read(&chain);
    let line = whole.len() / 3;
    fixture.write(&chain, &whole[..2 * line]);
    assert!(fixture.findings().contains(&(FindingKind::SealUnfinished, edit(&format!("seals/{NOON}.3")))));
    assert_eq!(with_root(last.root), [(FindingKind::RootUnknown, "elements/-/seals/chain".to_owned())]);
    fixture.write(&chain, &whole[..line]);
    assert!(
        damage(&fixture.verify()).contains(&(FindingKind::ChainBroken, edit(&format!("seals/{NOON}.3"))))
    );
    fixture.write(&chain, &whole[..3 * line - 9]);
    assert!(fixture.findings().contains(&(FindingKind::ChainUnfinished, chain.clone())));
    fixture.write(&chain, &whole[line..]);
    assert!(damage(&fixture.verify()).contains(&(FindingKind::ChainBroken, chain.clone())));
    let swapped = [&whole[line..2 * line], &whole[..line], &whole[2 * line..]].concat();
    fixture.write(&chain, &swapped);
    assert!(damage(&fixture.verify()).contains(&(FindingKind::ChainBroken, chain)));
}

/// Seals in another order than they were made in are seen, though every revision is there.
#[test]
fn seals_in_another_order_are_seen() {
    let mut fixture = Fixture::sealed();
    fixture.put("new", None, b"new", 0);
    fixture.pass(Duration::from_secs(2 * 3600));
    assert_eq!(fixture.seal_later(), ["edit-01 2026/11/20/14.1"]);
    fixture.close();
    assert_eq!(fixture.findings(), []);
    let chain = edit("seals/chain");
    let whole = fixture.read(&chain);
    let (first, second) = whole.split_at(whole.len() / 2);
    fixture.write(&chain, &[second, first].concat());
    let found = damage(&fixture.verify());
    assert!(found.contains(&(FindingKind::ChainBroken, edit("seals/2026/11/20/14.1"))), "{found:?}");
}

/// A sample reads its share and no more, the same files for the same seed, and misses no file that is gone.
#[test]
fn a_sample_is_a_share_by_its_seed() {
    let taken =
        |sample: Sample| (0..10_000).filter(|at| sample.takes(&format!("file {at}"))).collect::<Vec<u32>>();
    let sample = Sample { percent: 10.0, seed: 5 };
    assert!((800..1200).contains(&taken(sample).len()), "{}", taken(sample).len());
    assert_eq!(taken(sample), taken(sample));
    assert_ne!(taken(sample), taken(Sample { seed: 6, ..sample }));
    assert_eq!(taken(Sample { percent: 0.0, seed: 5 }), [0; 0]);
    assert_eq!(taken(Sample { percent: 100.0, seed: 5 }).len(), 10_000);
    let fixture = Fixture::sealed();
    let data = fixture.find("large_", "");
    fixture.flip(&data, 5);
    let options =
        VerifyOptions { sample: Sample { percent: 0.0, seed: 0 }, ..VerifyOptions::new(fixture.data()) };
    let report = fixture.verify_with(options.clone());
    assert_eq!((report.findings.len(), report.elements[0].files, report.elements[0].files_read), (0, 7, 0));
    fixture.remove(&data);
    assert_eq!(damage(&fixture.verify_with(options)), [(FindingKind::FileMissing, data)]);
}

/// Annotating and sealing go on while the archive is compared again and again: no alarm is raised.
#[test]
fn a_check_beside_a_server_raises_no_alarm() {
    let fixture = Fixture::sealed();
    std::thread::scope(|scope| {
        let checks = scope.spawn(|| (0..40).map(|_| fixture.verify()).collect::<Vec<_>>());
        for at in 0..60 {
            fixture.annotate("small", &format!("note {at}"));
            fixture.annotate("wide", &"w".repeat(4000 + at));
            fixture.put("small/new", None, b"again", 0);
            fixture.pass(QUIET + Duration::from_secs(3600));
            assert!(fixture.seal().failed.is_empty());
        }
        for report in checks.join().unwrap() {
            assert_eq!(damage(&report), []);
        }
    });
}
