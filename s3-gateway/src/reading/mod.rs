//! Objects on their way out: which bytes, under which conditions, in which pieces.

mod conditions;
mod headers;
mod pieces;
mod selection;

pub(crate) use conditions::ReadConditions;
pub(crate) use headers::ObjectHeaders;
pub(crate) use pieces::Pieces;
pub(crate) use selection::{Selected, Selection};
