//! The rows of the server beside the limits of the same machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// The limit that a row stands beside and the figure that both are compared in.
const LIMITS: [(&str, &str, &str); 12] = [
    ("put-4k-c1", "overwrite-8k", "per_second"),
    ("put-4k-c16", "pair", "per_second"),
    ("put-4k-c64", "pair", "per_second"),
    ("put-4k-c16-signed", "pair", "per_second"),
    ("get-4k-c1", "http-get-4k-c1", "per_second"),
    ("get-4k-c16", "http-get-4k-c16", "per_second"),
    ("get-4k-c64", "http-get-4k-c64", "per_second"),
    ("head-c16", "http-head-c16", "per_second"),
    ("put-64m-c4", LARGE_PUT, "mib_per_second"),
    ("put-64m-c4-signed", LARGE_PUT, "mib_per_second"),
    ("get-64m-c4", "http-get-64m-c4", "mib_per_second"),
    ("delete-c16", "unlink-pair", "per_second"),
];

/// The disk, or MD5 and SHA-256 on two cores, whichever is slower.
const LARGE_PUT: &str = "min(disk, digests)";

/// The columns behind the name: heading, field, digits behind the point.
const COLUMNS: [(&str, &str, usize); 11] = [
    ("per s", "per_second", 0),
    ("MiB/s", "mib_per_second", 1),
    ("p50 ms", "p50_ms", 2),
    ("p95 ms", "p95_ms", 2),
    ("p99 ms", "p99_ms", 2),
    ("max ms", "max_ms", 1),
    ("CPU us", "server_cpu_us", 1),
    ("RSS MiB", "server_rss_mib", 1),
    ("peak", "server_peak_mib", 1),
    ("client", "client_busy", 2),
    ("errors", "errors", 0),
];

/// Figures that few rows have.
const BEHIND: [(&str, &str); 4] = [
    ("syncs_per_put", "syncs a PUT"),
    ("entries_per_second", "entries/s"),
    ("keys", "keys listed"),
    ("bytes_per_object", "bytes an object beside its files"),
];

/// Prints the rows of a file as one table; of two rows with one name the later counts as the limit.
pub(crate) fn print(file: &Path) -> Result<()> {
    show(&table(&read(file)?))
}

/// The rows of a file.
pub(super) fn read(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file)
        .map_err(|source| Error::io(ErrorKind::Usage, format!("read {}", file.display()), source))?;
    let rows: std::result::Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    rows.map_err(|error| Error::new(ErrorKind::Usage, format!("{}: {error}", file.display())))
}

pub(super) fn show(table: &str) -> Result<()> {
    io::stdout()
        .write_all(table.as_bytes())
        .map_err(|source| Error::io(ErrorKind::Machine, "print the table", source))
}

fn table(rows: &[Value]) -> String {
    let by_name: BTreeMap<&str, &Value> = rows.iter().map(|row| (name(row), row)).collect();
    let mut text = format!("{:<18}", "row");
    for (heading, ..) in COLUMNS {
        text.push_str(&format!("{heading:>10}"));
    }
    text.push_str("   beside its limit\n");
    for kind in ["limit", "server"] {
        for row in rows.iter().filter(|row| row.get("kind").and_then(Value::as_str) == Some(kind)) {
            text.push_str(&line(row, &by_name));
        }
        text.push('\n');
    }
    text
}

fn line(row: &Value, by_name: &BTreeMap<&str, &Value>) -> String {
    let mut text = format!("{:<18}", name(row));
    for (_, field, digits) in COLUMNS {
        let cell = number(row, field).map(|value| format!("{value:.digits$}"));
        text.push_str(&format!("{:>10}", cell.unwrap_or_default()));
    }
    for (field, meaning) in BEHIND {
        if let Some(value) = number(row, field) {
            let digits = if value < 10.0 { 3 } else { 0 };
            text.push_str(&format!("   {value:.digits$} {meaning}"));
        }
    }
    if let Some((limit, share)) = beside(row, by_name) {
        text.push_str(&format!("   {share:.2} x {limit}"));
    }
    text.trim_end().to_owned() + "\n"
}

/// The share of its limit that a row reaches.
fn beside(row: &Value, by_name: &BTreeMap<&str, &Value>) -> Option<(&'static str, f64)> {
    let (_, limit, field) = LIMITS.iter().find(|(own, ..)| *own == name(row))?;
    let of = |name: &str| number(by_name.get(name)?, field);
    let most = if *limit == LARGE_PUT {
        let both = 2.0 / (1.0 / of("md5")? + 1.0 / of("sha256")?);
        of("sequential")?.min(both)
    } else {
        of(limit)?
    };
    Some((limit, number(row, field)? / most))
}

pub(super) fn name(row: &Value) -> &str {
    row.get("row").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(row: &Value, field: &str) -> Option<f64> {
    row.get(field)?.as_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    /// A row stands beside the limit of its own run; a large PUT beside the slower of disk and digests.
    #[test]
    fn rows_stand_beside_their_limits() {
        let rows = [
            json!({"row": "pair", "kind": "limit", "per_second": 10_000.0}),
            json!({"row": "md5", "kind": "limit", "mib_per_second": 600.0}),
            json!({"row": "sha256", "kind": "limit", "mib_per_second": 1200.0}),
            json!({"row": "sequential", "kind": "limit", "mib_per_second": 1000.0}),
            json!({"row": "put-4k-c16", "kind": "server", "per_second": 2500.0}),
            json!({"row": "put-64m-c4", "kind": "server", "mib_per_second": 400.0}),
        ];
        let text = table(&rows);
        assert!(text.contains("0.25 x pair\n"), "{text}");
        assert!(text.contains("0.50 x min(disk, digests)\n"), "{text}");
    }
}
