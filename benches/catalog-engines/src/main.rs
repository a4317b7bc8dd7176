//! Measures embedded ordered key-value engines for the catalog: `catalog-engines run <engine> <dir> [keys]`,
//! one engine a run, one JSON object a measure. `catalog-engines cut <quick|plain|lying>` cuts the power under redb.

mod cut;
mod engines;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use engines::{Engine, Pair, Snapshot, WATERMARK, open};

const ROUND: u64 = 10_000;

pub struct Random(pub u64);

impl Random {
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub fn below(&mut self, end: u64) -> u64 {
        (self.draw() >> 11) % end
    }
}

/// bucket, NUL, key, NUL, inverted sequence number: 1,000 directories.
pub fn key(index: u64) -> Vec<u8> {
    let mut key = format!("bucket\0dir-{:04}/документ-{index:07}.pdf\0", index % 1000).into_bytes();
    key.extend((!index).to_be_bytes());
    key
}

/// 250 bytes: the change number, a checksum over key and change, half noise, half text.
pub fn value(key: &[u8], change: u64) -> Vec<u8> {
    let sum = key
        .iter()
        .fold(change ^ 0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    let mut value = change.to_be_bytes().to_vec();
    value.extend(sum.to_be_bytes());
    let mut noise = Random(sum | 1);
    while value.len() < 128 {
        value.extend(noise.draw().to_be_bytes());
    }
    value.extend(
        b"content-type application/pdf; owner archive; class STANDARD; retention none; name document number "
            .iter(),
    );
    value.resize(250, b' ');
    value
}

pub fn change_of(key: &[u8], stored: &[u8]) -> Result<u64> {
    let change = u64::from_be_bytes(stored.get(..8).context("short value")?.try_into()?);
    ensure!(stored == value(key, change), "a value does not match its key");
    Ok(change)
}

/// Change n (from 1): every third replaces a loaded key, the others are new; no key twice.
pub fn changed_key(change: u64, keys: u64) -> Vec<u8> {
    let place = change.wrapping_mul(611_953) % keys;
    if change.is_multiple_of(3) { key(place) } else { key(keys + change * 1000 + place % 1000) }
}

fn micros(samples: &mut [u64], at: f64) -> f64 {
    samples.sort_unstable();
    samples
        .get(((samples.len() as f64 * at) as usize).min(samples.len().saturating_sub(1)))
        .map_or(0.0, |n| *n as f64 / 1e3)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn row(engine: &str, measure: &str, text: &str) {
    println!("{{\"engine\":\"{engine}\",\"measure\":\"{measure}\",{text}}}");
}

fn spread(engine: &str, measure: &str, samples: &mut [u64]) {
    let (p50, p99) = (micros(samples, 0.5), micros(samples, 0.99));
    let (max, n) = (micros(samples, 1.0), samples.len());
    row(engine, measure, &format!("\"p50_us\":{p50:.1},\"p99_us\":{p99:.1},\"max_us\":{max:.0},\"n\":{n}"));
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("0");
        line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    format!(
        "\"peak_mib\":{:.0},\"anonymous_mib\":{:.0},\"file_mib\":{:.0}",
        field("VmHWM:"),
        field("RssAnon:"),
        field("RssFile:")
    )
}

fn size_of(dir: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut total = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        total += if meta.is_dir() { size_of(&entry.path())? } else { meta.blocks() * 512 };
    }
    Ok(total)
}

fn load(name: &str, db: &dyn Engine, keys: u64) -> Result<()> {
    let mut order: Vec<u32> = (0..keys as u32).collect();
    if std::env::var("ORDER").is_ok_and(|o| o == "sorted") {
        order.sort_by_cached_key(|i| key(u64::from(*i)));
    } else {
        let mut random = Random(42);
        for i in (1..order.len()).rev() {
            order.swap(i, random.below(i as u64 + 1) as usize);
        }
    }
    let start = Instant::now();
    for (n, part) in order.chunks(20_000).enumerate() {
        let pairs: Vec<Pair> = part
            .iter()
            .map(|i| key(u64::from(*i)))
            .map(|k| {
                let v = value(&k, 0);
                (k, v)
            })
            .collect();
        db.batch(&pairs, 0, n % 5 == 4)?;
    }
    db.checkpoint(0)?;
    let seconds = start.elapsed().as_secs_f64();
    row(name, "load", &format!("\"per_s\":{:.0},\"s\":{seconds:.1},{}", keys as f64 / seconds, memory()));
    Ok(())
}

/// Lists the common prefixes of the bucket, one seek each.
fn delimiter(snapshot: &dyn Snapshot, max: usize) -> Result<usize> {
    let mut from = b"bucket\0".to_vec();
    let mut found = 0;
    while found < max {
        let mut next = None;
        snapshot.scan(&from, &mut |key, _| {
            if key.starts_with(b"bucket\0") {
                next = key.iter().position(|b| *b == b'/').and_then(|end| key.get(..end)).map(<[u8]>::to_vec);
            }
            false
        })?;
        let Some(mut prefix) = next else { break };
        prefix.push(b'/' + 1);
        from = prefix;
        found += 1;
    }
    Ok(found)
}

fn reads(name: &str, db: &dyn Engine, keys: u64) -> Result<()> {
    let mut session = db.session()?;
    let mut random = Random(7);
    let mut times = Vec::new();
    for n in 0..120_000 {
        let key = key(random.below(keys));
        let start = Instant::now();
        let found = session.snapshot()?.get(&key)?;
        if n >= 20_000 {
            times.push(start.elapsed().as_nanos() as u64);
        }
        ensure!(found.is_some(), "a key is missing");
    }
    spread(name, "lookup", &mut times);
    times.clear();
    for _ in 0..1000 {
        let from = key(random.below(keys - 2000));
        let start = Instant::now();
        let (mut seen, mut bytes) = (0, 0);
        session.snapshot()?.scan(&from, &mut |k, v| {
            seen += 1;
            bytes += k.len() + v.len();
            seen < 1000
        })?;
        times.push(start.elapsed().as_nanos() as u64);
    }
    spread(name, "scan 1000", &mut times);
    for max in [100, 1000] {
        times.clear();
        for _ in 0..100 {
            let start = Instant::now();
            ensure!(delimiter(session.snapshot()?.as_ref(), max)? == max, "prefixes are missing");
            times.push(start.elapsed().as_nanos() as u64);
        }
        spread(name, &format!("delimiter {max}"), &mut times);
    }
    row(name, "memory after reads", &memory());
    Ok(())
}

/// Rounds of single commits with a checkpoint after each; a reader works beside the last rounds.
fn writes(name: &str, db: &dyn Engine, dir: &Path, keys: u64) -> Result<()> {
    let (mut puts, mut checkpoints, mut change) = (Vec::new(), Vec::new(), 0);
    let mut round = |size: u64, puts: &mut Vec<u64>, checkpoints: &mut Vec<u64>| -> Result<()> {
        for _ in 0..size {
            change += 1;
            let key = changed_key(change, keys);
            let value = value(&key, change);
            let start = Instant::now();
            db.put(&key, &value)?;
            puts.push(start.elapsed().as_nanos() as u64);
        }
        let start = Instant::now();
        db.checkpoint(change)?;
        checkpoints.push(start.elapsed().as_nanos() as u64);
        Ok(())
    };
    for _ in 0..5 {
        round(ROUND, &mut puts, &mut checkpoints)?;
    }
    let rate = puts.len() as f64 / (puts.iter().sum::<u64>() as f64 / 1e9);
    spread(name, "put", &mut puts);
    row(name, "put rate", &format!("\"per_s\":{rate:.0}"));
    spread(name, "checkpoint after 10000", &mut checkpoints);
    row(name, "size after 50000 changes", &format!("\"mib\":{}", size_of(dir)? >> 20));
    checkpoints.clear();
    for _ in 0..20 {
        round(ROUND / 10, &mut Vec::new(), &mut checkpoints)?;
    }
    spread(name, "checkpoint after 1000", &mut checkpoints);
    let stop = AtomicBool::new(false);
    let (mut puts, mut checkpoints) = (Vec::new(), Vec::new());
    let mut beside = std::thread::scope(|scope| {
        let reader = scope.spawn(|| -> Result<Vec<u64>> {
            let mut session = db.session()?;
            let (mut random, mut times) = (Random(9), Vec::new());
            while !stop.load(Ordering::Relaxed) {
                let key = key(random.below(keys));
                let start = Instant::now();
                ensure!(session.snapshot()?.get(&key)?.is_some(), "a key is missing");
                times.push(start.elapsed().as_nanos() as u64);
            }
            Ok(times)
        });
        let written = (0..3).try_for_each(|_| round(ROUND, &mut puts, &mut checkpoints));
        stop.store(true, Ordering::Relaxed);
        written.and_then(|()| reader.join().unwrap_or_else(|_| bail!("the reader panicked")))
    })?;
    spread(name, "lookup beside a writer", &mut beside);
    spread(name, "put beside a reader", &mut puts);
    let mut times = Vec::new();
    for _ in 0..3 {
        let pairs: Vec<Pair> = (0..ROUND)
            .map(|_| {
                change += 1;
                let k = changed_key(change, keys);
                let v = value(&k, change);
                (k, v)
            })
            .collect();
        let start = Instant::now();
        db.batch(&pairs, change, true)?;
        times.push(start.elapsed().as_nanos() as u64);
    }
    spread(name, "durable batch of 10000", &mut times);
    row(name, "memory after writes", &memory());
    Ok(())
}

/// The same 10,000 keys replaced ten times, with a checkpoint after each 1,000: does the store grow?
fn churn(name: &str, db: &dyn Engine, dir: &Path, keys: u64) -> Result<()> {
    let start = Instant::now();
    for change in 1..=100_000 {
        let key = key((change % ROUND).wrapping_mul(611_953) % keys);
        db.put(&key, &value(&key, 0))?;
        if change % 1000 == 0 {
            db.checkpoint(change)?;
        }
    }
    let (size, s) = (size_of(dir)? >> 20, start.elapsed().as_secs_f64());
    row(name, "churn of 100000", &format!("\"s\":{s:.1},\"mib\":{size},{}", memory()));
    Ok(())
}

/// Makes 20,000 changes with two checkpoints, then goes on until it is killed.
fn crash(db: &dyn Engine, keys: u64) -> Result<()> {
    let first = 200_000;
    for n in 1..u64::MAX {
        let key = changed_key(first + n, keys);
        db.put(&key, &value(&key, first + n))?;
        if n % ROUND == 0 && n <= 2 * ROUND {
            db.checkpoint(first + n)?;
            println!("checkpoint {}", first + n);
        } else if n % 1000 == 0 {
            println!("change {}", first + n);
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// Every key in order, every value whole; the changes form a run without a gap that reaches the watermark.
fn verify(name: &str, db: &dyn Engine, keys: u64, checkpoint: u64) -> Result<()> {
    let mut session = db.session()?;
    let snapshot = session.snapshot()?;
    let mark = snapshot.get(WATERMARK)?.context("no watermark")?;
    let mark = u64::from_be_bytes(mark.try_into().map_err(|_| anyhow::anyhow!("bad watermark"))?);
    let (mut last, mut count, mut bad, mut newest) = (Vec::new(), 0_u64, 0_u64, 0);
    snapshot.scan(b"bucket\0", &mut |k, v| {
        bad += u64::from(k <= last.as_slice());
        match change_of(k, v) {
            Ok(change) => newest = newest.max(change),
            Err(_) => bad += 1,
        }
        last.clear();
        last.extend_from_slice(k);
        count += 1;
        true
    })?;
    let mut gaps = 0;
    for change in 200_001..=newest {
        let key = changed_key(change, keys);
        gaps +=
            u64::from(!snapshot.get(&key)?.is_some_and(|v| change_of(&key, &v).is_ok_and(|c| c == change)));
    }
    let sound = bad == 0 && gaps == 0 && mark == checkpoint && newest >= mark;
    row(
        name,
        "after kill",
        &format!(
            "\"sound\":{sound},\"keys\":{count},\"checkpoint\":{checkpoint},\"watermark\":{mark},\"newest\":{newest},\"gaps\":{gaps},\"bad\":{bad}"
        ),
    );
    Ok(())
}

fn phase(phase: &str, name: &str, dir: &Path, keys: u64, extra: u64) -> Result<()> {
    let cache = std::env::var("CACHE_MIB").ok().and_then(|n| n.parse().ok()).unwrap_or(32_usize) << 20;
    let start = Instant::now();
    let db = open(name, dir, cache)?;
    if phase.starts_with("open") {
        ensure!(db.session()?.snapshot()?.get(&key(1))?.is_some(), "a key is missing");
        row(name, phase, &format!("\"ms\":{:.1},{}", ms(start), memory()));
        if phase == "open killed" {
            verify(name, db.as_ref(), keys, extra)?;
        }
        // Leaves as it was found, so that the next open is measured alike.
        std::process::exit(0);
    }
    match phase {
        "load" => load(name, db.as_ref(), keys)?,
        "reads" => reads(name, db.as_ref(), keys)?,
        "writes" => writes(name, db.as_ref(), dir, keys)?,
        "churn" => churn(name, db.as_ref(), dir, keys)?,
        "crash" => crash(db.as_ref(), keys)?,
        _ => bail!("no phase {phase}"),
    }
    let start = Instant::now();
    drop(db);
    row(name, &format!("close after {phase}"), &format!("\"ms\":{:.1}", ms(start)));
    Ok(())
}

fn command(args: &[&str], dir: &Path, keys: u64, extra: u64) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).arg(dir).arg(keys.to_string()).arg(extra.to_string());
    Ok(command)
}

fn run(name: &str, dir: &Path, keys: u64) -> Result<()> {
    ensure!(!dir.exists(), "{} exists", dir.display());
    let step = |step: &str, dir: &Path, extra| -> Result<()> {
        ensure!(
            command(&["phase", step, name], dir, keys, extra)?.status()?.success(),
            "{name}: {step} failed"
        );
        Ok(())
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    row(name, "load average", &format!("\"before\":\"{}\"", load.trim()));
    step("load", dir, 0)?;
    row(name, "size after load", &format!("\"mib\":{}", size_of(dir)? >> 20));
    step("reads", dir, 0)?;
    step("writes", dir, 0)?;
    row(name, "size after writes", &format!("\"mib\":{}", size_of(dir)? >> 20));
    step("churn", dir, 0)?;
    step("open clean", dir, 0)?;
    let mut child = command(&["phase", "crash", name], dir, keys, 0)?.stdout(Stdio::piped()).spawn()?;
    let mut checkpoint = 0;
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        let (what, n) = line.split_once(' ').context("a strange line")?;
        let n: u64 = n.parse()?;
        if what == "checkpoint" {
            checkpoint = n;
        }
        if n >= 200_000 + 2 * ROUND + 6000 {
            std::thread::sleep(Duration::from_millis(3));
            child.kill()?;
            break;
        }
    }
    child.wait()?;
    row(name, "size after kill", &format!("\"mib\":{}", size_of(dir)? >> 20));
    let cold = dir.with_extension("cold");
    ensure!(Command::new("cp").arg("-a").arg(dir).arg(&cold).status()?.success(), "cp failed");
    step("open killed", dir, checkpoint)?;
    let evict =
        "find \"$1\" -type f -exec dd of={} oflag=nocache conv=notrunc,fdatasync count=0 status=none \\;";
    ensure!(Command::new("sh").args(["-c", evict, "sh"]).arg(&cold).status()?.success(), "dd failed");
    step("open killed cold", &cold, checkpoint)?;
    std::fs::remove_dir_all(&cold)?;
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["run", name, dir] => run(name, Path::new(dir), 1_000_000),
        ["run", name, dir, keys] => run(name, Path::new(dir), keys.parse()?),
        ["phase", step, name, dir, keys, extra] => {
            phase(step, name, Path::new(dir), keys.parse()?, extra.parse()?)
        }
        ["cut", kind] => cut::cut(kind),
        _ => bail!(
            "catalog-engines run <{}> <dir> [keys] | cut <quick|plain|lying>",
            engines::ENGINES.join("|")
        ),
    }
}
