//! Disposal: what goes, what stays of it, and what does not go.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::shelf::{DAY_MS, START_MS, World, data_files};
use super::{caller, content, key, put};
use crate::archive::annotate::Annotation;
use crate::archive::bucket::Versioning;
use crate::archive::disposal::{Disposable, Disposed};
use crate::archive::object::Attributes;
use crate::archive::restore::Tier;
use crate::fsck::{self, FsckOptions};
use crate::mode::Mode;
use crate::retention::{Disposal, REASON_CHARS_MAX};
use crate::sidecar::{self, Kind, Sidecar};
use crate::target::{MoverCommands, TargetPlace};
use crate::{ErrorKind, Result};

fn by(run: u128) -> Disposal {
    Disposal {
        run: Uuid::from_u128(run),
        reason: "schedule 7, ten years".into(),
        released_by: "archivist".into(),
        disposed_ms: 0,
    }
}

/// A document of mode `to` with metadata that needs an overflow sidecar.
fn document(world: &World, name: &str, size: usize, to: Mode) -> Disposable {
    put(&world.archive, &world.bucket, name, None, &content(size, 9)).unwrap();
    world.transfer(name, to);
    found(world, name)
}

fn found(world: &World, name: &str) -> Disposable {
    let version = world.object(name).version_id;
    world.archive.disposable(&world.bucket, &key(name), version).unwrap()
}

fn dispose(world: &World, of: &Disposable) -> Result<Disposed> {
    world.archive.dispose(&caller(), of, &by(7))
}

fn kind_of<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[expect(clippy::disallowed_methods, reason = "the test reads a sidecar as a person would")]
fn sidecar_of(world: &World, of: &Disposable) -> Sidecar {
    let path = world.root(of.element.as_str()).join(of.path.sidecar());
    sidecar::decode(&std::fs::read(path).unwrap(), "sidecar", |_| panic!("it has no overflow")).unwrap()
}

/// Every file below a folder.
fn files_of(folder: &Path) -> Vec<String> {
    let found = std::process::Command::new("find").arg(folder).args(["-type", "f"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn check_sound(world: World) -> World {
    assert_eq!(scrubbed(&world), 0);
    let (fixture, clock) = world.closed();
    let report = fsck::check(FsckOptions::new(fixture.folder.path().join("data")), &mut |_| {}).unwrap();
    assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
    World::of(fixture, clock)
}

fn scrubbed(world: &World) -> usize {
    world.archive.scrub(Arc::new(|_| true)).unwrap();
    world.archive.scrub_status().last.unwrap().findings.len()
}

/// What is disposed of is gone for good, through a kill, a start and the loss of the catalog; its tombstone says what it
/// was and why it went, and nothing that a client said of it.
#[test]
fn a_tombstone_stays() {
    let world = World::new();
    for (name, size) in [("small", 5), ("large", 40 * 65_536)] {
        let of = document(&world, name, size, Mode::Rw);
        let hidden = world.archive.object(&world.bucket, &key(name), None).unwrap();
        assert_eq!(dispose(&world, &of).unwrap(), Disposed::Now);
        for world in [&world, &world.killed()] {
            let gone = world.archive.object(&world.bucket, &key(name), Some(of.version));
            assert_eq!(kind_of(gone), ErrorKind::NoSuchVersion);
            assert_eq!(data_files(&world.root("rw-01")), [""; 0]);
            let stone = sidecar_of(world, &of);
            assert_eq!((stone.kind, stone.size, stone.sha256), (Kind::Tombstone, size as u64, hidden.sha256));
            assert_eq!(
                (&stone.key, &stone.etag, stone.created_ms),
                (&hidden.key, &hidden.etag, hidden.modified_ms)
            );
            let why = stone.disposal.unwrap();
            assert_eq!((why.run, &*why.reason), (Uuid::from_u128(7), "schedule 7, ten years"));
            assert_eq!(stone.attributes, Default::default());
            assert_eq!(dispose(world, &of).unwrap(), Disposed::Before, "a run that is repeated");
            let other = world.archive.dispose(&caller(), &of, &by(8));
            assert_eq!(kind_of(other), ErrorKind::NoSuchVersion, "another run has not done it");
        }
    }
    let world = check_sound(world);
    #[expect(clippy::disallowed_methods, reason = "the catalog is lost")]
    std::fs::remove_dir_all(world.fixture.folder.path().join("data/catalog")).unwrap();
    let world = check_sound(world.reopened());
    assert_eq!(kind_of(world.archive.object(&world.bucket, &key("small"), None)), ErrorKind::NoSuchKey);
    world.archive.delete_bucket(&caller(), &world.bucket).unwrap();
}

/// What is kept, was changed, lies in edit or is a marker is not disposed of, nor is anything without a reason.
#[test]
fn what_may_not_go_stays() {
    let world = World::new();
    world.archive.set_versioning(&caller(), &world.bucket, Versioning::Enabled).unwrap();
    put(&world.archive, &world.bucket, "draft", None, b"draft").unwrap();
    let draft = found(&world, "draft");
    assert_eq!(kind_of(dispose(&world, &draft)), ErrorKind::ModeForbids);
    let of = document(&world, "kept", 5, Mode::Rw);
    world.archive.retain(&caller(), &world.bucket, &key("kept"), None, START_MS + 9 * DAY_MS).unwrap();
    assert_eq!(kind_of(dispose(&world, &of)), ErrorKind::PreconditionFailed, "it was retained meanwhile");
    let of = found(&world, "kept");
    assert_eq!(of.kept_until_ms, Some(START_MS + 9 * DAY_MS));
    assert_eq!(kind_of(dispose(&world, &of)), ErrorKind::Retained);
    world.pass_time(9 * DAY_MS);
    for reason in ["", " ", "two\nlines", &"x".repeat(REASON_CHARS_MAX + 1)] {
        let disposal = Disposal { reason: reason.into(), ..by(7) };
        let refused = world.archive.dispose(&caller(), &of, &disposal);
        assert_eq!(kind_of(refused), ErrorKind::InvalidArgument, "{reason:?}");
    }
    put(&world.archive, &world.bucket, "kept", None, b"newer").unwrap();
    assert_eq!(dispose(&world, &of).unwrap(), Disposed::Now);
    assert_eq!(world.object("kept").size, 5, "a newer version stays");
    let world = check_sound(world);
    assert_eq!(world.archive.object(&world.bucket, &key("draft"), None).unwrap().size, 5);
}

/// What a client said of a document, which does not fit into a sidecar, leaves the target too, also where the sidecar
/// there is damaged and names it no more.
#[test]
fn overflow_sidecars_go_from_the_target() {
    for is_damaged in [false, true] {
        let world = World::with_shelf();
        put(&world.archive, &world.bucket, "wide", None, b"1").unwrap();
        let metadata = (0..3).map(|number| (number.to_string(), "x".repeat(1900))).collect();
        let annotation = Annotation {
            version: None,
            revision: world.object("wide").revision,
            attributes: Attributes { metadata, ..Attributes::default() },
            renews_time: false,
        };
        world.archive.annotate(&caller(), &world.bucket, &key("wide"), annotation).unwrap();
        world.transfer("wide", Mode::Ar);
        let of = found(&world, "wide");
        assert_eq!(world.archive_all(), (1, 0));
        assert_eq!(files_of(&world.target()).len(), 4, "mark, bytes, sidecar and its overflow");
        if is_damaged {
            #[expect(clippy::disallowed_methods, reason = "the tape rots")]
            std::fs::write(world.target().join(of.path.sidecar()), "{").unwrap();
        }
        assert_eq!(dispose(&world, &of).unwrap(), Disposed::Now);
        assert_eq!(
            files_of(&world.target()),
            [world.target().join("artstore-target.json").display().to_string()]
        );
    }
}

/// Of an archived document the bytes on the target go as well, with what tells of them there, and a restored copy.
#[test]
fn archived_bytes_go_too() {
    let world = World::with_shelf();
    let of = document(&world, "a", 70_000, Mode::Ar);
    let fresh = document(&world, "fresh", 5, Mode::Ar);
    assert_eq!(dispose(&world, &fresh).unwrap(), Disposed::Now, "its bytes are here still");
    assert_eq!(world.archive_all(), (1, 0));
    world.restore("a", 1, Tier::Standard).unwrap();
    world.recall_all();
    assert_eq!(data_files(&world.target()).len(), 1);
    assert_eq!(dispose(&world, &of).unwrap(), Disposed::Now);
    assert_eq!(
        files_of(&world.target()),
        [world.target().join("artstore-target.json").display().to_string()]
    );
    let restored = world.root("shelf").join(".artstore/restored");
    assert_eq!(restored.read_dir().unwrap().count(), 0, "the restored copy is gone");
    let world = check_sound(world);
    assert_eq!(world.archive_all(), (0, 0));
    #[expect(clippy::disallowed_methods, reason = "the tape is away")]
    std::fs::rename(world.target(), world.target().with_extension("away")).unwrap();
    let of = document(&world, "b", 5, Mode::Ar);
    assert_eq!(kind_of(dispose(&world, &of)), ErrorKind::Unavailable);
    assert_eq!(world.object("b").size, 5, "nothing was done by half");
}

/// Movers dispose where they have a command for it. One that fails is run again when the disposal is.
#[test]
fn movers_remove() {
    let world = World::new();
    let commands = movers(&world, "");
    world.make_shelf(TargetPlace::Commands(MoverCommands { remove: None, ..commands.clone() }));
    let of = document(&world, "a", 5, Mode::Ar);
    assert_eq!(world.archive_all(), (1, 0));
    assert_eq!(kind_of(dispose(&world, &of)), ErrorKind::Unsupported);
    assert_eq!(world.object("a").size, 5);
    world.make_target(TargetPlace::Commands(commands));
    #[expect(clippy::disallowed_methods, reason = "the tape does not turn")]
    std::fs::write(world.target().join("jammed"), "").unwrap();
    assert_eq!(kind_of(dispose(&world, &of)), ErrorKind::Unavailable);
    assert_eq!(kind_of(world.archive.object(&world.bucket, &key("a"), None)), ErrorKind::NoSuchKey);
    #[expect(clippy::disallowed_methods, reason = "it turns again")]
    std::fs::remove_file(world.target().join("jammed")).unwrap();
    assert_eq!(dispose(&world, &of).unwrap(), Disposed::Before);
    assert_eq!(data_files(&world.target()), [""; 0]);
}

/// A document that is disposed of while its bytes are being stored does not stay on the target.
#[test]
fn a_disposal_overtakes_archiving() {
    let world = World::new();
    let fifo = world.fixture.folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    world.make_shelf(TargetPlace::Commands(movers(&world, &format!("cat '{}' >&2; ", fifo.display()))));
    let of = document(&world, "a", 5, Mode::Ar);
    std::thread::scope(|scope| {
        let archiving = scope.spawn(|| world.archive_all());
        // Opens once the command reads.
        #[expect(clippy::disallowed_methods, reason = "the test holds the command up")]
        let mut gate = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        assert_eq!(dispose(&world, &of).unwrap(), Disposed::Now);
        gate.write_all(b"go").unwrap();
        drop(gate);
        assert_eq!(archiving.join().unwrap(), (0, 0));
    });
    assert_eq!(data_files(&world.target()), [""; 0]);
    let proofs = world.root("shelf").join(".artstore/archived");
    assert_eq!(proofs.read_dir().unwrap().count(), 0);
}

/// Commands that keep bytes in a folder of the test; `first` is run before one is archived.
fn movers(world: &World, first: &str) -> MoverCommands {
    let store = world.target();
    #[expect(clippy::disallowed_methods, reason = "the operator puts a tape in")]
    std::fs::create_dir(&store).unwrap();
    let with_store = |command: &str| format!("STORE='{}'; {command}", store.display());
    MoverCommands {
        archive: with_store(&format!(
            "exec 3<\"$ARTSTORE_FILE\"; {first}cat <&3 >\"$STORE/$(basename \"$ARTSTORE_NAME\")\""
        )),
        recall: with_store("cp \"$STORE/$(basename \"$ARTSTORE_NAME\")\" \"$ARTSTORE_FILE\""),
        verify: None,
        remove: Some(with_store(
            "test ! -e \"$STORE/jammed\" && rm -f \"$STORE/$(basename \"$ARTSTORE_NAME\")\"",
        )),
    }
}
