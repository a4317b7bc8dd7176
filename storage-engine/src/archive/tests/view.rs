//! What the tree of a mode shows.

use super::shelf::{World, name};
use super::{caller, content, key, put};
use crate::archive::bucket::Versioning;
use crate::archive::list::{ListEntry, ListRequest};
use crate::archive::{Archive, DeleteConditions};
use crate::mode::{Mode, StorageClass};
use crate::name::BucketName;
use crate::{ErrorKind, Result};

/// The tree of a mode below a prefix, with the class of each object.
fn view(archive: &Archive, bucket: &BucketName, mode: Mode, prefix: &str) -> Result<Vec<String>> {
    let request = ListRequest { bucket, prefix, delimiter: Some("/"), after: None, max: 100 };
    let shown = |entry| match entry {
        ListEntry::Object(object) => format!("{} {}", object.key, object.class.as_str()),
        ListEntry::CommonPrefix(common) => common,
    };
    Ok(archive.view(mode, &request)?.entries.into_iter().map(shown).collect())
}

fn size_in(world: &World, mode: Mode, name: &str) -> Result<u64, ErrorKind> {
    let found = world.archive.object_in(mode, &world.bucket, &key(name));
    found.map(|object| object.size).map_err(|error| error.kind())
}

/// Each tree shows of a key the newest version that its mode holds; what goes on to another mode goes to its tree in
/// that moment, folders with it, through a kill as well.
#[test]
fn a_document_is_in_the_tree_of_its_mode() {
    let world = World::with_shelf();
    for (name, size) in [("docs/a", 10), ("docs/deep/b", 20), ("c", 30)] {
        put(&world.archive, &world.bucket, name, None, &content(size, 1)).unwrap();
    }
    world.transfer("docs/deep/b", Mode::Rw);
    world.transfer("c", Mode::Ar);
    for world in [&world, &world.killed()] {
        let view = |mode, prefix| view(&world.archive, &world.bucket, mode, prefix).unwrap();
        assert_eq!(view(Mode::Edit, ""), ["docs/"]);
        assert_eq!(view(Mode::Edit, "docs/"), ["docs/a STANDARD"]);
        assert_eq!(view(Mode::Rw, ""), ["docs/"]);
        assert_eq!(view(Mode::Rw, "docs/"), ["docs/deep/"]);
        assert_eq!(view(Mode::Rw, "docs/deep/"), ["docs/deep/b STANDARD_IA"]);
        assert_eq!(view(Mode::Ro, ""), [""; 0]);
        assert_eq!(view(Mode::Ar, ""), ["c GLACIER"]);
        assert_eq!(size_in(world, Mode::Ar, "c"), Ok(30));
        assert_eq!(size_in(world, Mode::Edit, "c"), Err(ErrorKind::NoSuchKey));
    }
    world.archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    assert_eq!(view(&world.archive, &world.bucket, Mode::Rw, "").unwrap(), [""; 0]);
    assert_eq!(
        view(&world.archive, &world.bucket, Mode::Ro, "docs/deep/").unwrap(),
        ["docs/deep/b GLACIER_IR"]
    );
    let nowhere = BucketName::parse("nowhere").unwrap();
    assert_eq!(view(&world.archive, &nowhere, Mode::Ro, "").unwrap_err().kind(), ErrorKind::NoSuchBucket);
    assert_eq!(
        world.archive.object_in(Mode::Ro, &nowhere, &key("c")).unwrap_err().kind(),
        ErrorKind::NoSuchBucket
    );
}

/// Of a key with versions each tree has its own newest; a delete marker hides the key in the tree that holds the marker.
#[test]
fn each_tree_has_its_newest_version() {
    let world = World::new();
    world.archive.set_versioning(&caller(), &world.bucket, Versioning::Enabled).unwrap();
    put(&world.archive, &world.bucket, "k", None, &content(10, 1)).unwrap();
    world.transfer("k", Mode::Rw);
    put(&world.archive, &world.bucket, "k", None, &content(20, 2)).unwrap();
    assert_eq!((size_in(&world, Mode::Edit, "k"), size_in(&world, Mode::Rw, "k")), (Ok(20), Ok(10)));
    world.archive.delete(&caller(), &world.bucket, &key("k"), None, &DeleteConditions::default()).unwrap();
    assert_eq!(size_in(&world, Mode::Edit, "k"), Err(ErrorKind::KeyDeleted));
    assert_eq!(view(&world.archive, &world.bucket, Mode::Edit, "").unwrap(), [""; 0]);
    assert_eq!(view(&world.archive, &world.bucket, Mode::Rw, "").unwrap(), ["k STANDARD_IA"]);
    assert_eq!(size_in(&world, Mode::Rw, "k"), Ok(10));
}

/// An element that is away empties no tree: its documents are listed in the tree of the mode that it had, with its class,
/// and are refused; other trees go on. Where nobody knows what it held, every tree refuses.
#[test]
#[expect(clippy::disallowed_methods, reason = "a disk is taken away")]
fn an_absent_element_empties_no_tree() {
    let world = World::new();
    put(&world.archive, &world.bucket, "a", Some("STANDARD_IA"), &content(10, 1)).unwrap();
    put(&world.archive, &world.bucket, "b", None, &content(20, 1)).unwrap();
    world.archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    let (root, away) = (world.root("rw-01"), world.fixture.folder.path().join("away"));
    let (fixture, clock) = world.closed();
    std::fs::rename(&root, &away).unwrap();
    let world = World::of(fixture, clock);
    assert_eq!(view(&world.archive, &world.bucket, Mode::Ro, "").unwrap(), ["a GLACIER_IR"]);
    assert_eq!(size_in(&world, Mode::Ro, "a"), Err(ErrorKind::Unavailable));
    assert_eq!(view(&world.archive, &world.bucket, Mode::Rw, "").unwrap(), [""; 0]);
    assert_eq!(view(&world.archive, &world.bucket, Mode::Edit, "").unwrap(), ["b STANDARD"]);
    assert_eq!(size_in(&world, Mode::Edit, "b"), Ok(20));
    let request = ListRequest { bucket: &world.bucket, prefix: "a", delimiter: None, after: None, max: 100 };
    let listed = world.archive.list(&request).unwrap().entries;
    assert!(
        matches!(&listed[..], [ListEntry::Object(object)] if object.class == StorageClass::GlacierIr),
        "{listed:?}"
    );

    let catalog = world.fixture.folder.path().join("data/catalog");
    let (fixture, clock) = world.closed();
    std::fs::remove_dir_all(catalog).unwrap();
    let world = World::of(fixture, clock);
    for mode in Mode::ALL {
        let refused = view(&world.archive, &world.bucket, mode, "").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unavailable);
        assert_eq!(size_in(&world, mode, "b"), Err(ErrorKind::Unavailable));
    }
    let (fixture, clock) = world.closed();
    std::fs::rename(&away, &root).unwrap();
    let world = World::of(fixture, clock);
    assert_eq!(view(&world.archive, &world.bucket, Mode::Ro, "").unwrap(), ["a GLACIER_IR"]);
    assert_eq!(size_in(&world, Mode::Ro, "a"), Ok(10));
}
