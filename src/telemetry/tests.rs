//! Claims about log lines.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use storage_engine::clock::Clock;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use super::json_lines::{JsonLines, timestamp};
use crate::settings::LogLevel;

/// A log kept in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Memory {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now_ms(&self) -> u64 {
        1_795_176_000_123
    }
}

/// The lines that `work` logs under `level`.
fn logged(level: &str, work: impl FnOnce()) -> Vec<Value> {
    let memory = Memory::default();
    let level: LogLevel = level.parse().expect("a level");
    let layer = JsonLines::new(memory.clone(), Arc::new(FixedClock)).with_filter(level.filter());
    tracing::subscriber::with_default(Registry::default().with(layer), work);
    let bytes = memory.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8(bytes).expect("the log is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// Every line has the fields that OB-08 requires, and those of the request where there is one.
#[test]
fn a_line_has_the_required_fields_and_those_of_its_request() {
    let lines = logged("info", || {
        let span = tracing::info_span!("put_object", request_id = "r-1", user_id = tracing::field::Empty);
        let _inside = span.enter();
        span.record("user_id", "ivan");
        tracing::info_span!("store").in_scope(|| tracing::info!(size_bytes = 7_u64, "Stored \"a\"."));
    });
    let [line] = lines.as_slice() else { panic!("one line is logged: {lines:?}") };
    assert_eq!(line["timestamp"], "2026-11-20T12:00:00.123Z");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["logger"], "artstore::telemetry::tests");
    assert_eq!(line["message"], "Stored \"a\".");
    assert_eq!(line["module"], "artstore::telemetry::tests");
    assert_eq!(line["function"], "store");
    assert!(line["line"].is_u64());
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["user_id"], "ivan");
    assert!(line.get("trace_id").is_none());
    assert_eq!(line["fields"]["size_bytes"], 7);
}

/// What the event says of its request wins over the spans around it.
#[test]
fn the_nearest_request_id_wins() {
    let lines = logged("info", || {
        tracing::info_span!("outer", request_id = "far", trace_id = "t").in_scope(|| {
            tracing::info_span!("inner", request_id = "near").in_scope(|| tracing::warn!("Coped."));
            tracing::warn!(request_id = "own", "Coped.");
        });
    });
    let ids: Vec<&Value> = lines.iter().map(|line| &line["request_id"]).collect();
    assert_eq!(ids, ["near", "own"]);
    assert!(lines.iter().all(|line| line["trace_id"] == "t"));
}

#[test]
fn levels_hold_per_module() {
    let work = || {
        tracing::info!(target: "storage_engine::log", "Heard.");
        tracing::debug!(target: "storage_engine::log", "Not heard.");
        tracing::info!(target: "artstore", "Not heard.");
        tracing::error!(target: "artstore", "Heard.");
    };
    let lines = logged("error,storage_engine=info", work);
    assert_eq!(lines.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["Heard.", "Heard."]);
}

#[test]
fn outside_of_all_spans_the_function_is_a_dash() {
    let lines = logged("info", || tracing::info!("Started."));
    assert_eq!(lines[0]["function"], "-");
}

#[test]
fn a_timestamp_has_milliseconds_whatever_the_clock_says() {
    assert_eq!(timestamp(1_795_176_000_120), "2026-11-20T12:00:00.120Z");
    assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(timestamp(u64::MAX), u64::MAX.to_string());
}

/// The cause of an error is in the log, not only its outermost sentence.
#[test]
fn an_error_is_logged_with_its_causes() {
    let error = crate::error::Error::new(crate::error::ErrorKind::Failed, "store account")
        .caused_by(io::Error::from(io::ErrorKind::StorageFull));
    let lines = logged("info", || tracing::error!(error = &error as &dyn std::error::Error, "Failed."));
    assert_eq!(lines[0]["fields"]["error"], "store account: no storage space");
}
