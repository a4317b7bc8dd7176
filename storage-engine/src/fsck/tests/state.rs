//! The state digest of an archive: what leaves it alone, and what does not.

#![expect(clippy::disallowed_methods, reason = "the tests reach files behind the engine's back")]

use std::fs;

use super::super::fixture::{EDIT, Fixture, bucket, caller, fill, put};
use crate::archive::DeleteConditions;
use crate::archive::bucket::Versioning;
use crate::name::ObjectKey;

/// Losing what is derived changes nothing, and neither does a start that makes it again.
#[test]
fn the_digest_survives_the_catalog() {
    let fixture = Fixture::filled();
    let state = fixture.state();
    assert_eq!(state.gaps, Vec::<String>::new());
    let digest = state.digest;
    assert_eq!((digest.buckets, digest.objects, digest.markers, digest.bytes), (1, 4, 0, 2_200_013));
    fs::remove_dir_all(fixture.data().join("catalog")).unwrap();
    assert_eq!(fixture.state(), state);
    fixture.open().close().unwrap();
    assert_eq!(fixture.state(), state);
}

/// Each kind of change that the log alone holds is in the digest: it is the same after a kill as after the
/// start that recovers, and another than before the change.
#[test]
fn changes_in_the_log_count() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    let key = |name| ObjectKey::parse(name).unwrap();
    let delete = |name| {
        archive.delete(&caller(), &bucket(), &key(name), None, &DeleteConditions::default()).unwrap();
    };
    let changes: [(&str, &dyn Fn()); 9] = [
        ("objects", &|| fill(&archive)),
        ("an overwrite", &|| put(&archive, "small", None, b"other", 0)),
        ("an object gone", &|| delete("small")),
        ("versioning", &|| archive.set_versioning(&caller(), &bucket(), Versioning::Enabled).unwrap()),
        ("a version more", &|| put(&archive, "wide", None, b"second", 0)),
        ("a marker", &|| delete("wide")),
        ("a bucket more", &|| {
            let name = crate::name::BucketName::parse("more").unwrap();
            drop(archive.create_bucket(&caller(), &name, "owner").unwrap());
        }),
        ("that bucket gone", &|| {
            archive.delete_bucket(&caller(), &crate::name::BucketName::parse("more").unwrap()).unwrap();
        }),
        ("a null version more", &|| {
            archive.set_versioning(&caller(), &bucket(), Versioning::Suspended).unwrap();
            put(&archive, "wide", None, b"third", 4000);
        }),
    ];
    let mut before = None;
    for (what, change) in changes {
        change();
        let killed = fixture.copy();
        let state = killed.state();
        assert_eq!(state.gaps, Vec::<String>::new(), "{what}");
        assert_ne!(before.as_ref(), Some(&state), "{what} changes the digest");
        killed.open().close().unwrap();
        assert_eq!(killed.state(), state, "{what}: after the start that recovers");
        fs::remove_dir_all(killed.data().join("catalog")).unwrap();
        killed.open().close().unwrap();
        assert_eq!(killed.state(), state, "{what}: after a start without the catalog");
        before = Some(state);
    }
}

/// A copy of the elements alone, taken in by a new archive, has the digest of the original.
#[test]
fn a_copy_of_the_elements_has_the_same_digest() {
    let fixture = Fixture::filled();
    let state = fixture.state();
    let copy = fixture.copy();
    for folder in ["control", "catalog", "elements/edit-01/.artstore", "elements/rw-01/.artstore"] {
        fs::remove_dir_all(copy.data().join(folder)).unwrap();
    }
    // The names of elements are not in it.
    let (from, to) = (copy.data().join(EDIT), copy.data().join("elements/another"));
    fs::rename(&from, &to).unwrap();
    copy.open().close().unwrap();
    assert_eq!(copy.state(), state);
}

/// What cannot be read is named beside the digest of the rest.
#[test]
fn gaps_are_told() {
    let fixture = Fixture::filled();
    let whole = fixture.state();
    fixture.flip(&fixture.find("small", ".attr.json"), 100);
    fs::rename(fixture.data().join("elements/rw-01"), fixture.data().join("away")).unwrap();
    let state = fixture.state();
    assert_ne!(state.digest, whole.digest);
    assert_eq!(state.gaps, ["element rw-01 is absent", "1 sidecars cannot be read"]);
}
