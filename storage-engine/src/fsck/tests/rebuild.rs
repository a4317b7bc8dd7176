//! The catalog made anew leads to what the files hold, and says where one did not.

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::fs;

use super::super::fixture::{EDIT, Fixture, bucket, fill, put};
use crate::archive::OpenOptions;
use crate::archive::rebuild::{Rebuilt, rebuild_catalog};
use crate::{ErrorKind, Result};

fn rebuild(fixture: &Fixture, verify: bool) -> Result<Rebuilt> {
    rebuild_catalog(OpenOptions::new(fixture.data()), verify, &mut |_| {})
}

/// Files, catalog and new catalog are one state: of an archive that was closed, of one that was killed with
/// changes in its log, and of one without a catalog.
#[test]
fn a_new_catalog_leads_to_what_the_files_hold() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    fill(&archive);
    put(&archive, "wide", None, b"newer", 4000);
    let killed = fixture.copy();
    archive.close().unwrap();
    drop(archive);
    let state = fixture.state();
    for (at, had_catalog) in [(&fixture, true), (&killed, true), (&killed, false)] {
        if !had_catalog {
            fs::remove_dir_all(at.data().join("catalog")).unwrap();
        }
        let rebuilt = rebuild(at, true).unwrap();
        assert!(rebuilt.is_one_state(), "{rebuilt:?}");
        assert_eq!(rebuilt.files.as_ref().unwrap().digest, state.digest);
        assert_eq!(rebuilt.rebuilt.digest, state.digest);
        assert_eq!(rebuilt.existing.is_some(), had_catalog);
        let archive = at.open();
        archive.read(&bucket(), &crate::name::ObjectKey::parse("wide").unwrap(), None).unwrap();
    }
}

/// A catalog that knows less than the files is told from them, and the new one is right.
#[test]
fn a_catalog_that_is_behind_is_noticed() {
    let fixture = Fixture::filled();
    let small = fixture.find("small", "");
    fixture.add_pair(&small, |sidecar| {
        sidecar.key = crate::name::ObjectKey::parse("more").unwrap();
        sidecar.path = super::renamed(&sidecar.path);
    });
    let rebuilt = rebuild(&fixture, true).unwrap();
    assert!(!rebuilt.is_one_state());
    let files = rebuilt.files.unwrap().digest;
    assert_ne!(rebuilt.existing.unwrap().digest, files);
    assert_eq!(rebuilt.rebuilt.digest, files);
    assert!(rebuild(&fixture, true).unwrap().is_one_state());
}

/// A catalog that knows versions which cannot be read is kept: without it their keys would be missing.
#[test]
fn a_catalog_that_knows_more_is_kept() {
    let fixture = Fixture::filled();
    fixture.flip(&fixture.find("small", ".attr.json"), 100);
    assert_eq!(rebuild(&fixture, false).unwrap_err().kind(), ErrorKind::Corrupt);
    let archive = fixture.open();
    let key = crate::name::ObjectKey::parse("small").unwrap();
    assert_eq!(archive.object(&bucket(), &key, None).unwrap_err().kind(), ErrorKind::Corrupt);
}

/// An element that is away keeps its rows, and an archive in use its catalog.
#[test]
fn what_is_away_or_in_use_is_left() {
    let fixture = Fixture::filled();
    let archive = fixture.open();
    assert_eq!(rebuild(&fixture, true).unwrap_err().kind(), ErrorKind::Locked);
    drop(archive);
    let away = fixture.data().join("away");
    fs::rename(fixture.data().join(EDIT), &away).unwrap();
    assert_eq!(rebuild(&fixture, false).unwrap_err().kind(), ErrorKind::Unavailable);
    fs::rename(&away, fixture.data().join(EDIT)).unwrap();
    assert!(rebuild(&fixture, true).unwrap().is_one_state());
    assert_eq!(rebuild(&Fixture::new(), false).unwrap_err().kind(), ErrorKind::InvalidArgument);
}
