//! One measured row.

use serde_json::{Map, Value, json};

use crate::measurement::{Elapsed, Tally};
use crate::process::{self, Memory};

/// Whether a row says what the server does or what the machine allows.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Server,
    Limit,
}

/// One measured row.
pub(crate) struct Row(Map<String, Value>);

impl Row {
    pub(crate) fn new(kind: Kind, name: &str) -> Self {
        let kind = match kind {
            Kind::Server => "server",
            Kind::Limit => "limit",
        };
        let mut row = Self(Map::new());
        row.set("row", name);
        row.set("kind", kind);
        if let Some(load) = process::load_average() {
            row.set("load_average", load);
        }
        row
    }

    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.0.insert(field.to_owned(), value.into());
    }

    /// Takes over what was counted and timed.
    pub(crate) fn measured(mut self, tally: &mut Tally, elapsed: &Elapsed) -> Self {
        let operations = tally.operations();
        self.set("operations", operations);
        self.set("seconds", rounded(elapsed.seconds));
        self.set("per_second", rounded(operations as f64 / elapsed.seconds));
        self.set("mib_per_second", rounded(tally.bytes as f64 / f64::from(1 << 20) / elapsed.seconds));
        for (field, share) in [("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1.0)] {
            self.set(field, rounded(tally.quantile_ms(share)));
        }
        self.set("errors", tally.errors);
        if let Some(message) = &tally.first_error {
            self.set("first_error", message.as_str());
        }
        if let Some(us) = elapsed.server_us {
            self.set("server_cpu_us", rounded(us as f64 / operations.max(1) as f64));
            self.set("server_busy", rounded(us as f64 / 1e6 / elapsed.seconds));
        }
        if let Some(us) = elapsed.own_us {
            self.set("client_busy", rounded(us as f64 / 1e6 / elapsed.seconds));
        }
        self
    }

    pub(super) fn name(&self) -> &str {
        self.0.get("row").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.0.get("errors").is_some_and(|errors| errors != &json!(0))
    }

    /// The row as one line.
    pub(super) fn into_line(self) -> String {
        Value::Object(self.0).to_string() + "\n"
    }

    pub(crate) fn memory(mut self, memory: Option<Memory>) -> Self {
        if let Some(memory) = memory {
            self.set("server_rss_mib", rounded(memory.resident_kib as f64 / 1024.0));
            self.set("server_peak_mib", rounded(memory.peak_kib as f64 / 1024.0));
        }
        self
    }
}

/// Three digits behind the point.
fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}
