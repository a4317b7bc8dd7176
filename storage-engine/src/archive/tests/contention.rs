//! Many writers of one key at once.

use std::sync::Barrier;

use super::{Fixture, caller, get, killed, put, put_if};
use crate::archive::Archive;
use crate::archive::bucket::Versioning;
use crate::archive::list::{VersionListEntry, VersionListRequest};
use crate::archive::put::{Stored, WriteConditions};
use crate::name::{BucketName, VersionId};
use crate::{ErrorKind, Result};

const WRITERS: usize = 50;
const KEY: &str = "one key";

/// An archive on the real disk, whose syncs take the time in which writers meet.
struct World {
    fixture: Fixture,
    bucket: BucketName,
}

impl World {
    fn new() -> (Self, Archive) {
        let fixture = Fixture::new();
        let archive = fixture.open();
        let bucket = fixture.bucket.clone();
        archive.create_bucket(&caller(), &bucket, "owner").unwrap();
        (Self { fixture, bucket }, archive)
    }

    /// What writer `number` sends: some bodies ride in the log, some are staged.
    fn body(number: usize) -> Vec<u8> {
        vec![number as u8; if number.is_multiple_of(5) { 70_000 + number } else { 100 + number }]
    }

    /// Every writer puts at the same moment; those that `is_creator` says ask for a key that is free.
    fn write_together(
        &self,
        archive: &Archive,
        is_creator: impl Fn(usize) -> bool + Sync,
    ) -> Vec<Result<Stored>> {
        let barrier = Barrier::new(WRITERS);
        let write = |number| {
            let etag_is_not = is_creator(number).then(|| "*".to_owned());
            let conditions = WriteConditions { etag_is_not, ..WriteConditions::default() };
            barrier.wait();
            put_if(archive, &self.bucket, KEY, None, &Self::body(number), conditions)
        };
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || write(number))).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        })
    }

    /// What a kill leaves, with the fixture that holds it.
    fn killed(&self) -> (Fixture, Archive) {
        let after = killed(&self.fixture);
        let archive = after.open();
        (after, archive)
    }
}

/// The numbers of the writers that were acknowledged; every other was told that the key is taken.
fn acknowledged(answers: &[Result<Stored>]) -> Vec<usize> {
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{error}");
    }
    answers.iter().enumerate().filter(|(_, answer)| answer.is_ok()).map(|(number, _)| number).collect()
}

/// Of fifty that ask for a free key exactly one creates it, and its bytes are there, after a kill too.
#[test]
fn one_of_fifty_creates_a_key() {
    let (world, archive) = World::new();
    let creators = acknowledged(&world.write_together(&archive, |_| true));
    let [creator] = creators[..] else { panic!("{creators:?} created one key") };
    assert_eq!(get(&archive, &world.bucket, KEY).unwrap(), World::body(creator));
    let (_after, archive) = world.killed();
    assert_eq!(get(&archive, &world.bucket, KEY).unwrap(), World::body(creator));
}

/// Fifty writers, half of which ask for a free key: one of these is answered at most, the others all are, and
/// the object is whole and one of theirs.
#[test]
fn the_object_of_fifty_writers_is_one_of_theirs() {
    let (world, archive) = World::new();
    let is_creator = |number: usize| number.is_multiple_of(2);
    let written = acknowledged(&world.write_together(&archive, is_creator));
    let creators = written.iter().filter(|number| is_creator(**number)).count();
    assert!(creators <= 1 && written.len() == WRITERS / 2 + creators, "{written:?}");
    let held = get(&archive, &world.bucket, KEY).unwrap();
    assert!(written.iter().any(|number| World::body(*number) == held));
    let (_after, archive) = world.killed();
    assert_eq!(get(&archive, &world.bucket, KEY).unwrap(), held);
    put(&archive, &world.bucket, KEY, None, b"afterwards").unwrap();
}

/// Where versions are kept, every acknowledged write is a version with its bytes, and a creator's is the oldest.
#[test]
fn every_acknowledged_write_of_fifty_is_a_version() {
    let (world, archive) = World::new();
    archive.set_versioning(&caller(), &world.bucket, Versioning::Enabled).unwrap();
    let is_creator = |number: usize| number.is_multiple_of(2);
    let answers = world.write_together(&archive, is_creator);
    let written = acknowledged(&answers);
    let id_of = |number: usize| answers[number].as_ref().unwrap().version_id.unwrap();
    let (_after, archive) = world.killed();
    let listed = versions(&archive, &world.bucket);
    assert_eq!(listed.len(), written.len());
    for number in &written {
        assert!(listed.contains(&id_of(*number)), "writer {number}");
        let reader = archive.read(&world.bucket, &super::key(KEY), Some(id_of(*number))).unwrap();
        assert_eq!(reader.read_at(0, 1 << 20).unwrap(), World::body(*number), "writer {number}");
    }
    let creators: Vec<usize> = written.into_iter().filter(|number| is_creator(*number)).collect();
    assert!(creators.iter().all(|number| listed.last() == Some(&id_of(*number))), "{creators:?}");
}

/// The versions of the key, the newest first.
fn versions(archive: &Archive, bucket: &BucketName) -> Vec<VersionId> {
    let request = VersionListRequest {
        bucket,
        prefix: KEY,
        delimiter: None,
        key_marker: None,
        version_marker: None,
        max: 1000,
    };
    let entries = archive.list_versions(&request).unwrap().entries.into_iter();
    entries
        .map(|entry| match entry {
            VersionListEntry::Version(listed) => listed.version_id,
            VersionListEntry::CommonPrefix(prefix) => panic!("a prefix {prefix}"),
        })
        .collect()
}
