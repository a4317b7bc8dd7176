//! Which hours are sealed, and what is never sealed.

use std::process::Command;
use std::time::Duration;

use crate::ErrorKind;
use crate::archive::seal::SealPass;
use crate::mode::Mode;
use crate::seal::fixture::{Fixture, NOON, QUIET, sealed_paths};
use crate::seal::verify::{Finding, FindingKind, Report, VerifyOptions};
use crate::sidecar;

const HOUR: Duration = Duration::from_secs(3600);

/// Checks that nothing was sealed because of the file at `path`.
fn check_refused(pass: &SealPass, path: &str) {
    assert_eq!(sealed_paths(pass), [""; 0], "{path}");
    assert_eq!(pass.failed.len(), 1, "{path}");
    let failed = &pass.failed[0];
    assert_eq!((failed.error.kind(), failed.hour.as_str()), (ErrorKind::Corrupt, NOON), "{}", failed.error);
    let name = path.rsplit_once('/').unwrap().1;
    assert!(failed.error.to_string().contains(name), "{} does not name {path}", failed.error);
}

/// An hour is sealed once it is over and nothing has changed in it for the quiet time, and not again.
#[test]
fn an_hour_is_sealed_when_it_is_over_and_quiet() {
    let fixture = Fixture::new();
    fixture.put("a", None, b"a", 0);
    assert_eq!(sealed_paths(&fixture.seal()), [""; 0], "the hour is not over");
    fixture.pass(HOUR);
    fixture.annotate("a", "late");
    fixture.pass(QUIET - Duration::from_secs(1));
    assert_eq!(sealed_paths(&fixture.seal()), [""; 0], "the hour is not quiet");
    fixture.pass(Duration::from_secs(1));
    assert_eq!(sealed_paths(&fixture.seal()), [format!("edit-01 {NOON}.1")]);
    fixture.pass(48 * HOUR);
    let pass = fixture.seal();
    assert_eq!((sealed_paths(&pass).len(), pass.unchanged), (0, 0), "nothing is left to look at");
}

/// Every change in a sealed hour appends a revision, and the earlier ones stay.
#[test]
fn a_change_in_a_sealed_hour_appends_a_revision() {
    let fixture = Fixture::sealed();
    let first = fixture.read(&format!("elements/edit-01/seals/{NOON}.1.sidecars"));
    fixture.annotate("small", "changed");
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.2")]);
    fixture.delete("wide");
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.3")]);
    fixture.put("large", None, b"superseded", 0);
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.4")]);
    fixture.annotate("kept", "final bytes, new words");
    assert_eq!(fixture.seal_later(), [format!("rw-01 {NOON}.2")]);
    assert_eq!(fixture.read(&format!("elements/edit-01/seals/{NOON}.1.sidecars")), first);
    let report = fixture.verify();
    assert!(report.is_clean(), "{:#?}", report.findings);
    let kinds: Vec<FindingKind> = report.findings.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [FindingKind::UnsealedHour], "only the hour of the last PUT has no seal");
}

/// What moved on from a sealed hour is no damage there, however far it went, and the hour is sealed without it.
#[test]
fn what_moved_on_leaves_a_sealed_hour() {
    let fixture = moved_on();
    check_clean(&fixture);
    let killed = fixture.killed();
    check_clean(&killed);
    assert_eq!(killed.seal_later()[1], format!("rw-01 {NOON}.2"), "after a kill");
    fixture.seal_later();
    check_clean(&fixture);
    let copy = fixture.copy();
    let report = fixture.verify_with(VerifyOptions::new(copy.path().join("elements/rw-01")));
    assert!(report.is_clean(), "an element alone: {:#?}", report.findings);
}

/// What was disposed of since its hour was sealed is told of, and the hour is sealed with the tombstone.
#[test]
fn a_disposal_is_no_damage() {
    let fixture = Fixture::sealed();
    fixture.dispose("kept");
    check_clean(&fixture);
    let told = |report: &Report| {
        report.findings.iter().any(|found| found.detail.contains("was disposed of: 7 years"))
    };
    assert!(told(&fixture.verify()));
    fixture.seal_later();
    check_clean(&fixture);
    assert!(!told(&fixture.verify()));
    let fixture = moved_on();
    fixture.pass(2 * HOUR);
    fixture.seal_later();
    let sidecar = fixture.find("kept_", ".attr.json");
    fixture.dispose("kept");
    check_clean(&fixture);
    assert!(told(&fixture.verify()), "in ar as well");
    fixture.seal_later();
    check_clean(&fixture);
    // The tombstone of one document hides no other.
    fixture.put("more", None, b"more", 0);
    fixture.transfer("more", Mode::Ar);
    fixture.pass(2 * HOUR);
    fixture.seal_later();
    let (other, lost) = (fixture.find("more_", ".attr.json"), fixture.find("more_", ""));
    assert!(other.starts_with("elements/ar-01"), "{other}");
    fixture.write(&other, &fixture.read(&sidecar));
    fixture.remove(&lost);
    let hidden = |found: &Finding| found.kind.is_damage() && other.ends_with(&found.path);
    assert!(fixture.verify().findings.iter().any(hidden), "{:#?}", fixture.verify().findings);
    let fixture = Fixture::sealed();
    fixture.dispose("kept");
    fixture.seal_later();
    let tombstone = fixture.find("kept_", ".attr.json");
    fixture.flip(&tombstone, 300);
    assert!(!fixture.verify().is_clean(), "a tombstone is sealed like anything else");
}

/// A move is believed where the document is at its end with the bytes that were sealed, and not else.
#[test]
fn a_move_that_leads_nowhere_hides_nothing() {
    let fixture = moved_on();
    let (data, sidecar) = (fixture.find("kept_", ""), fixture.find("kept_", ".attr.json"));
    assert!(data.starts_with("elements/ar-01"), "{data}");
    let whole = fixture.read(&sidecar);
    fixture.remove(&sidecar);
    let missing = |report: &Report| {
        report.findings.iter().any(|found| found.kind == FindingKind::FileMissing && found.element == "rw-01")
    };
    assert!(missing(&fixture.verify()));
    fixture.pass(QUIET);
    let failed = fixture.seal().failed;
    assert!(failed.iter().any(|failed| failed.element.as_str() == "rw-01"), "{failed:?}");
    fixture.write(&sidecar, &whole);
    let moves = format!("elements/rw-01/seals/{NOON}.moved");
    fixture.remove(&moves);
    assert!(missing(&fixture.verify()), "no line tells of it");
}

/// A document that was sealed in rw and lies in ar now, by way of ro.
fn moved_on() -> Fixture {
    let fixture = Fixture::sealed();
    fixture.make_element("ro-01", Mode::Ro);
    fixture.make_element("ar-01", Mode::Ar);
    fixture.set_target("ar-01");
    fixture.transfer("small", Mode::Rw);
    fixture.transfer("kept", Mode::Ro);
    fixture.transfer("kept", Mode::Ar);
    fixture
}

fn check_clean(fixture: &Fixture) {
    let report = fixture.verify();
    assert!(report.is_clean(), "{:#?}", report.findings);
}

/// Hours that were to be sealed are sealed after a clean stop, after a kill, and without a catalog; one that
/// is as it was sealed gets no second seal.
#[test]
fn unsealed_hours_survive_a_stop() {
    let mut fixture = Fixture::sealed();
    // The hour is none that the last checkpoint knows as changed.
    fixture.close();
    fixture.open();
    fixture.annotate("small", "before the stop");
    let killed = fixture.killed();
    assert_eq!(killed.seal_later(), [format!("edit-01 {NOON}.2")], "after a kill");
    fixture.close();
    fixture.open();
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.2")], "after a stop");
    fixture.close();
    fixture.open();
    fixture.pass(QUIET);
    let pass = fixture.seal();
    assert_eq!((pass.sealed.len(), pass.unchanged), (0, 0), "nothing is looked at after a clean stop");
    fixture.close();
    fixture.lose_catalog();
    fixture.open();
    fixture.pass(QUIET);
    let pass = fixture.seal();
    assert_eq!((pass.sealed.len(), pass.unchanged), (0, 2), "without a catalog both hours are looked at");
}

/// What coreutils say of an element: the chain, each seal and each last manifest hold, and the manifests are
/// what `sha256sum` writes of the files in order.
#[test]
fn coreutils_verify_a_sealed_element() {
    let fixture = Fixture::sealed();
    fixture.annotate("small", "changed");
    fixture.seal_later();
    let script = format!(
        r#"set -e
        sha256sum --status -c seals/chain
        cut -c67- seals/chain | xargs -d '\n' sha256sum --status -c
        sha256sum --status -c seals/{NOON}.2.data seals/{NOON}.2.sidecars
        export LC_ALL=C
        find {NOON} -name '*.attr.*json' | sort | xargs -d '\n' sha256sum | cmp - seals/{NOON}.2.sidecars
        find {NOON} -type f ! -name '*.attr.*json' | sort | xargs -d '\n' sha256sum | cmp - seals/{NOON}.2.data"#
    );
    let run =
        || Command::new("bash").arg("-c").arg(&script).current_dir(fixture.root("edit-01")).output().unwrap();
    let done = run();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    fixture.flip(&fixture.find("large_", ""), 1_000_000);
    assert!(!run().status.success());
}

/// Damage is never sealed: the pass names the file, and seals the hour once it is put right.
#[test]
fn damage_is_not_sealed() {
    let fixture = Fixture::new();
    fixture.put("small", None, b"small", 0);
    fixture.put("wide", None, b"wide", 4000);
    fixture.pass(2 * HOUR);
    let (data, sidecar) = (fixture.find("small_", ""), fixture.find("small_", ".attr.json"));
    let overflow = overflow_of(&fixture);
    for path in [&data, &sidecar, &overflow] {
        let whole = fixture.read(path);
        // The line feed at the end of a document says nothing.
        fixture.write(path, &whole[..whole.len() - 2]);
        check_refused(&fixture.seal(), path);
        assert!(fixture.seal().failed.is_empty(), "it is not tried again at once");
        fixture.pass(QUIET);
        fixture.remove(path);
        let pass = fixture.seal();
        assert_eq!(pass.failed.len(), 1, "{path} is missing");
        assert!(pass.sealed.is_empty(), "{path} is missing");
        fixture.write(path, &whole);
        fixture.pass(QUIET);
    }
    assert_eq!(sealed_paths(&fixture.seal()), [format!("edit-01 {NOON}.1")]);
}

fn overflow_of(fixture: &Fixture) -> String {
    let sidecar = fixture.find("wide_", ".attr.json");
    let text = String::from_utf8(fixture.read(&sidecar)).unwrap();
    let name = text.split("\"name\":\"").nth(1).unwrap().split('"').next().unwrap();
    format!("{}/{name}", sidecar.rsplit_once('/').unwrap().0)
}

/// A data file has one digest for ever: a sidecar that says another, however whole, is not sealed.
#[test]
fn a_data_digest_that_changes_is_not_sealed() {
    let fixture = Fixture::sealed();
    let path = fixture.find("small_", ".attr.json");
    let mut sidecar = sidecar::decode(&fixture.read(&path), &path, |_| panic!("no overflow")).unwrap();
    sidecar.sha256 = [9; 32];
    fixture.write(&path, &sidecar::encode(&sidecar).unwrap().0);
    fixture.delete("wide");
    fixture.pass(QUIET);
    check_refused(&fixture.seal(), path.strip_suffix(".attr.json").unwrap());
}

/// What is final cannot vanish by right: a pair that is gone from an element of mode rw is not sealed away.
#[test]
fn a_final_pair_that_vanished_is_not_sealed_away() {
    let fixture = Fixture::sealed();
    fixture.pass(HOUR);
    let path = fixture.find("kept_", "");
    let mut killed = fixture.killed();
    killed.close();
    killed.remove(&path);
    killed.remove(&format!("{path}.attr.json"));
    killed.lose_catalog();
    killed.open();
    killed.pass(QUIET);
    let pass = killed.seal();
    assert_eq!(pass.unchanged, 1, "edit-01 is as it was");
    check_refused(&pass, &path);
}

/// A stranger's file in an hour folder is neither sealed nor in the way of a seal.
#[test]
fn a_foreign_file_is_not_sealed() {
    let fixture = Fixture::sealed();
    let foreign = format!("elements/edit-01/{NOON}/Thumbs.db");
    fixture.write(&foreign, b"pictures");
    fixture.delete("wide");
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.2")]);
    assert_eq!(fixture.findings(), [(FindingKind::UnsealedFile, foreign)]);
}

/// A chain that was cut is not gone on with over the seals that it led to.
#[test]
fn a_chain_that_was_cut_is_not_overwritten() {
    let mut fixture = Fixture::sealed();
    for note in ["one", "two"] {
        fixture.annotate("small", note);
        fixture.seal_later();
    }
    fixture.annotate("small", "three");
    fixture.close();
    let chain = "elements/edit-01/seals/chain";
    let whole = fixture.read(chain);
    fixture.write(chain, &whole[..whole.len() / 3]);
    fixture.open();
    fixture.annotate("small", "four");
    assert_eq!(fixture.seal_later(), [format!("edit-01 {NOON}.2")], "one seal may be a stop's");
    fixture.annotate("small", "five");
    fixture.pass(QUIET);
    let pass = fixture.seal();
    assert_eq!(pass.failed.len(), 1);
    assert!(pass.failed[0].error.to_string().contains("the chain was cut"), "{}", pass.failed[0].error);
}

/// A close does not wait for sealing.
#[test]
fn a_closing_archive_seals_nothing() {
    let fixture = Fixture::new();
    fixture.put("a", None, b"a", 0);
    fixture.pass(2 * HOUR);
    fixture.archive().close().unwrap();
    let limits = crate::archive::seal::SealLimits { quiet: QUIET, hours_max: 1 };
    assert_eq!(fixture.archive().seal_due(&limits).unwrap_err().kind(), ErrorKind::Unavailable);
}
