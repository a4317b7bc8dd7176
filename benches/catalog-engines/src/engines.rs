//! The candidates behind one small trait.

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Result, bail};
use fjall::Readable;
use heed::types::Bytes;
use redb::{ReadableDatabase, ReadableTable};

/// Where the watermark is kept, in the same table so that it moves with the changes.
pub const WATERMARK: &[u8] = b"\0watermark";

pub type Pair = (Vec<u8>, Vec<u8>);

pub trait Engine: Sync {
    /// One change, one commit, no fsync.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()>;
    /// Makes everything so far durable, together with the watermark.
    fn checkpoint(&self, watermark: u64) -> Result<()>;
    /// Many changes and a watermark in one transaction.
    fn batch(&self, pairs: &[Pair], watermark: u64, durable: bool) -> Result<()>;
    /// What one reading thread keeps.
    fn session(&self) -> Result<Box<dyn Session + '_>>;
}

pub trait Session {
    fn snapshot(&mut self) -> Result<Box<dyn Snapshot + '_>>;
}

pub trait Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// Calls `f` from the first key at or after `from` until it answers false.
    fn scan(&self, from: &[u8], f: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()>;
}

pub const ENGINES: [&str; 7] =
    ["redb", "redb-quick", "fjall", "lmdb-batch", "lmdb-nosync", "sqlite", "sqlite-auto"];

pub fn open(name: &str, dir: &Path, cache: usize) -> Result<Box<dyn Engine>> {
    std::fs::create_dir_all(dir)?;
    Ok(match name {
        "redb" | "redb-quick" => {
            let db = redb::Database::builder().set_cache_size(cache).create(dir.join("catalog.redb"))?;
            Box::new(Redb { db, quick: name == "redb-quick" })
        }
        "fjall" => {
            let db = fjall::Database::builder(dir)
                .cache_size(cache as u64)
                .max_journaling_size(64 << 20)
                .worker_threads(1)
                .open()?;
            let space = db.keyspace("catalog", || {
                fjall::KeyspaceCreateOptions::default().max_memtable_size(16 << 20)
            })?;
            Box::new(Fjall { db, space })
        }
        "lmdb-batch" | "lmdb-nosync" => {
            let nosync = name == "lmdb-nosync";
            let mut options = heed::EnvOpenOptions::new().read_txn_without_tls();
            options.map_size(4 << 30).max_readers(64);
            // SAFETY: only this process opens the file; NO_SYNC is measured knowing that it is not safe.
            let env = unsafe {
                if nosync {
                    options.flags(heed::EnvFlags::NO_SYNC);
                }
                options.open(dir)?
            };
            let txn = env.write_txn()?;
            let table = env
                .create_databases_and_commit(txn, |opener, txn| -> Result<_, heed::Error> {
                    Ok(heed::CommitOrAbort::<_, ()>::Commit(
                        opener.create_database::<Bytes, Bytes>(txn, None)?,
                    ))
                })?
                .unwrap_commit();
            Box::new(Lmdb { env, table, nosync, pending: Mutex::default() })
        }
        "sqlite" | "sqlite-auto" => {
            let path = dir.join("catalog.sqlite");
            let pages = if name == "sqlite" { 0 } else { 1000 };
            let db = sqlite(&path, cache, pages)?;
            db.execute_batch(
                "CREATE TABLE IF NOT EXISTS catalog(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID",
            )?;
            Box::new(Sqlite { path, cache, pages, writer: Mutex::new(db) })
        }
        _ => bail!("no engine {name}: one of {ENGINES:?}"),
    })
}

pub const TABLE: redb::TableDefinition<&[u8], &[u8]> = redb::TableDefinition::new("catalog");

struct Redb {
    db: redb::Database,
    quick: bool,
}

pub fn redb_write(db: &redb::Database, pairs: &[(&[u8], &[u8])], durable: bool, quick: bool) -> Result<()> {
    let mut txn = db.begin_write()?;
    if durable {
        txn.set_quick_repair(quick);
    } else {
        txn.set_durability(redb::Durability::None)?;
    }
    {
        let mut table = txn.open_table(TABLE)?;
        for (key, value) in pairs {
            table.insert(*key, *value)?;
        }
    }
    txn.commit()?;
    Ok(())
}

impl Engine for Redb {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        redb_write(&self.db, &[(key, value)], false, false)
    }
    fn checkpoint(&self, watermark: u64) -> Result<()> {
        redb_write(&self.db, &[(WATERMARK, &watermark.to_be_bytes())], true, self.quick)
    }
    fn batch(&self, pairs: &[Pair], watermark: u64, durable: bool) -> Result<()> {
        let mark = watermark.to_be_bytes();
        let mut all: Vec<(&[u8], &[u8])> = pairs.iter().map(|(k, v)| (k.as_slice(), v.as_slice())).collect();
        all.push((WATERMARK, &mark));
        redb_write(&self.db, &all, durable, self.quick)
    }
    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(&self.db))
    }
}

impl Session for &redb::Database {
    fn snapshot(&mut self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new(self.begin_read()?.open_table(TABLE)?))
    }
}

impl Snapshot for redb::ReadOnlyTable<&'static [u8], &'static [u8]> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(ReadableTable::get(self, key)?.map(|v| v.value().to_vec()))
    }
    fn scan(&self, from: &[u8], f: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        for pair in ReadableTable::range::<&[u8]>(self, from..)? {
            let (key, value) = pair?;
            if !f(key.value(), value.value()) {
                break;
            }
        }
        Ok(())
    }
}

struct Fjall {
    db: fjall::Database,
    space: fjall::Keyspace,
}

impl Engine for Fjall {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.space.insert(key, value)?)
    }
    fn checkpoint(&self, watermark: u64) -> Result<()> {
        self.space.insert(WATERMARK, watermark.to_be_bytes())?;
        Ok(self.db.persist(fjall::PersistMode::SyncAll)?)
    }
    fn batch(&self, pairs: &[Pair], watermark: u64, durable: bool) -> Result<()> {
        let mut batch = self.db.batch();
        for (key, value) in pairs {
            batch.insert(&self.space, key.as_slice(), value.as_slice());
        }
        batch.insert(&self.space, WATERMARK, watermark.to_be_bytes());
        batch.commit()?;
        if durable {
            self.db.persist(fjall::PersistMode::SyncAll)?;
        }
        Ok(())
    }
    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(self))
    }
}

impl Session for &Fjall {
    fn snapshot(&mut self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new((self.db.snapshot(), &self.space)))
    }
}

impl Snapshot for (fjall::Snapshot, &fjall::Keyspace) {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(self.1, key)?.map(|v| v.to_vec()))
    }
    fn scan(&self, from: &[u8], f: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        for guard in self.0.range(self.1, from..) {
            let (key, value) = guard.into_inner()?;
            if !f(&key, &value) {
                break;
            }
        }
        Ok(())
    }
}

type LmdbTable = heed::Database<'static, Bytes, Bytes>;

struct Lmdb {
    env: heed::Env<heed::WithoutTls>,
    table: LmdbTable,
    nosync: bool,
    /// Without NO_SYNC the changes between two checkpoints wait here, as they would in an overlay.
    pending: Mutex<Vec<Pair>>,
}

impl Engine for Lmdb {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        if !self.nosync {
            if let Ok(mut pending) = self.pending.lock() {
                pending.push((key.to_vec(), value.to_vec()));
            }
            return Ok(());
        }
        let mut txn = self.env.write_txn()?;
        self.table.put(&mut txn, key, value)?;
        Ok(txn.commit()?)
    }
    fn checkpoint(&self, watermark: u64) -> Result<()> {
        let pending = self.pending.lock().map(|mut p| std::mem::take(&mut *p)).unwrap_or_default();
        self.batch(&pending, watermark, true)
    }
    fn batch(&self, pairs: &[Pair], watermark: u64, durable: bool) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        for (key, value) in pairs {
            self.table.put(&mut txn, key, value)?;
        }
        self.table.put(&mut txn, WATERMARK, &watermark.to_be_bytes())?;
        txn.commit()?;
        if durable && self.nosync {
            self.env.force_sync()?;
        }
        Ok(())
    }
    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(self))
    }
}

impl Session for &Lmdb {
    fn snapshot(&mut self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new((self.env.read_txn()?, self.table)))
    }
}

impl Snapshot for (heed::RoTxn<'_, heed::WithoutTls>, LmdbTable) {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.1.get(&self.0, key)?.map(<[u8]>::to_vec))
    }
    fn scan(&self, from: &[u8], f: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        for pair in self.1.range(&self.0, &(Bound::Included(from), Bound::Unbounded))? {
            let (key, value) = pair?;
            if !f(key, value) {
                break;
            }
        }
        Ok(())
    }
}

struct Sqlite {
    path: PathBuf,
    cache: usize,
    pages: u32,
    writer: Mutex<rusqlite::Connection>,
}

fn sqlite(path: &Path, cache: usize, autocheckpoint: u32) -> Result<rusqlite::Connection> {
    let db = rusqlite::Connection::open(path)?;
    db.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-{};
         PRAGMA wal_autocheckpoint={autocheckpoint}; PRAGMA busy_timeout=10000;",
        cache / 1024
    ))?;
    Ok(db)
}

const UPSERT: &str = "INSERT INTO catalog(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v";

impl Sqlite {
    fn lock(&self) -> Result<std::sync::MutexGuard<'_, rusqlite::Connection>> {
        self.writer.lock().map_err(|_| anyhow::anyhow!("a writer panicked"))
    }
    fn sync(&self) -> Result<()> {
        Ok(self.lock()?.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }
}

impl Engine for Sqlite {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.lock()?.prepare_cached(UPSERT)?.execute((key, value))?;
        Ok(())
    }
    fn checkpoint(&self, watermark: u64) -> Result<()> {
        self.put(WATERMARK, &watermark.to_be_bytes())?;
        self.sync()
    }
    fn batch(&self, pairs: &[Pair], watermark: u64, durable: bool) -> Result<()> {
        {
            let mut db = self.lock()?;
            let txn = db.transaction()?;
            {
                let mut statement = txn.prepare_cached(UPSERT)?;
                for (key, value) in pairs {
                    statement.execute((key, value))?;
                }
                statement.execute((WATERMARK, watermark.to_be_bytes()))?;
            }
            txn.commit()?;
        }
        if durable { self.sync() } else { Ok(()) }
    }
    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(sqlite(&self.path, self.cache, self.pages)?))
    }
}

impl Session for rusqlite::Connection {
    fn snapshot(&mut self) -> Result<Box<dyn Snapshot + '_>> {
        self.prepare_cached("BEGIN")?.execute([])?;
        Ok(Box::new(SqliteSnapshot(self)))
    }
}

struct SqliteSnapshot<'a>(&'a rusqlite::Connection);

impl Drop for SqliteSnapshot<'_> {
    fn drop(&mut self) {
        drop(self.0.prepare_cached("COMMIT").and_then(|mut s| s.execute([])));
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut statement = self.0.prepare_cached("SELECT v FROM catalog WHERE k = ?1")?;
        let mut rows = statement.query([key])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
    fn scan(&self, from: &[u8], f: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        let mut statement = self.0.prepare_cached("SELECT k, v FROM catalog WHERE k >= ?1 ORDER BY k")?;
        let mut rows = statement.query([from])?;
        while let Some(row) = rows.next()? {
            if !f(row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?) {
                break;
            }
        }
        Ok(())
    }
}
