//! The rows that a server is measured by.

mod content;
mod drive;
mod listing;
mod plan;
mod rows;
mod session;

pub(crate) use content::Content;
pub(crate) use drive::drive;
pub(crate) use plan::{End, Operation, Plan, Stock};
pub(crate) use rows::run;
pub(crate) use session::Target;
