//! What was counted while a row ran.

use std::time::{Duration, Instant};

use crate::process::{Process, Processes};

/// Times and failures of operations; those of several clients add up.
#[derive(Default)]
pub(crate) struct Tally {
    nanoseconds: Vec<u64>,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn success(&mut self, taken: Duration, bytes: u64) {
        self.nanoseconds.push(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
        self.bytes += bytes;
    }

    pub(crate) fn failure(&mut self, message: String) {
        self.errors += 1;
        self.first_error.get_or_insert(message);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.nanoseconds.extend(other.nanoseconds);
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    pub(crate) fn operations(&self) -> u64 {
        self.nanoseconds.len() as u64
    }

    /// Latency in milliseconds below which a share of the operations stayed; sorts.
    pub(crate) fn quantile_ms(&mut self, share: f64) -> f64 {
        self.nanoseconds.sort_unstable();
        let last = self.nanoseconds.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.nanoseconds.get(at).map_or(0.0, |ns| *ns as f64 / 1e6)
    }
}

/// The clock and the processor time of server and client since a row began.
pub(crate) struct Stopwatch {
    started: Instant,
    server: Processes,
    server_us: Option<u64>,
    own_us: Option<u64>,
}

/// What a stopwatch shows.
pub(crate) struct Elapsed {
    pub(crate) seconds: f64,
    pub(crate) server_us: Option<u64>,
    pub(crate) own_us: Option<u64>,
}

impl Stopwatch {
    pub(crate) fn start(server: Processes) -> Self {
        let server_us = server.cpu_us();
        Self { server, server_us, own_us: Process::own().cpu_us(), started: Instant::now() }
    }

    pub(crate) fn read(&self) -> Elapsed {
        let since = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Elapsed {
            seconds: self.started.elapsed().as_secs_f64(),
            server_us: since(self.server.cpu_us(), self.server_us),
            own_us: since(Process::own().cpu_us(), self.own_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Tally;

    /// The share of operations below a quantile is the share that was asked for.
    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let mut tally = Tally::default();
        for ms in (0..=100).rev() {
            tally.success(Duration::from_millis(ms), 1);
        }
        assert_eq!(
            (tally.quantile_ms(0.5), tally.quantile_ms(0.99), tally.quantile_ms(1.0)),
            (50.0, 99.0, 100.0)
        );
        assert_eq!((tally.operations(), tally.bytes), (101, 101));
    }
}
