//! storage-engine
