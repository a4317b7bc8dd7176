//! The catalog's store: redb, one file (ADR 0002 says why and with which settings).

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::backend::Backend;
use super::blocks::Blocks;
use super::descents;
use super::entry::Entry;
use super::feed::{self, Change, ChangeKind, Cursor};
use super::key;
use super::listing::{self, Page, PageRequest};
use super::overlay::Overlay;
use super::rows::Rows;
use super::unsealed;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Place;
use crate::mode::Mode;
use crate::name::{BucketName, ElementId, ObjectKey};
use crate::seal::UnsealedRecord;

const CACHE_BYTES: usize = 16 << 20;
const REBUILT: &str = "it is damaged or its disk failed: restart the server, which makes it again";
/// Raised whenever rows or the file change their form; a catalog of another format is rebuilt.
const FORMAT: u64 = 5;

pub(super) const VERSIONS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("versions");
pub(super) const FEED: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("feed");
pub(super) const SESSIONS: TableDefinition<'static, u64, u64> = TableDefinition::new("sessions");
pub(super) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
/// Elements of which every version is in the catalog, each with its mode by its place in [`Mode::ALL`].
pub(super) const COVERED: TableDefinition<'static, &[u8], u8> = TableDefinition::new("covered");

/// One step of a change, as the catalog takes it.
pub(crate) enum Update {
    Put { bucket: BucketName, key: ObjectKey, entry: Box<Entry>, change_seq: u64 },
    Remove { bucket: BucketName, key: ObjectKey, version_seq: u64, change_seq: u64 },
}

impl Update {
    /// The row of a version that goes on to another class by itself.
    fn bound_row(&self) -> Option<Vec<u8>> {
        match self {
            Self::Put { bucket, key, entry, .. } if entry.is_bound => {
                Some(key::row(bucket.as_str(), key.as_str(), entry.seq))
            }
            Self::Put { .. } | Self::Remove { .. } => None,
        }
    }
}

/// What is known of an element in use.
pub(crate) struct KnownElement {
    pub(crate) id: ElementId,
    /// Its mode; `None` while that is about to change.
    pub(crate) mode: Option<Mode>,
    /// Its hours that are to be sealed.
    pub(crate) unsealed: UnsealedRecord,
}

/// The open catalog.
pub(crate) struct Catalog {
    pub(super) database: Database,
    /// Its file; `None` where nothing may be written.
    pub(super) blocks: Option<Arc<Blocks>>,
    /// Position of the last row of the feed.
    position: Mutex<u64>,
    session: u64,
    epoch: u64,
}

/// Any error of the store: it is thrown away and rebuilt at the next start.
pub(super) fn failed(error: impl Into<redb::Error>) -> Error {
    let error = error.into();
    let (kind, why) = match &error {
        redb::Error::Io(io) if io.kind() == io::ErrorKind::StorageFull => (ErrorKind::StorageFull, None),
        redb::Error::Io(io) if io.kind() == io::ErrorKind::InvalidData => (ErrorKind::Corrupt, Some(REBUILT)),
        redb::Error::PreviousIo => (ErrorKind::Unavailable, Some(REBUILT)),
        _ => (ErrorKind::Io, None),
    };
    let failed = Error::new(kind, "use catalog").caused_by(error);
    match why {
        Some(why) => failed.because(why),
        None => failed,
    }
}

impl Catalog {
    /// The catalog's file in the data directory.
    pub(crate) const FILE: &str = "catalog/catalog.redb";

    /// Opens the catalog of `archive`, whose last checkpoint is `checkpoint`; makes an empty one where
    /// there is none, or it is damaged, of another format or archive, or older than that.
    pub(crate) fn open(disk: &dyn Disk, archive: u64, checkpoint: u64) -> Result<Self> {
        let io = |error| Error::io("open catalog", Self::FILE, error);
        disk.create_dir_durable("catalog").map_err(io)?;
        if disk.exists(Self::FILE).map_err(io)? {
            let opened = catch_unwind(AssertUnwindSafe(|| Self::open_file(disk, archive, Some(checkpoint))));
            match opened {
                Ok(Ok(catalog)) => return Ok(catalog),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the catalog cannot be used and is rebuilt from the sidecars")
                }
                Err(_) => tracing::warn!("the catalog is damaged and is rebuilt from the sidecars"),
            }
        }
        Self::make(disk, archive)
    }

    /// Makes an empty catalog of `archive` in the place of what is there.
    pub(crate) fn make(disk: &dyn Disk, archive: u64) -> Result<Self> {
        let io = |error| Error::io("make catalog", Self::FILE, error);
        disk.create_dir_durable("catalog").map_err(io)?;
        disk.remove_durable(Self::FILE).map_err(io)?;
        disk.create(Self::FILE).map_err(io)?;
        disk.sync_dir("catalog").map_err(io)?;
        Self::open_file(disk, archive, None)
    }

    /// Opens the catalog as [`Self::open`] does, for reading: nothing is written to disk, and one that
    /// cannot be used is an error.
    ///
    /// *Errors*: `Io` also where there is none; `Corrupt` where a start would make it again.
    pub(crate) fn open_unwritten(disk: &dyn Disk, archive: u64, checkpoint: u64) -> Result<Self> {
        let io = |error| Error::io("open catalog", Self::FILE, error);
        let overlay = Blocks::open(disk.open(Self::FILE).map_err(io)?).and_then(Overlay::new).map_err(io)?;
        let open = || Self::open_on(overlay, None, archive, Some(checkpoint));
        let opened = catch_unwind(AssertUnwindSafe(open));
        opened.unwrap_or_else(|_| Err(Error::new(ErrorKind::Corrupt, "open catalog").about(Self::FILE)))
    }

    fn open_file(disk: &dyn Disk, archive: u64, checkpoint: Option<u64>) -> Result<Self> {
        let opened = disk.open_to_write(Self::FILE).and_then(Blocks::open);
        let blocks = Arc::new(opened.map_err(|error| Error::io("open catalog", Self::FILE, error))?);
        Self::open_on(Backend::new(Arc::clone(&blocks)), Some(blocks), archive, checkpoint)
    }

    fn open_on(
        backend: impl redb::StorageBackend,
        blocks: Option<Arc<Blocks>>,
        archive: u64,
        checkpoint: Option<u64>,
    ) -> Result<Self> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let database = builder.create_with_backend(backend).map_err(failed)?;
        let transaction = durable(&database)?;
        let (session, epoch, position);
        {
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let read = |name| meta.get(name).map(|found| found.map(|value| value.value())).map_err(failed);
            let found = (read("format")?, read("archive")?, read("checkpoint")?, read("epoch")?);
            epoch = match (checkpoint, found) {
                (Some(least), (Some(FORMAT), Some(of), Some(last), Some(epoch)))
                    if of == archive && last >= least =>
                {
                    epoch
                }
                (Some(_), found) => {
                    return Err(Error::new(ErrorKind::Corrupt, "open catalog").because(format_args!(
                        "it is not at this archive's last checkpoint (format, archive, checkpoint, epoch: {found:?})"
                    )));
                }
                (None, _) => {
                    getrandom::u64().map_err(|e| Error::new(ErrorKind::Io, "draw epoch").caused_by(e))?
                }
            };
            for (name, value) in [("format", FORMAT), ("archive", archive), ("epoch", epoch)] {
                meta.insert(name, value).map_err(failed)?;
            }
            if checkpoint.is_none() {
                meta.insert("checkpoint", 0).map_err(failed)?;
            }
            Rows::open(&transaction)?;
            transaction.open_table(COVERED).map_err(failed)?;
            transaction.open_table(unsealed::TABLE).map_err(failed)?;
            transaction.open_table(descents::TABLE).map_err(failed)?;
            let feed = transaction.open_table(FEED).map_err(failed)?;
            position = feed.last().map_err(failed)?.map_or(0, |(position, _)| position.value());
            let mut sessions = transaction.open_table(SESSIONS).map_err(failed)?;
            session = sessions.last().map_err(failed)?.map_or(1, |(session, _)| session.value() + 1);
            sessions.insert(session, position).map_err(failed)?;
            while sessions.len().map_err(failed)? > feed::SESSIONS_MAX as u64 {
                sessions.pop_first().map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)?;
        Ok(Self { database, blocks, position: Mutex::new(position), session, epoch })
    }

    /// Applies steps as one: readers see all of them or none. Not durable before a checkpoint.
    pub(crate) fn apply(&self, updates: &[Update]) -> Result<()> {
        let mut last = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        let mut position = *last;
        {
            let mut rows = Rows::open(&transaction)?;
            let mut feed = transaction.open_table(FEED).map_err(failed)?;
            for update in updates {
                let change = apply_one(&mut rows, update)?;
                position += 1;
                let bytes = postcard::to_stdvec(&change).map_err(|error| {
                    Error::new(ErrorKind::InvalidArgument, "encode feed row").caused_by(error)
                })?;
                feed.insert(position, bytes.as_slice()).map_err(failed)?;
            }
        }
        let bound: Vec<_> = updates.iter().filter_map(Update::bound_row).collect();
        descents::note(&transaction, &bound)?;
        transaction.commit().map_err(failed)?;
        *last = position;
        Ok(())
    }

    /// Loads versions found by a scan, which are no news to followers. Of two places of one version
    /// the later placement stays.
    pub(crate) fn load(&self, found: &mut Vec<(BucketName, ObjectKey, Entry)>) -> Result<()> {
        found.sort_unstable_by(|a, b| (&a.0, &a.1, b.2.seq).cmp(&(&b.0, &b.1, a.2.seq)));
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        let mut bound = Vec::new();
        {
            let mut rows = Rows::open(&transaction)?;
            for (bucket, key, entry) in found.drain(..) {
                rows.put_newest(&bucket, &key, &entry)?;
                if entry.is_bound {
                    bound.push(key::row(bucket.as_str(), key.as_str(), entry.seq));
                }
            }
        }
        descents::note(&transaction, &bound)?;
        transaction.commit().map_err(failed)
    }

    /// The highest sequence number that had been given at the last checkpoint.
    pub(crate) fn last_seq(&self) -> Result<u64> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let meta = transaction.open_table(META).map_err(failed)?;
        Ok(meta.get("last_seq").map_err(failed)?.map_or(0, |value| value.value()))
    }

    /// Makes everything applied durable, as checkpoint number `checkpoint`, together with what is known of the
    /// elements in use, and trims the feed.
    pub(crate) fn persist(&self, checkpoint: u64, last_seq: u64, elements: &[KnownElement]) -> Result<()> {
        let transaction = durable(&self.database)?;
        {
            let mut hours = transaction.open_table(unsealed::TABLE).map_err(failed)?;
            unsealed::write(&mut hours, elements, checkpoint)?;
            let mut covered = transaction.open_table(COVERED).map_err(failed)?;
            for (element, mode) in elements.iter().filter_map(|known| Some((known, mode_number(known.mode?))))
            {
                let id = element.id.as_bytes().as_slice();
                let before = covered.get(id).map_err(failed)?.map(|known| known.value());
                if before.is_some_and(|before| before != mode) {
                    covered.insert(id, mode).map_err(failed)?;
                }
            }
            let mut meta = transaction.open_table(META).map_err(failed)?;
            meta.insert("checkpoint", checkpoint).map_err(failed)?;
            meta.insert("last_seq", last_seq).map_err(failed)?;
            let mut feed = transaction.open_table(FEED).map_err(failed)?;
            let last = feed.last().map_err(failed)?.map_or(0, |(position, _)| position.value());
            if let Some(horizon) = last.checked_sub(feed::ROWS_MAX) {
                feed.retain_in(..=horizon, |_, _| false).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// The hours of an element that were to be sealed at the last checkpoint; `None` where nobody knows, as
    /// after a release that keeps no such record.
    pub(crate) fn unsealed(&self, element: ElementId) -> Result<Option<UnsealedRecord>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let meta = transaction.open_table(META).map_err(failed)?;
        let last = meta.get("checkpoint").map_err(failed)?.map_or(0, |value| value.value());
        unsealed::read(&transaction.open_table(unsealed::TABLE).map_err(failed)?, element, last)
    }

    /// The mode of an element of which every version is in the catalog, as it was at the last checkpoint.
    pub(crate) fn covered_mode(&self, element: ElementId) -> Result<Option<Mode>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let covered = transaction.open_table(COVERED).map_err(failed)?;
        let known = covered.get(element.as_bytes().as_slice()).map_err(failed)?;
        Ok(known.and_then(|number| Mode::ALL.get(usize::from(number.value())).copied()))
    }

    /// Whether every version on `element` is in the catalog.
    pub(crate) fn covers(&self, element: ElementId) -> Result<bool> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let covered = transaction.open_table(COVERED).map_err(failed)?;
        Ok(covered.get(element.as_bytes().as_slice()).map_err(failed)?.is_some())
    }

    /// Notes that every version on `element` is in the catalog.
    pub(crate) fn set_covered(&self, element: ElementId, mode: Mode) -> Result<()> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        {
            let mut covered = transaction.open_table(COVERED).map_err(failed)?;
            covered.insert(element.as_bytes().as_slice(), mode_number(mode)).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Forgets that an element is covered.
    pub(crate) fn clear_covered(&self, element: ElementId) -> Result<()> {
        let transaction = durable(&self.database)?;
        {
            let mut covered = transaction.open_table(COVERED).map_err(failed)?;
            covered.remove(element.as_bytes().as_slice()).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Hands every version with its bucket and key to `take`, in order. Its pages stay in use meanwhile: for
    /// an archive that is not changed.
    ///
    /// *Errors*: `Corrupt` where a row is damaged, and what `take` answers.
    pub(crate) fn walk(&self, take: &mut dyn FnMut(&str, &str, &Entry) -> Result<()>) -> Result<()> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        for row in versions.iter().map_err(failed)? {
            let (row, value) = row.map_err(failed)?;
            let bucket = key::bucket_of(row.value()).unwrap_or_default();
            let (key, seq) = key::split(row.value(), bucket)
                .ok_or_else(|| Error::new(ErrorKind::Corrupt, "read catalog row"))?;
            take(bucket, &key, &Entry::decode(value.value(), seq)?)?;
        }
        Ok(())
    }

    /// Of several versions `null` of one key, all but the newest, which a stop left behind: takes them
    /// out of the catalog and returns their places.
    pub(crate) fn drop_superseded_nulls(&self) -> Result<Vec<Place>> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        let mut superseded = Vec::new();
        {
            let mut rows = Rows::open(&transaction)?;
            let mut null_of: Option<Vec<u8>> = None;
            let mut old = Vec::new();
            for row in rows.versions().iter().map_err(failed)? {
                let (row, value) = row.map_err(failed)?;
                let entry = Entry::decode(value.value(), 0)?;
                let name = row.value().get(..row.value().len().saturating_sub(8)).unwrap_or_default();
                if !entry.version_id.is_null() {
                    continue;
                }
                if null_of.as_deref() == Some(name) {
                    old.push(row.value().to_vec());
                    superseded.push(entry.place);
                } else {
                    null_of = Some(name.to_vec());
                }
            }
            for row in old {
                rows.remove(&row)?;
            }
        }
        transaction.commit().map_err(failed)?;
        Ok(superseded)
    }

    /// One page of current objects or of versions.
    pub(crate) fn page(&self, request: &PageRequest<'_>) -> Result<Page> {
        let transaction = self.database.begin_read().map_err(failed)?;
        listing::page(&transaction.open_table(VERSIONS).map_err(failed)?, request)
    }

    /// Whether the bucket has no version at all.
    pub(crate) fn is_bucket_empty(&self, bucket: &BucketName) -> Result<bool> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let start = key::keys(bucket.as_str(), "");
        let end = key::past(start.clone());
        let mut rows = versions.range(start.as_slice()..end.as_slice()).map_err(failed)?;
        Ok(rows.next().is_none())
    }

    /// Where a new follower begins, or one stands that has seen everything.
    pub(crate) fn cursor(&self) -> Cursor {
        let position = *self.position.lock().unwrap_or_else(PoisonError::into_inner);
        Cursor { epoch: self.epoch, session: self.session, position }
    }

    /// The next changes behind `cursor`, at most `max`, and where the follower then stands; `None`
    /// where they are not kept any more and it must reconcile in full.
    pub(crate) fn changes(&self, cursor: Cursor, max: usize) -> Result<Option<(Vec<Change>, Cursor)>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let mut after = cursor.position;
        if cursor.epoch != self.epoch || cursor.session > self.session {
            return Ok(None);
        }
        if cursor.session < self.session {
            let sessions = transaction.open_table(SESSIONS).map_err(failed)?;
            let Some(start) = sessions.get(cursor.session + 1).map_err(failed)? else { return Ok(None) };
            after = after.min(start.value());
        }
        let feed = transaction.open_table(FEED).map_err(failed)?;
        let oldest = feed.first().map_err(failed)?.map_or(1, |(position, _)| position.value());
        if after + 1 < oldest {
            return Ok(None);
        }
        let mut changes = Vec::new();
        for row in feed.range(after + 1..).map_err(failed)?.take(max) {
            let (position, value) = row.map_err(failed)?;
            let change = postcard::from_bytes(value.value())
                .map_err(|error| Error::new(ErrorKind::Corrupt, "read feed").caused_by(error))?;
            changes.push(change);
            after = position.value();
        }
        Ok(Some((changes, Cursor { epoch: self.epoch, session: self.session, position: after })))
    }
}

fn mode_number(mode: Mode) -> u8 {
    Mode::ALL.iter().position(|known| *known == mode).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

fn durable(database: &Database) -> Result<WriteTransaction> {
    let mut transaction = database.begin_write().map_err(failed)?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

fn apply_one(rows: &mut Rows<'_>, update: &Update) -> Result<Change> {
    let (kind, bucket, key, version_seq, seq) = match update {
        Update::Put { bucket, key, entry, change_seq } => {
            rows.put_newest(bucket, key, entry)?;
            (ChangeKind::Put, bucket, key, entry.seq, *change_seq)
        }
        Update::Remove { bucket, key, version_seq, change_seq } => {
            rows.remove(&key::row(bucket.as_str(), key.as_str(), *version_seq))?;
            (ChangeKind::Removed, bucket, key, *version_seq, *change_seq)
        }
    };
    Ok(Change { kind, seq, bucket: bucket.to_string(), key: key.to_string(), version_seq })
}
