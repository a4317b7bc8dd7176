//! Rows: one JSON object each, the table that sets them beside their limits, and the one that sets servers beside
//! each other.

pub(crate) mod comparison;
mod log;
mod row;
pub(crate) mod table;

pub(crate) use log::Log;
pub(crate) use row::{Kind, Row};
