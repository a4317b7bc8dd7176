//! Servers beside each other: the median of each row over all rounds.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::table::{name, number, read, show};
use crate::error::Result;

/// What a server reached in a row, one figure a round.
#[derive(Default)]
struct Reached {
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
    memory_mib: Vec<f64>,
}

/// Prints each row of a file with all servers that have it, and how often the first beats each of the others.
pub(crate) fn print(file: &Path, with: &str) -> Result<()> {
    show(&comparison(&read(file)?, with))
}

fn comparison(rows: &[Value], with: &str) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut reached: BTreeMap<(&str, &str), Reached> = BTreeMap::new();
    for row in rows {
        let (row_name, Some(server)) = (name(row), row.get("server").and_then(Value::as_str)) else {
            continue;
        };
        if !order.contains(&row_name) {
            order.push(row_name);
        }
        let entry = reached.entry((row_name, server)).or_default();
        entry.per_second.extend(number(row, "per_second"));
        entry.cpu_us.extend(number(row, "server_cpu_us"));
        entry.memory_mib.extend(number(row, "server_rss_mib"));
    }
    let mut text = format!(
        "{:<20}{:<18}{:>10}{:>10}{:>9}{:>8}   {with} is\n",
        "row", "server", "per s", "CPU us", "RSS MiB", "rounds"
    );
    for row_name in order {
        let own = reached.get(&(row_name, with)).and_then(|own| median(&own.per_second));
        for ((_, server), entry) in reached.iter().filter(|((of, _), _)| *of == row_name) {
            let cell = |figures: &[f64], digits| {
                median(figures).map_or_else(String::new, |figure| format!("{figure:.digits$}"))
            };
            let times = own.filter(|_| *server != with).zip(median(&entry.per_second));
            let times = times.map_or_else(String::new, |(own, other)| format!("{:.2} x", own / other));
            let line = format!(
                "{row_name:<20}{server:<18}{:>10}{:>10}{:>9}{:>8}   {times}",
                cell(&entry.per_second, 0),
                cell(&entry.cpu_us, 1),
                cell(&entry.memory_mib, 0),
                entry.per_second.len(),
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted.get(middle.checked_sub(1)?)? + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{comparison, median};

    /// A server stands beside another by the medians of their rounds.
    #[test]
    fn servers_are_compared_by_medians() {
        let row = |server: &str, per_second: f64| json!({"row": "get-4k-c1", "server": server, "per_second": per_second});
        let rows = [row("artstore", 900.0), row("other", 100.0), row("artstore", 300.0), row("other", 500.0)];
        let text = comparison(&rows, "artstore");
        assert!(text.lines().any(|line| line.contains("other") && line.ends_with("2.00 x")), "{text}");
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[])), (Some(2.0), None));
    }
}
