//! Power cuts under redb: a storage back end that knows which writes were synced. A cut keeps every synced write
//! and a random part of the others, in sectors of 512 bytes; then the store must open at a checkpoint.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend};

use crate::engines::{TABLE, WATERMARK, redb_write};
use crate::{Random, change_of, changed_key, key, value};

#[derive(Debug, Default, Clone)]
struct State {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// (offset, bytes) since the last sync; sectors of it may or may not reach the disk.
    open: Vec<(usize, Vec<u8>)>,
    /// Writes until the power goes; what the disk then holds.
    left: Option<u64>,
    random: u64,
    /// A device that answers a sync without doing it: the test must see that.
    lying: bool,
    disk: Option<Vec<u8>>,
}

#[derive(Debug, Default, Clone)]
struct Device(Arc<Mutex<State>>);

impl Device {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn tick(&mut self) {
        match &mut self.left {
            Some(0) => {
                self.left = None;
                let mut random = Random(self.random | 1);
                let mut disk = self.synced.clone();
                let keep = random.below(101);
                for (at, bytes) in &self.open {
                    disk.resize(disk.len().max(at + bytes.len()), 0);
                    for (n, sector) in bytes.chunks(512).enumerate() {
                        if random.below(100) < keep
                            && let Some(place) = disk.get_mut(at + n * 512..at + n * 512 + sector.len())
                        {
                            place.copy_from_slice(sector);
                        }
                    }
                }
                // A file that was made longer may be so or not.
                if random.below(2) == 0 {
                    disk.resize(disk.len().max(self.now.len()), 0);
                }
                self.disk = Some(disk);
            }
            Some(left) => *left -= 1,
            None => {}
        }
    }
}

impl StorageBackend for Device {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|s| s.now.len() as u64))
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = offset as usize;
        self.with(|s| match s.now.get(at..at + out.len()) {
            Some(bytes) => {
                out.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        })
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|s| s.now.resize(len as usize, 0));
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        self.with(|s| {
            s.tick();
            if !s.lying {
                s.synced = s.now.clone();
                s.open.clear();
            }
        });
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = offset as usize;
        self.with(|s| {
            s.open.push((at, data.to_vec()));
            if let Some(place) = s.now.get_mut(at..at + data.len()) {
                place.copy_from_slice(data);
            }
            s.tick();
        });
        Ok(())
    }
}

const KEYS: u64 = 3000;
const EVERY: u64 = 150;

pub fn cut(kind: &str) -> Result<()> {
    let (quick, lying) = (kind != "plain", kind == "lying");
    let device = Device::default();
    let open =
        |device: &Device| Database::builder().set_cache_size(1 << 18).create_with_backend(device.clone());
    let db = open(&device)?;
    for n in 0..KEYS {
        let key = key(n);
        redb_write(&db, &[(&key, &value(&key, 0))], false, false)?;
    }
    redb_write(&db, &[(WATERMARK, &0_u64.to_be_bytes())], true, quick)?;
    drop(db);
    let base = device.with(|s| s.now.clone());
    let (mut cuts, mut failures, mut inside, mut repairs) = (0_u32, 0_u32, 0_u32, 0_u32);
    for seed in 0..600 {
        let mut random = Random((seed + 1) * 0x9E37_79B9);
        for _ in 0..8 {
            random.draw();
        }
        let left = random.below(900);
        let device = Device::default();
        device.with(|s| {
            *s = State {
                now: base.clone(),
                synced: base.clone(),
                left: Some(left),
                random: random.draw(),
                lying,
                ..State::default()
            };
        });
        let db = open(&device)?;
        let (mut durable, mut trying, mut change) = (0, 0, 0);
        while device.with(|s| s.disk.is_none()) && change < 3000 {
            change += 1;
            let key = changed_key(change, KEYS);
            redb_write(&db, &[(&key, &value(&key, change))], false, false)?;
            if change % EVERY == 0 {
                trying = change;
                redb_write(&db, &[(WATERMARK, &change.to_be_bytes())], true, quick)?;
                if device.with(|s| s.disk.is_none()) {
                    durable = change;
                }
            }
        }
        let Some(disk) = device.with(|s| s.disk.take()) else { continue };
        cuts += 1;
        inside += u32::from(trying > durable);
        let after = Device::default();
        after.with(|s| {
            *s = State { now: disk.clone(), synced: disk, ..State::default() };
        });
        let repaired = Arc::new(Mutex::new(false));
        let flag = repaired.clone();
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<()> {
            let mut db = Database::builder()
                .set_cache_size(1 << 18)
                .set_repair_callback(move |_| *flag.lock().unwrap_or_else(PoisonError::into_inner) = true)
                .create_with_backend(after)?;
            check(&db, durable, trying)?;
            ensure!(db.check_integrity()?, "check_integrity had something to repair");
            check(&db, durable, trying)
        }));
        repairs += u32::from(*repaired.lock().unwrap_or_else(PoisonError::into_inner));
        match opened {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                failures += 1;
                println!("cut {seed}: {error:#}");
            }
            Err(_) => {
                failures += 1;
                println!("cut {seed}: panic");
            }
        }
    }
    println!(
        "{{\"engine\":\"redb\",\"measure\":\"power cuts\",\"kind\":\"{kind}\",\"cuts\":{cuts},\"inside_checkpoint\":{inside},\"full_repairs\":{repairs},\"failures\":{failures}}}"
    );
    Ok(())
}

/// At the last checkpoint, or at the one the cut fell into; nothing after it, nothing missing before it.
fn check(db: &Database, durable: u64, trying: u64) -> Result<()> {
    let table = db.begin_read()?.open_table(TABLE)?;
    let mark = ReadableTable::get(&table, WATERMARK)?.context("no watermark")?;
    let mark = u64::from_be_bytes(mark.value().try_into()?);
    ensure!(mark == durable || mark == trying, "watermark {mark}, wanted {durable} or {trying}");
    let mut count = 0;
    for pair in ReadableTable::range::<&[u8]>(&table, b"bucket\0".as_slice()..)? {
        let (key, stored) = pair?;
        ensure!(change_of(key.value(), stored.value())? <= mark, "a change after the checkpoint");
        count += 1;
    }
    ensure!(count == KEYS + mark - mark / 3, "{count} keys at {mark}");
    for change in 1..=mark {
        let key = changed_key(change, KEYS);
        let stored = ReadableTable::get(&table, key.as_slice())?.context("a change is missing")?;
        ensure!(change_of(&key, stored.value())? == change, "an old value");
    }
    Ok(())
}
