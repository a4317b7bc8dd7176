//! The search mirror: follows the engine's change feed (`storage_engine::Archive::changes`) into a search
//! engine. This release has none; the crate keeps its place in the direction of dependencies.
