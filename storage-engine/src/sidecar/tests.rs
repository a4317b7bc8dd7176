//! The sidecar's codec.
