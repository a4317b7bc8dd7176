//! What the program says about itself while it runs: log lines, as JSON for machines or text for people.

mod json_lines;
mod start;

pub(crate) use start::{Audience, LogStyle, start};

#[cfg(test)]
mod tests;
