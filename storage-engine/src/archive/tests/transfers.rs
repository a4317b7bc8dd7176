//! Versions that move to a stricter element.

use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::{Fixture, caller, content, find_data, get, key, killed, names, put};
use crate::ErrorKind;
use crate::archive::bucket::Versioning;
use crate::archive::object::Object;
use crate::archive::status::NewElement;
use crate::archive::transfer::{Destination, Transfer, Transferred};
use crate::archive::{Archive, DeleteConditions};
use crate::fsck::{self, FsckOptions};
use crate::mode::Mode;
use crate::name::{BucketName, ElementName, VersionId};

struct World {
    fixture: Fixture,
    archive: Archive,
    bucket: BucketName,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::new();
        let archive = fixture.open();
        let bucket = fixture.bucket.clone();
        archive.create_bucket(&caller(), &bucket, "owner").unwrap();
        Self { fixture, archive, bucket }
    }

    fn transfer(&self, name: &str, version: Option<VersionId>, to: Mode) -> crate::Result<Transferred> {
        let transfer = Transfer { version, to: Destination::Mode(to), revision: None, attributes: None };
        self.archive.transfer(&caller(), &self.bucket, &key(name), &transfer)
    }

    fn object(&self, name: &str) -> Arc<Object> {
        self.archive.object(&self.bucket, &key(name), None).unwrap()
    }
}

/// What may not change by a transfer.
fn identity(object: &Object) -> (VersionId, u64, String, [u8; 32], u64, crate::archive::object::Attributes) {
    (
        object.version_id,
        object.size,
        object.etag.clone(),
        object.sha256,
        object.modified_ms,
        object.attributes.clone(),
    )
}

/// Bodies in the log, staged ones, and ones with a file of block digests: each is the same object elsewhere, its
/// old files are gone, and the archive is in order, after a kill too.
#[test]
fn a_version_stays_what_it_is() {
    let world = World::new();
    let sizes = [0, 300, 70_000, 40 * 65_536];
    for (number, size) in sizes.into_iter().enumerate() {
        put(&world.archive, &world.bucket, &format!("k{number}"), None, &content(size, number as u8))
            .unwrap();
    }
    let edit = world.fixture.folder.path().join("data/elements/edit-01");
    for (number, size) in sizes.into_iter().enumerate() {
        let name = format!("k{number}");
        let before = world.object(&name);
        let moved = world.transfer(&name, None, Mode::Rw).unwrap();
        assert!(
            matches!(&moved, Transferred::Moved { stored, .. } if stored.size == size as u64),
            "{moved:?}"
        );
        let after = world.object(&name);
        assert_eq!(identity(&before), identity(&after));
        assert_eq!((after.mode, after.element.as_str()), (Mode::Rw, "rw-01"));
        assert_eq!(get(&world.archive, &world.bucket, &name).unwrap(), content(size, number as u8));
        assert!(matches!(world.transfer(&name, None, Mode::Rw).unwrap(), Transferred::There));
    }
    let killed = killed(&world.fixture);
    let left = walkdir(&edit).into_iter().filter(|path| path.contains("/20")).collect::<Vec<_>>();
    assert_eq!(left, Vec::<String>::new(), "nothing is left where they were");
    for archive in [&world.archive, &killed.open()] {
        assert_eq!(names(archive, &world.bucket, "", None), ["k0", "k1", "k2", "k3"]);
        for (number, size) in sizes.into_iter().enumerate() {
            assert_eq!(
                get(archive, &world.bucket, &format!("k{number}")).unwrap(),
                content(size, number as u8)
            );
        }
    }
    let World { fixture, archive, .. } = world;
    archive.close().unwrap();
    drop(archive);
    let report = fsck::check(FsckOptions::new(fixture.folder.path().join("data")), &mut |_| {}).unwrap();
    assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
}

#[expect(clippy::disallowed_methods, reason = "the test looks for files as a person would")]
fn walkdir(root: &std::path::Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else {
                files.push(entry.path().display().to_string());
            }
        }
    }
    files
}

/// Documents go from edit to rw to ro, and never back; ro takes what comes by transfer alone.
#[test]
fn transfers_go_downhill_only() {
    let world = World::new();
    put(&world.archive, &world.bucket, "a", None, b"a").unwrap();
    put(&world.archive, &world.bucket, "b", None, b"b").unwrap();
    world.transfer("a", None, Mode::Rw).unwrap();
    let rw = ElementName::parse("rw-01").unwrap();
    world.archive.set_mode(&caller(), &rw, Mode::Ro).unwrap();
    let to = Destination::Element(rw);
    let transfer = Transfer { version: None, to, revision: None, attributes: None };
    world.archive.transfer(&caller(), &world.bucket, &key("b"), &transfer).unwrap();
    assert_eq!(world.object("b").mode, Mode::Ro);
    let new = NewElement {
        name: ElementName::parse("rw-02").unwrap(),
        mode: Mode::Rw,
        root: None,
        max_size_bytes: None,
    };
    world.archive.create_element(&caller(), new).unwrap();
    for (name, to) in [("a", Mode::Rw), ("a", Mode::Edit), ("b", Mode::Rw)] {
        let refused = world.transfer(name, None, to).unwrap_err();
        assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Ro)));
    }
    assert_eq!(world.transfer("none", None, Mode::Rw).unwrap_err().kind(), ErrorKind::NoSuchKey);
    assert_eq!(world.transfer("a", None, Mode::Ar).unwrap_err().kind(), ErrorKind::InvalidStorageClass);
}

/// Each version moves by itself, whichever is the current one; the others and their order stay.
#[test]
fn an_old_version_moves_by_itself() {
    let world = World::new();
    world.archive.set_versioning(&caller(), &world.bucket, Versioning::Enabled).unwrap();
    let first = put(&world.archive, &world.bucket, "a", None, b"first").unwrap().version_id;
    put(&world.archive, &world.bucket, "a", None, b"second").unwrap();
    world.transfer("a", first, Mode::Rw).unwrap();
    let old = world.archive.object(&world.bucket, &key("a"), first).unwrap();
    assert_eq!((old.mode, world.object("a").mode), (Mode::Rw, Mode::Edit));
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap(), b"second");
    let delete = |version| {
        let conditions = DeleteConditions::default();
        world.archive.delete(&caller(), &world.bucket, &key("a"), version, &conditions)
    };
    assert_eq!(delete(first).unwrap_err().kind(), ErrorKind::ModeForbids);
    delete(Some(world.object("a").version_id)).unwrap();
    assert_eq!(get(&world.archive, &world.bucket, "a").unwrap(), b"first");
}

/// Damaged bytes are not moved as good ones: the version stays, and nothing is left on the other element.
#[test]
fn damage_is_not_moved() {
    let world = World::new();
    let body = content(200_000, 9);
    put(&world.archive, &world.bucket, "a", None, &body).unwrap();
    let path = find_data(&world.fixture.folder.path().join("data/elements/edit-01"), "a_");
    let mut options = std::fs::File::options();
    #[expect(clippy::disallowed_methods, reason = "the test damages the file behind the engine's back")]
    let file = options.write(true).open(path).unwrap();
    file.write_at(b"X", 150_000).unwrap();
    assert_eq!(world.transfer("a", None, Mode::Rw).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(world.object("a").mode, Mode::Edit);
    let rw = walkdir(&world.fixture.folder.path().join("data/elements/rw-01"));
    assert!(!rw.iter().any(|path| path.contains("/20") || path.contains("staging/")), "{rw:?}");
}

/// Readers see a version all the time while it moves, and one that writers change meanwhile moves or stays whole.
#[test]
fn readers_and_writers_go_on() {
    let world = World::new();
    let body = |round: u8| content(100_000 + usize::from(round), round);
    std::thread::scope(|scope| {
        for round in 0..20 {
            let name = format!("k{round}");
            put(&world.archive, &world.bucket, &name, None, &body(round)).unwrap();
        }
        let (world, body) = (&world, &body);
        let mover = scope.spawn(move || {
            for round in 0..20 {
                match world.transfer(&format!("k{round}"), None, Mode::Rw) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
                }
            }
        });
        scope.spawn(move || {
            for round in 0..20 {
                match put(&world.archive, &world.bucket, &format!("k{round}"), None, &body(round + 100)) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ModeForbids, "{error}"),
                }
            }
        });
        while !mover.is_finished() {
            for round in 0..20 {
                let found = get(&world.archive, &world.bucket, &format!("k{round}")).unwrap();
                assert!(found == body(round) || found == body(round + 100), "k{round}");
            }
        }
    });
}
