//! Who asks, and the one way to the archive.

mod identity;
mod visit;

pub(crate) use identity::Identity;
pub(crate) use visit::{Entered, Entrance, Visit};
