//! An archive with a clock that a test sets, and an element whose documents are archived.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Fixture, caller, copy_tree, key};
use crate::archive::object::Object;
use crate::archive::restore::{RestoreRequest, Restoring, Tier};
use crate::archive::status::NewElement;
use crate::archive::transfer::{Destination, Transfer};
use crate::archive::{Archive, OpenOptions};
use crate::clock::Clock;
use crate::disk::{Disks, RealDisks};
use crate::mode::Mode;
use crate::name::{BucketName, ElementName};
use crate::target::simulated::{SimulatedBuckets, Troubles};
use crate::target::{ArchiveClass, ArchiveTarget, TargetPlace};

/// 2026-11-20T11:30:00Z.
pub(super) const START_MS: u64 = 1_795_174_200_000;
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// 2026-11-21T00:00:00Z.
pub(super) const MIDNIGHT_MS: u64 = 1_795_219_200_000;

pub(super) struct SetClock(pub(super) AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) struct World {
    pub(super) fixture: Fixture,
    pub(super) clock: Arc<SetClock>,
    pub(super) archive: Archive,
    pub(super) bucket: BucketName,
    /// What goes wrong with buckets elsewhere.
    pub(super) troubles: Arc<Troubles>,
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self::of(Fixture::new(), Arc::new(SetClock(AtomicU64::new(START_MS))));
        world.archive.create_bucket(&caller(), &world.bucket, "owner").unwrap();
        world
    }

    /// The archive that a folder holds.
    pub(super) fn of(fixture: Fixture, clock: Arc<SetClock>) -> Self {
        let troubles = Arc::new(Troubles::default());
        let disks: Arc<dyn Disks> = Arc::new(RealDisks);
        let root = fixture.folder.path().to_owned();
        let options = OpenOptions {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            buckets: Arc::new(SimulatedBuckets::new(disks, root, Arc::clone(&troubles))),
            ..OpenOptions::new(fixture.folder.path().join("data"))
        };
        let (archive, bucket) = (Archive::open(options).unwrap(), fixture.bucket.clone());
        Self { fixture, clock, archive, bucket, troubles }
    }

    /// With an element `shelf` of mode ar whose target is a folder.
    pub(super) fn with_shelf() -> Self {
        let world = Self::new();
        world.make_shelf(TargetPlace::Directory(world.target()));
        world
    }

    pub(super) fn make_shelf(&self, place: TargetPlace) {
        let new = NewElement { name: name("shelf"), mode: Mode::Ar, root: None, max_size_bytes: None };
        self.archive.create_element(&caller(), new).unwrap();
        self.make_target(place);
    }

    pub(super) fn make_target(&self, place: TargetPlace) {
        let target = ArchiveTarget { place, class: ArchiveClass::Glacier };
        self.archive.set_target(&caller(), &name("shelf"), &target).unwrap();
    }

    pub(super) fn target(&self) -> PathBuf {
        self.fixture.folder.path().join("tape")
    }

    pub(super) fn root(&self, element: &str) -> PathBuf {
        self.fixture.folder.path().join("data/elements").join(element)
    }

    pub(super) fn object(&self, name: &str) -> Arc<Object> {
        self.archive.object(&self.bucket, &key(name), None).unwrap()
    }

    pub(super) fn transfer(&self, name: &str, to: Mode) {
        let transfer =
            Transfer { version: None, to: Destination::Mode(to), revision: None, attributes: None };
        self.archive.transfer(&caller(), &self.bucket, &key(name), &transfer).unwrap();
    }

    /// Archives what there is, and answers how many documents that were and how many could not be.
    pub(super) fn archive_all(&self) -> (u64, usize) {
        let (mut archived, mut failed) = (0, 0);
        loop {
            let pass = self.archive.archive_due().unwrap();
            archived += pass.archived;
            failed += pass.failed.len();
            if !pass.is_more {
                return (archived, failed);
            }
        }
    }

    pub(super) fn restore(&self, name: &str, days: u32, tier: Tier) -> crate::Result<Restoring> {
        let request = RestoreRequest { version: None, days, tier };
        self.archive.restore(&caller(), &self.bucket, &key(name), &request)
    }

    pub(super) fn recall_all(&self) -> Vec<String> {
        std::iter::from_fn(|| self.archive.recall_next().unwrap())
            .map(|recall| recall.key.as_str().to_owned())
            .collect()
    }

    pub(super) fn pass_time(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// What is left when the archive was closed.
    pub(super) fn closed(self) -> (Fixture, Arc<SetClock>) {
        let Self { fixture, clock, archive, .. } = self;
        archive.close().unwrap();
        (fixture, clock)
    }

    pub(super) fn reopened(self) -> Self {
        let (fixture, clock) = self.closed();
        Self::of(fixture, clock)
    }

    /// What a SIGKILL would leave of it.
    pub(super) fn killed(&self) -> Self {
        let fixture = Fixture::new();
        copy_tree(&self.fixture.folder.path().join("data"), &fixture.folder.path().join("data"));
        Self::of(fixture, Arc::new(SetClock(AtomicU64::new(self.clock.now_ms()))))
    }
}

pub(super) fn name(text: &str) -> ElementName {
    ElementName::parse(text).unwrap()
}

/// Names of the data files below a folder.
#[expect(clippy::disallowed_methods, reason = "the test looks for files as a person would")]
pub(super) fn data_files(root: &Path) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && name != "buckets" && name != "seals" {
                    folders.push(entry.path());
                }
            } else if !name.ends_with(".json") {
                files.push(name);
            }
        }
    }
    files.sort_unstable();
    files
}
