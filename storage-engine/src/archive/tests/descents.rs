//! Objects that are stored with a colder class than rw's.

use super::shelf::{World, name};
use super::{caller, put};
use crate::ErrorKind;
use crate::archive::status::NewElement;
use crate::fsck::{self, FsckOptions};
use crate::mode::{Mode, StorageClass};
use crate::target::TargetPlace;

/// What is stored with the class of a mode to which documents come by transfer alone is final at once, and goes down
/// by itself, also after a stop; a repeat of the PUT is answered wherever it is by then.
#[test]
fn cold_classes_go_down_by_themselves() {
    let world = World::new();
    let class = |key: &str| world.object(key).class;
    for refused in ["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"] {
        let refused = put(&world.archive, &world.bucket, "a", Some(refused), b"a").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidStorageClass, "no element has it");
    }
    world.make_shelf(TargetPlace::Directory(world.target()));
    let new = NewElement { name: name("ro-01"), mode: Mode::Ro, root: None, max_size_bytes: None };
    world.archive.create_element(&caller(), new).unwrap();
    let refused = put(&world.archive, &world.bucket, "a", Some("DEEP_ARCHIVE"), b"a").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidStorageClass, "the shelf is of class GLACIER");
    for (key, storage_class) in [("ro", "GLACIER_IR"), ("ar", "GLACIER")] {
        let first = put(&world.archive, &world.bucket, key, Some(storage_class), b"cold").unwrap();
        assert_eq!(class(key), StorageClass::StandardIa);
        let refused = put(&world.archive, &world.bucket, key, Some("STANDARD_IA"), b"cold").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ModeForbids, "another class is no repeat");
        let again = put(&world.archive, &world.bucket, key, Some(storage_class), b"cold").unwrap();
        assert_eq!(again.modified_ms, first.modified_ms);
    }
    let killed = world.killed();
    let (fixture, clock) = world.closed();
    #[expect(clippy::disallowed_methods, reason = "the test loses the catalog")]
    std::fs::remove_dir_all(fixture.folder.path().join("data/catalog")).unwrap();
    let without_catalog = World::of(fixture, clock);
    for world in [killed, without_catalog] {
        let pass = world.archive.descend(&|| false).unwrap();
        assert_eq!((pass.moved, pass.bytes, pass.failed), (2, 8, 0));
        assert_eq!(world.object("ro").class, StorageClass::GlacierIr);
        assert_eq!(world.object("ar").class, StorageClass::Glacier);
        let again = put(&world.archive, &world.bucket, "ro", Some("GLACIER_IR"), b"cold").unwrap();
        assert_eq!(again.size, 4);
        assert_eq!(world.archive.descend(&|| false).unwrap().moved, 0, "nothing is left to do");
        let fixture = world.reopened().fixture;
        let report = fsck::check(FsckOptions::new(fixture.folder.path().join("data")), &mut |_| {}).unwrap();
        assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
    }
}
