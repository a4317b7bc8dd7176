//! The threads together: started with the server, ended with it.

use std::sync::Arc;

use super::archiving::Archiving;
use super::scrub::Scrubber;
use super::seals::Sealing;
use super::transfers::Transfers;
use crate::administration::Administration;
use crate::error::Result;
use crate::settings::StorageSettings;

/// The threads of a running server.
pub(crate) struct Upkeep {
    scrubber: Arc<Scrubber>,
    sealing: Sealing,
    transfers: Arc<Transfers>,
    archiving: Archiving,
}

impl Upkeep {
    /// Starts them.
    ///
    /// *Errors*: `Failed` where the system gives no thread.
    pub(crate) fn start(administration: &Administration, settings: &StorageSettings) -> Result<Self> {
        let sealing = Sealing::start(Arc::clone(administration.archive()), settings.seal_after)?;
        let transfers = administration.start_transfers()?;
        let recalls = settings.recalls.0.get();
        let archiving = Archiving::start(Arc::clone(administration.archive()), recalls)?;
        Ok(Self { scrubber: administration.start_scrub(settings.scrub)?, sealing, transfers, archiving })
    }

    pub(crate) fn scrubber(&self) -> &Arc<Scrubber> {
        &self.scrubber
    }

    pub(crate) fn transfers(&self) -> &Arc<Transfers> {
        &self.transfers
    }

    /// Asks them to end.
    pub(crate) fn ask_to_stop(&self) {
        self.sealing.ask_to_stop();
        self.scrubber.ask_to_stop();
        self.transfers.ask_to_stop();
        self.archiving.ask_to_stop();
    }

    /// Waits until they have ended.
    pub(crate) fn end(self) {
        self.scrubber.stop();
        self.transfers.stop();
        self.sealing.join();
        self.archiving.join();
    }
}
