//! The catalog's file as the store wants it, reached through the disk seam, so that crash suites cover it
//! as well.

use std::fmt;
use std::io;
use std::sync::Arc;

use redb::StorageBackend;

use super::blocks::Blocks;

/// One file as redb wants it. A damaged block fails the read and condemns the file: redb answers every
/// later call with an error, and the next start makes the catalog anew.
pub(super) struct Backend(Arc<Blocks>);

impl Backend {
    pub(super) fn new(blocks: Arc<Blocks>) -> Self {
        Self(blocks)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = self.0.read(offset, out);
        if let Err(error) = &read
            && error.kind() == io::ErrorKind::InvalidData
            && self.0.condemn()
        {
            tracing::error!(%error, "the catalog is damaged; requests are refused until the server is restarted, which makes it again from the sidecars");
        }
        read
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
