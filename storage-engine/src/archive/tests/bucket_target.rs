//! A bucket elsewhere as the archive target.

use super::shelf::{DAY_MS, World, data_files, name};
use super::{caller, content, get, key, put};
use crate::ErrorKind;
use crate::archive::restore::Tier;
use crate::mode::{Mode, StorageClass};
use crate::retention::Disposal;
use crate::target::simulated::{Trouble, place};
use crate::target::{ArchiveClass, ArchiveTarget, BucketPlace, TargetPlace};

const SIZES: [usize; 3] = [300, 70_000, 40 * 65_536];
/// More than the longest run of requests of the tests below.
const REQUESTS_MAX: u64 = 100;

fn world() -> World {
    let world = World::new();
    world.make_shelf(TargetPlace::Bucket(place("shelf")));
    world
}

fn archived(world: &World) {
    for (number, size) in SIZES.into_iter().enumerate() {
        let body = content(size, number as u8);
        put(&world.archive, &world.bucket, &format!("k{number}"), None, &body).unwrap();
        world.transfer(&format!("k{number}"), Mode::Ar);
    }
}

/// What is in the bucket of a document, by the end of its name.
fn is_whole_there(world: &World, number: usize) -> bool {
    let found = data_files(&world.target()).into_iter().find(|name| name.starts_with(&format!("k{number}_")));
    let Some(found) = found else { return false };
    let path = super::find_data(&world.target(), &found);
    #[expect(clippy::disallowed_methods, reason = "the test looks into the bucket")]
    let bytes = std::fs::read(path).unwrap();
    bytes == content(SIZES[number], number as u8)
}

/// Whatever request goes wrong in whatever way, bytes go from the element only when they are whole in the bucket, the
/// next look goes on, and the document is read after its restore.
#[test]
fn any_request_may_go_wrong() {
    for trouble in [Trouble::Refused, Trouble::Unanswered, Trouble::Damaged] {
        let mut runs = 0;
        for at in 1..REQUESTS_MAX {
            let world = world();
            archived(&world);
            world.troubles.plan(at, trouble);
            let (_, failed) = world.archive_all();
            let is_over = world.troubles.requests() < at;
            let here = data_files(&world.root("shelf"));
            for number in 0..SIZES.len() {
                let is_here = here.iter().any(|name| name.starts_with(&format!("k{number}_")));
                assert!(is_here || is_whole_there(&world, number), "{trouble:?} at {at}: k{number}");
            }
            world.troubles.plan(0, trouble);
            world.pass_time(DAY_MS);
            assert_eq!(world.archive_all().1, 0, "{trouble:?} at {at}");
            assert_eq!(data_files(&world.root("shelf")), Vec::<String>::new(), "{trouble:?} at {at}");
            for (number, size) in SIZES.into_iter().enumerate() {
                let key = format!("k{number}");
                world.restore(&key, 1, Tier::Standard).unwrap();
                world.recall_all();
                let got = get(&world.archive, &world.bucket, &key).unwrap();
                assert_eq!(got, content(size, number as u8), "{trouble:?} at {at}: {key}");
            }
            if is_over {
                assert_eq!(failed, 0);
                break;
            }
            runs += 1;
        }
        assert!((10..REQUESTS_MAX - 1).contains(&runs), "{trouble:?}: {runs} requests");
    }
}

/// Damaged bytes do not come back as a document, and bytes that are not in the bucket say so; the next try brings what
/// is whole.
#[test]
fn a_recall_compares_what_comes() {
    let world = world();
    archived(&world);
    assert_eq!(world.archive_all(), (3, 0));
    world.restore("k1", 1, Tier::Standard).unwrap();
    // The first request asks whose prefix it is, the second for the bytes.
    world.troubles.plan(2, Trouble::Damaged);
    let failed = world.archive.recall_next().unwrap().unwrap().outcome.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Corrupt);
    assert_eq!(get(&world.archive, &world.bucket, "k1").unwrap_err().kind(), ErrorKind::Archived);
    world.pass_time(DAY_MS / 24);
    world.recall_all();
    assert_eq!(get(&world.archive, &world.bucket, "k1").unwrap(), content(SIZES[1], 1));

    let gone = super::find_data(&world.target(), "k2_");
    #[expect(clippy::disallowed_methods, reason = "somebody empties the bucket")]
    std::fs::remove_file(gone).unwrap();
    world.restore("k2", 1, Tier::Standard).unwrap();
    let failed = world.archive.recall_next().unwrap().unwrap().outcome.unwrap_err();
    assert!(failed.to_string().contains("not on the archive target"), "{failed}");
}

/// A prefix that has lost its mark, or has another's, is away: nothing goes there, and nothing is missed there.
#[test]
#[expect(clippy::disallowed_methods, reason = "somebody confuses the buckets")]
fn a_prefix_that_is_not_the_elements_is_away() {
    let world = world();
    let mark = |element: &str| world.target().join(element).join("artstore-target.json");
    world.archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    let target = ArchiveTarget { place: TargetPlace::Bucket(place("rw-01")), class: ArchiveClass::Glacier };
    world.archive.set_target(&caller(), &name("rw-01"), &target).unwrap();
    let (right, another) = (std::fs::read(mark("shelf")).unwrap(), std::fs::read(mark("rw-01")).unwrap());
    let mark = mark("shelf");
    archived(&world);
    for wrong in [None, Some(another)] {
        match &wrong {
            None => std::fs::remove_file(&mark).unwrap(),
            Some(text) => std::fs::write(&mark, text).unwrap(),
        }
        assert_eq!(world.archive_all().0, 0, "{wrong:?}");
        assert_eq!(data_files(&world.root("shelf")).len(), 3);
        assert_eq!(data_files(&world.target()), Vec::<String>::new());
        world.pass_time(DAY_MS);
    }
    std::fs::write(&mark, right).unwrap();
    assert_eq!(world.archive_all(), (3, 0));
    std::fs::remove_file(&mark).unwrap();
    world.restore("k1", 1, Tier::Standard).unwrap();
    let away = world.archive.recall_next().unwrap().unwrap().outcome.unwrap_err();
    assert_eq!(away.kind(), ErrorKind::Unavailable);
}

/// An element that is to become ar is ro until the bucket has everything.
#[test]
fn an_element_goes_to_a_bucket_whole_or_not() {
    let world = World::new();
    put(&world.archive, &world.bucket, "k1", Some("STANDARD_IA"), &content(SIZES[1], 1)).unwrap();
    let rw = name("rw-01");
    world.archive.set_mode(&caller(), &rw, Mode::Ro).unwrap();
    let target = ArchiveTarget { place: TargetPlace::Bucket(place("rw")), class: ArchiveClass::DeepArchive };
    world.archive.set_target(&caller(), &rw, &target).unwrap();
    for at in 1..REQUESTS_MAX {
        world.troubles.plan(at, Trouble::Refused);
        if world.archive.set_mode(&caller(), &rw, Mode::Ar).is_ok() {
            assert!(at > 4, "{at}");
            break;
        }
        assert_eq!(world.object("k1").mode, Mode::Ro);
        assert_eq!(get(&world.archive, &world.bucket, "k1").unwrap(), content(SIZES[1], 1));
    }
    assert_eq!(world.object("k1").class, StorageClass::DeepArchive);
    assert!(is_whole_there(&world, 1));
}

/// Whatever request fails, a disposal is gone on with, and then nothing of the document is in the bucket.
#[test]
fn a_disposal_leaves_nothing_in_the_bucket() {
    let disposal = || Disposal {
        run: uuid::Uuid::from_u128(7),
        reason: "schedule 7".into(),
        released_by: "archivist".into(),
        disposed_ms: 0,
    };
    for at in 1..REQUESTS_MAX {
        let world = world();
        archived(&world);
        assert_eq!(world.archive_all(), (3, 0));
        let version = world.object("k1").version_id;
        let found = world.archive.disposable(&world.bucket, &key("k1"), version).unwrap();
        world.troubles.plan(at, Trouble::Refused);
        let first = world.archive.dispose(&caller(), &found, &disposal());
        let is_over = world.troubles.requests() < at;
        world.troubles.plan(0, Trouble::Refused);
        if !is_over {
            world.archive.dispose(&caller(), &found, &disposal()).unwrap();
        }
        assert_eq!(first.is_ok(), is_over, "{at}: {first:?}");
        let left = std::process::Command::new("find").arg(world.target()).args(["-name", "k1_*"]).output();
        assert_eq!(String::from_utf8_lossy(&left.unwrap().stdout), "", "{at}");
        assert!(is_whole_there(&world, 0) && is_whole_there(&world, 2), "{at}");
        if is_over {
            assert!(at > 4, "{at}");
            return;
        }
    }
    panic!("a disposal makes more than {REQUESTS_MAX} requests");
}

/// A prefix belongs to one element; a place that cannot be one changes nothing; the key of the bucket may change while
/// it has the bytes, its name may not.
#[test]
fn a_prefix_belongs_to_one_element() {
    let world = world();
    let set = |element: &str, place: BucketPlace| {
        let target = ArchiveTarget { place: TargetPlace::Bucket(place), class: ArchiveClass::Glacier };
        world.archive.set_target(&caller(), &name(element), &target).map_err(|error| error.kind()).map(drop)
    };
    world.archive.set_mode(&caller(), &name("rw-01"), Mode::Ro).unwrap();
    assert_eq!(set("rw-01", place("shelf")), Err(ErrorKind::AlreadyExists));
    for prefix in ["/a", "a/", "a//b", "a/../b", ".", "a\nb", &"p".repeat(513)] {
        assert_eq!(set("rw-01", place(prefix)), Err(ErrorKind::InvalidArgument), "{prefix:?}");
    }
    let relative = BucketPlace { credentials: "credentials".into(), ..place("rw") };
    assert_eq!(set("rw-01", relative), Err(ErrorKind::InvalidArgument));
    assert_eq!(set("rw-01", place("rw")), Ok(()));
    let renewed = BucketPlace { profile: "new".to_owned(), ..place("shelf") };
    assert_eq!(set("shelf", renewed), Ok(()));
    assert_eq!(set("shelf", place("another")), Err(ErrorKind::ModeForbids));

    world.troubles.plan(1, Trouble::Refused);
    assert_eq!(set("rw-01", place("away")), Err(ErrorKind::Unavailable));
}
