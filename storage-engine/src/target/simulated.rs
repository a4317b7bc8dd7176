//! Buckets that are folders of a disk: they outlive the archive whose target they are, and fail where a test says.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::remote::{RemoteBody, RemoteBucket, RemoteBuckets};
use super::setting::BucketPlace;
use crate::disk::{Disk, Disks, SharedDisk, parent};
use crate::error::{Error, ErrorKind, Result};
use crate::name::BucketName;

const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The request is refused and has done nothing.
    Refused,
    /// The request is done and its answer is lost.
    Unanswered,
    /// One byte on the way is another.
    Damaged,
}

/// Which request goes wrong. Counts from 1.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    requests: AtomicU64,
    at: AtomicU64,
    what: AtomicU64,
}

impl Troubles {
    const ALL: [Trouble; 3] = [Trouble::Refused, Trouble::Unanswered, Trouble::Damaged];

    /// Lets the `at`-th request from now on go wrong; none for 0.
    pub(crate) fn plan(&self, at: u64, what: Trouble) {
        self.what.store(Self::ALL.iter().position(|&known| known == what).unwrap() as u64, Ordering::Relaxed);
        self.requests.store(0, Ordering::Relaxed);
        self.at.store(at, Ordering::Relaxed);
    }

    /// Requests since the last plan.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn next(&self) -> Option<Trouble> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let what = Self::ALL[self.what.load(Ordering::Relaxed) as usize];
        (request == self.at.load(Ordering::Relaxed)).then_some(what)
    }
}

/// Reaches the buckets below a folder.
pub(crate) struct SimulatedBuckets {
    disks: Arc<dyn Disks>,
    root: PathBuf,
    troubles: Arc<Troubles>,
}

impl SimulatedBuckets {
    pub(crate) fn new(disks: Arc<dyn Disks>, root: PathBuf, troubles: Arc<Troubles>) -> Self {
        Self { disks, root, troubles }
    }
}

/// The prefix `prefix` of a bucket `tape`.
pub(crate) fn place(prefix: &str) -> BucketPlace {
    BucketPlace {
        endpoint: "https://example.org".to_owned(),
        bucket: BucketName::parse("tape").unwrap(),
        prefix: prefix.to_owned(),
        region: "us-east-1".to_owned(),
        credentials: "/etc/credentials".into(),
        profile: "default".to_owned(),
    }
}

impl RemoteBuckets for SimulatedBuckets {
    fn open(&self, place: &BucketPlace) -> Result<Box<dyn RemoteBucket>> {
        let disk = self.disks.open(&self.root.join(place.bucket.as_str()), true).map_err(away)?;
        Ok(Box::new(SimulatedBucket { disk, troubles: Arc::clone(&self.troubles) }))
    }
}

struct SimulatedBucket {
    disk: SharedDisk,
    troubles: Arc<Troubles>,
}

fn away(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "ask the bucket").caused_by(error)
}

impl SimulatedBucket {
    /// Does a request, with what goes wrong. `done` is told whether bytes are damaged.
    fn request<T>(&self, done: impl FnOnce(bool) -> Result<T>) -> Result<T> {
        let lost = || away(io::ErrorKind::ConnectionReset.into());
        match self.troubles.next() {
            None => done(false),
            Some(Trouble::Refused) => Err(lost()),
            Some(Trouble::Unanswered) => done(false).and_then(|_| Err(lost())),
            Some(Trouble::Damaged) => done(true),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.disk.read_whole(name, FILE_BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(away(error)),
        }
    }
}

fn damage(bytes: &mut [u8], is_damaged: bool) {
    if let Some(last) = bytes.last_mut().filter(|_| is_damaged) {
        *last ^= 1;
    }
}

impl RemoteBucket for SimulatedBucket {
    fn put(&self, name: &str, body: &RemoteBody<'_>) -> Result<()> {
        let mut bytes = Vec::new();
        loop {
            let piece = (body.read)(bytes.len() as u64)?;
            if piece.is_empty() {
                break;
            }
            bytes.extend_from_slice(&piece);
        }
        assert_eq!(bytes.len() as u64, body.size, "a PUT says how long it is");
        self.request(|is_damaged| {
            damage(&mut bytes, is_damaged);
            let disk: &dyn Disk = &*self.disk;
            disk.create_dir_durable(parent(name))
                .and_then(|()| disk.write_durable(name, &bytes))
                .map_err(away)
        })
    }

    fn get(
        &self,
        name: &str,
        _is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        self.request(|is_damaged| {
            let Some(mut bytes) = self.read(name)? else { return Ok(false) };
            damage(&mut bytes, is_damaged);
            bytes.chunks(10_000).try_for_each(take).map(|()| true)
        })
    }

    fn size(&self, name: &str, _is_stopped: &dyn Fn() -> bool) -> Result<Option<u64>> {
        self.request(|_| Ok(self.read(name)?.map(|bytes| bytes.len() as u64)))
    }

    fn names(&self, prefix: &str, _is_stopped: &dyn Fn() -> bool) -> Result<Vec<String>> {
        self.request(|_| {
            let (folder, mut names) = (parent(prefix), Vec::new());
            match self.disk.each_entry(folder, &mut |entry| names.push(format!("{folder}/{}", entry.name))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(away(error)),
                _ => names.retain(|name| name.starts_with(prefix)),
            }
            Ok(names)
        })
    }

    fn remove(&self, name: &str, _is_stopped: &dyn Fn() -> bool) -> Result<()> {
        self.request(|_| match self.disk.exists(name) {
            Ok(true) => self.disk.remove_durable(name).map_err(away),
            Ok(false) => Ok(()),
            Err(error) => Err(away(error)),
        })
    }
}
