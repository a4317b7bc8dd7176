//! Rows: one JSON object each, and the table that sets them beside their limits.

mod log;
mod row;
pub(crate) mod table;

pub(crate) use log::Log;
pub(crate) use row::{Kind, Row};
