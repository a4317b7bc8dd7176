//! fuse-mount
