//! Lists for people: columns as wide as their widest cell.

/// A table. Every row has as many cells as the header.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

/// Spaces between two columns.
const GAP: usize = 2;

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Starts a table with the names of its columns.
    pub(crate) fn new(header: [&str; COLUMNS]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    /// The table as lines, without spaces at their ends.
    pub(crate) fn to_text(&self) -> String {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(&format!("{cell:<padded$}", padded = width + GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
