//! The order of the limits.

use std::path::Path;
use std::time::{Duration, Instant};

use super::digests::{Digester, digest};
use super::files;
use super::http;
use crate::arguments;
use crate::error::Result;
use crate::measurement::{Elapsed, Stopwatch, Tally};
use crate::process::Processes;
use crate::report::{Kind, Log, Row};

/// A limit that is taken away by hand only: it removes what `pair` has made.
const UNLINK: &str = "unlink-pair";

/// Counts one limit for a while.
type Count = fn(&Path, Duration) -> Result<Tally>;

/// Measures the limits, row by row.
pub(crate) async fn run(arguments: &arguments::Limits) -> Result<()> {
    let mut log = Log::open(arguments.out.as_deref())?;
    let duration = Duration::from_secs_f64(arguments.seconds);
    let rows: [(&str, Count); 7] = [
        ("append-4k", |dir, duration| files::append(dir, 4 << 10, duration)),
        ("append-64k", |dir, duration| files::append(dir, 64 << 10, duration)),
        ("overwrite-8k", |dir, duration| files::overwrite(dir, 8 << 10, duration)),
        ("pair", files::pair),
        ("md5", |_, duration| Ok(digest(Digester::Md5, duration))),
        ("sha256", |_, duration| Ok(digest(Digester::Sha256, duration))),
        (UNLINK, files::unlink_pair),
    ];
    for (name, count) in rows {
        if wants(arguments, name) {
            let (mut tally, elapsed) = timed(|| count(&arguments.dir, duration))?;
            log.write(Row::new(Kind::Limit, name).measured(&mut tally, &elapsed))?;
        }
    }
    if wants(arguments, "sequential") {
        let (mut tally, elapsed) = timed(|| files::sequential(&arguments.dir, arguments.sequential_mib))?;
        log.write(Row::new(Kind::Limit, "sequential").measured(&mut tally, &elapsed))?;
    }
    http::measure(&mut log, duration, |name| wants(arguments, name)).await?;
    log.verdict()
}

fn wants(arguments: &arguments::Limits, name: &str) -> bool {
    match arguments.only.as_slice() {
        [] => name != UNLINK,
        only => only.iter().any(|begin| name.starts_with(begin.as_str())),
    }
}

fn timed(count: impl FnOnce() -> Result<Tally>) -> Result<(Tally, Elapsed)> {
    let watch = Stopwatch::start(Processes::default());
    let tally = count()?;
    Ok((tally, watch.read()))
}

/// Repeats a piece of work that moves so many bytes, and times each.
pub(super) fn repeat(
    duration: Duration,
    bytes: usize,
    mut work: impl FnMut(u64) -> Result<()>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let started = Instant::now();
    let mut number = 0;
    while started.elapsed() < duration {
        let before = Instant::now();
        work(number)?;
        tally.success(before.elapsed(), bytes as u64);
        number += 1;
    }
    Ok(tally)
}
