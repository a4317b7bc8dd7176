//! Uploads in parts.

mod abort;
mod checksum_choice;
mod complete;
mod create;
mod list;
mod list_parts;
mod part;
mod part_copy;
mod reference;

pub(crate) use abort::abort;
pub(crate) use complete::complete;
pub(crate) use create::create;
pub(crate) use list::list;
pub(crate) use list_parts::list_parts;
pub(crate) use part::part;
pub(crate) use part_copy::part_copy;
