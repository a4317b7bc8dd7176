//! Documents whose bytes go to an archive target, and come back for a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::shelf::{DAY_MS, World, data_files, name};
use super::{caller, content, copy_tree, element, find_data, get, key, names, put};
use crate::ErrorKind;
use crate::archive::DeleteConditions;
use crate::archive::restore::{RestoreStatus, Restoring, Tier};
use crate::archive::seal::SealLimits;
use crate::archive::status::NewElement;
use crate::archive::transfer::{Destination, Transfer, Transferred};
use crate::fsck::{self, FsckOptions};
use crate::mode::{Mode, StorageClass};
use crate::scrub::Pace;
use crate::seal::{self, verify::VerifyOptions};
use crate::target::{ArchiveClass, ArchiveTarget, MoverCommands, TargetPlace};

/// An archived document tells everything but its bytes; they lie on the target with their sidecar, and on the
/// element no more. Every size does: in the log, staged, with a file of block digests.
#[test]
fn archived_bytes_are_on_the_target_alone() {
    let world = World::with_shelf();
    let sizes = [0, 300, 70_000, 40 * 65_536];
    for (number, size) in sizes.into_iter().enumerate() {
        put(&world.archive, &world.bucket, &format!("k{number}"), None, &content(size, number as u8))
            .unwrap();
        world.transfer(&format!("k{number}"), Mode::Ar);
    }
    assert_eq!(world.archive_all(), (4, 0));
    assert_eq!(data_files(&world.root("shelf")), Vec::<String>::new());
    assert_eq!(data_files(&world.target()).len(), 4);
    let killed = world.killed();
    for world in [&world, &killed] {
        assert_eq!(names(&world.archive, &world.bucket, "", None), ["k0", "k1", "k2", "k3"]);
        for (number, size) in sizes.into_iter().enumerate() {
            let object = world.object(&format!("k{number}"));
            assert_eq!((object.mode, object.class, object.restore), (Mode::Ar, StorageClass::Glacier, None));
            assert_eq!(object.size, size as u64);
            let refused = get(&world.archive, &world.bucket, &format!("k{number}")).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Archived);
        }
        assert_eq!(world.archive_all(), (0, 0), "nothing is left to archive");
    }
    for (number, size) in sizes.into_iter().enumerate() {
        assert_eq!(world.restore(&format!("k{number}"), 1, Tier::Standard).unwrap(), Restoring::Requested);
        assert_eq!(world.recall_all(), [format!("k{number}")]);
        assert_eq!(
            get(&world.archive, &world.bucket, &format!("k{number}")).unwrap(),
            content(size, number as u8)
        );
    }
    let fixture = world.reopened().fixture;
    let report = fsck::check(FsckOptions::new(fixture.folder.path().join("data")), &mut |_| {}).unwrap();
    assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
}

/// The folder of the target laid over the folder of the element is the element as it was.
#[test]
fn the_target_laid_over_the_element_is_the_element() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, &content(100_000, 1)).unwrap();
    world.transfer("a", Mode::Ar);
    world.archive_all();
    let (fixture, _) = world.closed();
    let root = fixture.folder.path().join("data/elements/shelf");
    copy_tree(&fixture.folder.path().join("tape"), &root);
    let document = root.join("element.json");
    #[expect(clippy::disallowed_methods, reason = "an operator copies the element and starts anew")]
    {
        std::fs::remove_file(root.join("artstore-target.json")).unwrap();
        assert!(std::fs::read_to_string(&document).unwrap().contains("\"ar\""));
    }
    let report = fsck::check(FsckOptions::new(fixture.folder.path().join("data")), &mut |_| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(find_data(&root, "a_").metadata().unwrap().len(), 100_000);
}

/// What is archived is there already where it is to go to ar, and goes nowhere else: its bytes are not asked for.
#[test]
fn what_is_archived_goes_nowhere() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, b"archived").unwrap();
    world.transfer("a", Mode::Ar);
    let transfer = |to| {
        let transfer = Transfer { version: None, to, revision: None, attributes: None };
        world.archive.transfer(&caller(), &world.bucket, &key("a"), &transfer)
    };
    let shelf = Destination::Element(name("shelf"));
    for to in [Destination::Mode(Mode::Ar), Destination::Class(StorageClass::Glacier), shelf] {
        assert!(matches!(transfer(to.clone()), Ok(Transferred::There)), "{to:?}");
    }
    let refused = transfer(Destination::Mode(Mode::Rw)).unwrap_err();
    assert_eq!((refused.kind(), refused.mode()), (ErrorKind::ModeForbids, Some(Mode::Ar)));
}

/// Nothing that is archived changes, restored or not.
#[test]
fn ar_changes_nothing() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, b"archived").unwrap();
    world.transfer("a", Mode::Ar);
    world.archive_all();
    for is_restored in [false, true] {
        if is_restored {
            world.restore("a", 1, Tier::Standard).unwrap();
            world.recall_all();
        }
        let refusals = [
            put(&world.archive, &world.bucket, "a", None, b"other").map(drop),
            world
                .archive
                .delete(&caller(), &world.bucket, &key("a"), None, &DeleteConditions::default())
                .map(drop),
        ];
        for refusal in refusals {
            let refusal = refusal.unwrap_err();
            assert_eq!((refusal.kind(), refusal.mode()), (ErrorKind::ModeForbids, Some(Mode::Ar)));
        }
    }
}

/// A target that is away keeps bytes here, and makes restores wait; neither loses anything, and both go on when it is
/// there again.
#[test]
fn a_target_that_is_away_is_waited_for() {
    let world = World::with_shelf();
    for name in ["a", "b"] {
        put(&world.archive, &world.bucket, name, None, name.as_bytes()).unwrap();
    }
    world.transfer("a", Mode::Ar);
    world.archive_all();
    let away = world.fixture.folder.path().join("away");
    #[expect(clippy::disallowed_methods, reason = "the test takes the target away")]
    std::fs::rename(world.target(), &away).unwrap();
    world.transfer("b", Mode::Ar);
    assert_eq!(world.archive_all(), (0, 1));
    assert_eq!(data_files(&world.root("shelf")).len(), 1, "the bytes stay here");
    world.restore("a", 1, Tier::Standard).unwrap();
    let recall = world.archive.recall_next().unwrap().unwrap();
    assert_eq!((recall.outcome.unwrap_err().kind(), recall.is_final), (ErrorKind::Unavailable, false));
    assert_eq!(world.object("a").restore, Some(RestoreStatus::Ongoing));
    #[expect(clippy::disallowed_methods, reason = "the test brings the target back")]
    std::fs::rename(&away, world.target()).unwrap();
    assert!(world.recall_all().is_empty(), "it waits a while");
    world.pass_time(DAY_MS / 24);
    assert_eq!(world.recall_all(), ["a"]);
    assert_eq!(world.archive_all(), (1, 0));
    assert_eq!(data_files(&world.root("shelf")), Vec::<String>::new());
}

/// Bytes that are damaged here are not archived as good, and stay for who may mend them.
#[test]
fn damaged_bytes_are_not_archived() {
    let world = World::with_shelf();
    put(&world.archive, &world.bucket, "a", None, &content(70_000, 1)).unwrap();
    world.transfer("a", Mode::Ar);
    let path = find_data(&world.root("shelf"), "a_");
    #[expect(clippy::disallowed_methods, reason = "the test damages the file")]
    std::fs::write(&path, content(70_000, 2)).unwrap();
    assert_eq!(world.archive_all(), (0, 1));
    assert!(path.exists());
    assert_eq!(data_files(&world.target()), Vec::<String>::new());
}

/// A whole element becomes ar once everything on it is on the target, and not before.
#[test]
fn an_element_becomes_ar_when_all_is_safe() {
    let world = World::new();
    for number in 0..5 {
        put(
            &world.archive,
            &world.bucket,
            &format!("k{number}"),
            Some("STANDARD_IA"),
            &content(70_000, number),
        )
        .unwrap();
        world.pass_time(DAY_MS / 24);
    }
    let rw = name("rw-01");
    let set = |mode| world.archive.set_mode(&caller(), &rw, mode);
    assert_eq!(set(Mode::Ar).unwrap_err().kind(), ErrorKind::ModeForbids);
    set(Mode::Ro).unwrap();
    assert_eq!(set(Mode::Ar).unwrap_err().kind(), ErrorKind::InvalidArgument, "it has no target");
    let place = TargetPlace::Directory(world.target());
    let target = ArchiveTarget { place, class: ArchiveClass::DeepArchive };
    world.archive.set_target(&caller(), &rw, &target).unwrap();
    let plan = world.archive.plan_mode(&rw, Mode::Ar).unwrap();
    assert_eq!((plan.class_from, plan.class_to), (StorageClass::GlacierIr, StorageClass::DeepArchive));
    let damaged = find_data(&world.root("rw-01"), "k3_");
    #[expect(clippy::disallowed_methods, reason = "the test damages a file, and mends it")]
    std::fs::write(&damaged, content(70_000, 9)).unwrap();
    assert_eq!(set(Mode::Ar).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(world.object("k0").mode, Mode::Ro);
    assert_eq!(get(&world.archive, &world.bucket, "k0").unwrap(), content(70_000, 0));
    #[expect(clippy::disallowed_methods, reason = "the test damages a file, and mends it")]
    std::fs::write(&damaged, content(70_000, 3)).unwrap();
    set(Mode::Ar).unwrap();
    assert_eq!(data_files(&world.target()).len(), 5);
    let killed = world.killed();
    for world in [&world, &killed] {
        for number in 0..5 {
            let object = world.object(&format!("k{number}"));
            assert_eq!((object.mode, object.class), (Mode::Ar, StorageClass::DeepArchive));
            let refused = get(&world.archive, &world.bucket, &format!("k{number}")).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Archived);
        }
    }
    assert_eq!(world.archive_all(), (5, 0));
    assert_eq!(data_files(&world.root("rw-01")), Vec::<String>::new());
    world.restore("k4", 1, Tier::Standard).unwrap();
    world.recall_all();
    assert_eq!(get(&world.archive, &world.bucket, "k4").unwrap(), content(70_000, 4));
}

/// A document may come back to an element that it left while that was looser; a kill loses it on no way.
#[test]
fn a_document_may_come_back_to_an_element() {
    let world = World::new();
    let new = NewElement { name: name("ro-01"), mode: Mode::Ro, root: None, max_size_bytes: None };
    world.archive.create_element(&caller(), new).unwrap();
    for (key, size) in [("small", 300), ("large", 70_000)] {
        put(&world.archive, &world.bucket, key, Some("STANDARD_IA"), &content(size, 1)).unwrap();
        world.transfer(key, Mode::Ro);
    }
    let rw = name("rw-01");
    world.archive.set_mode(&caller(), &rw, Mode::Ro).unwrap();
    let target =
        ArchiveTarget { place: TargetPlace::Directory(world.target()), class: ArchiveClass::Glacier };
    world.archive.set_target(&caller(), &rw, &target).unwrap();
    world.archive.set_mode(&caller(), &rw, Mode::Ar).unwrap();
    for key in ["small", "large"] {
        world.transfer(key, Mode::Ar);
        assert_eq!(world.object(key).element, rw);
    }
    let before_archiving = world.killed();
    assert_eq!(world.archive_all(), (2, 0));
    for world in [before_archiving, world.killed()] {
        assert_eq!(names(&world.archive, &world.bucket, "", None), ["large", "small"]);
        for key in ["small", "large"] {
            assert_eq!(world.object(key).mode, Mode::Ar);
        }
    }
}

/// Commands that move bytes elsewhere are a target like a folder; one that fails is tried again, with what it said.
#[test]
fn commands_move_bytes() {
    for verify in [None, Some("sha256sum < \"$STORE/$ARTSTORE_NAME\" | cut -d' ' -f1")] {
        let world = World::new();
        let store = world.target();
        let with_store = |command: &str| format!("STORE='{}'; {command}", store.display());
        let archive = "mkdir -p \"$(dirname \"$STORE/$ARTSTORE_NAME\")\" && cp \"$ARTSTORE_FILE\" \"$STORE/$ARTSTORE_NAME\"";
        let commands = MoverCommands {
            archive: with_store(&format!("test -e \"$STORE\" || {{ echo no tape >&2; exit 3; }}; {archive}")),
            recall: with_store("cp \"$STORE/$ARTSTORE_NAME\" \"$ARTSTORE_FILE\""),
            verify: verify.map(with_store),
            remove: None,
        };
        world.make_shelf(TargetPlace::Commands(commands));
        put(&world.archive, &world.bucket, "a b'c", None, &content(70_000, 1)).unwrap();
        world.transfer("a b'c", Mode::Ar);
        let pass = world.archive.archive_due().unwrap();
        let told = pass.failed[0].error.to_string();
        assert!(told.contains("no tape"), "{told}");
        #[expect(clippy::disallowed_methods, reason = "the operator puts a tape in")]
        std::fs::create_dir(&store).unwrap();
        world.pass_time(DAY_MS);
        assert_eq!(world.archive_all(), (1, 0));
        assert_eq!(data_files(&world.root("shelf")), Vec::<String>::new());
        assert_eq!(data_files(&store).len(), 1);
        let proofs = world.root("shelf").join(".artstore/archived");
        assert_eq!(proofs.read_dir().unwrap().count(), 0, "no proof is needed any more");
        world.restore("a b'c", 1, Tier::Standard).unwrap();
        world.recall_all();
        assert_eq!(get(&world.archive, &world.bucket, "a b'c").unwrap(), content(70_000, 1));
    }
}

/// What a command leaves running behind it, with its output open, is not waited for.
#[test]
fn a_command_ends_with_itself() {
    let world = World::new();
    let (store, pid) = (world.target(), world.fixture.folder.path().join("pid"));
    let commands = MoverCommands {
        archive: format!(
            "sleep 300 & echo $! > '{}'; cp \"$ARTSTORE_FILE\" '{}'",
            pid.display(),
            store.display()
        ),
        recall: format!("cp '{}' \"$ARTSTORE_FILE\"", store.display()),
        verify: None,
        remove: None,
    };
    world.make_shelf(TargetPlace::Commands(commands));
    put(&world.archive, &world.bucket, "a", None, b"archived").unwrap();
    world.transfer("a", Mode::Ar);
    assert_eq!(world.archive_all(), (1, 0));
    #[expect(clippy::disallowed_methods, reason = "the test reads what its command wrote")]
    let pid = std::fs::read_to_string(pid).unwrap();
    assert!(Path::new("/proc").join(pid.trim()).exists(), "it is running still");
    let ended = std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
    assert!(ended.success());
}

/// What is archived, and what is restored, is sealed, checked and scrubbed like anything else: bytes that are away are no
/// damage, and the seal of an hour that was made while they were here stays good.
#[test]
fn checks_pass_over_bytes_that_are_away() {
    let world = World::with_shelf();
    let limits = SealLimits { quiet: Duration::ZERO, hours_max: 100 };
    for (key, size) in [("before", 300), ("large", 40 * 65_536)] {
        put(&world.archive, &world.bucket, key, None, &content(size, 1)).unwrap();
        world.transfer(key, Mode::Ar);
    }
    world.pass_time(2 * DAY_MS / 24);
    assert_eq!(world.archive.seal_due(&limits).unwrap().sealed.len(), 1, "with the bytes");
    put(&world.archive, &world.bucket, "after", None, b"after").unwrap();
    world.transfer("after", Mode::Ar);
    assert_eq!(world.archive_all(), (3, 0));
    world.restore("large", 1, Tier::Standard).unwrap();
    world.recall_all();
    world.pass_time(2 * DAY_MS / 24);
    let pass = world.archive.seal_due(&limits).unwrap();
    assert!(pass.failed.is_empty() && !pass.sealed.is_empty(), "{pass:?}");
    let pace: Pace = Arc::new(|_| true);
    world.archive.scrub(pace).unwrap();
    let last = world.archive.scrub_status().last.unwrap();
    assert!(last.findings.is_empty(), "{:?}", last.findings);
    let fixture = world.reopened().fixture;
    let data = fixture.folder.path().join("data");
    let report = seal::verify::verify(&VerifyOptions::new(data.clone()), &mut |_| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    let report = fsck::check(FsckOptions::new(data), &mut |_| {}).unwrap();
    assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
}

/// A folder belongs to one element, and not every place is a target.
#[test]
fn a_target_belongs_to_one_element() {
    let world = World::with_shelf();
    element(&world.archive, "edit-02");
    let new = NewElement { name: name("other"), mode: Mode::Ar, root: None, max_size_bytes: None };
    world.archive.create_element(&caller(), new).unwrap();
    let set = |element: &str, place: TargetPlace| {
        let target = ArchiveTarget { place, class: ArchiveClass::Glacier };
        world.archive.set_target(&caller(), &name(element), &target).map(drop).map_err(|error| error.kind())
    };
    let folder = |path: PathBuf| TargetPlace::Directory(path);
    assert_eq!(set("other", folder(world.target())), Err(ErrorKind::AlreadyExists));
    assert_eq!(set("other", folder("relative".into())), Err(ErrorKind::InvalidArgument));
    assert_eq!(set("other", folder(world.root("other").join("tape"))), Err(ErrorKind::InvalidArgument));
    assert_eq!(
        set("edit-02", folder(world.fixture.folder.path().join("t2"))),
        Err(ErrorKind::InvalidArgument)
    );
    assert_eq!(set("shelf", folder(world.fixture.folder.path().join("t3"))), Err(ErrorKind::ModeForbids));
    assert_eq!(set("shelf", folder(world.target())), Ok(()));
    let commands = MoverCommands { archive: " ".into(), recall: "true".into(), verify: None, remove: None };
    assert_eq!(set("other", TargetPlace::Commands(commands)), Err(ErrorKind::InvalidArgument));
}
