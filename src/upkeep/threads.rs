//! The threads together: started with the server, ended with it.

use std::sync::Arc;

use super::archiving::Archiving;
use super::disposals::Disposals;
use super::lifecycles::Lifecycles;
use super::scrub::Scrubber;
use super::seals::Sealing;
use super::transfers::Transfers;
use crate::administration::Administration;
use crate::error::Result;
use crate::settings::StorageSettings;

/// The threads of a running server.
pub(crate) struct Upkeep {
    sealing: Sealing,
    archiving: Archiving,
    jobs: Jobs,
}

/// Those that commands ask for something. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs {
    /// The check of the archive.
    pub(crate) scrubber: Arc<Scrubber>,
    /// The transfers.
    pub(crate) transfers: Arc<Transfers>,
    /// What expires and moves by itself.
    pub(crate) lifecycles: Arc<Lifecycles>,
    /// What is disposed of.
    pub(crate) disposals: Arc<Disposals>,
}

impl Upkeep {
    /// Starts them.
    ///
    /// *Errors*: `Failed` where the system gives no thread.
    pub(crate) fn start(administration: &Administration, settings: &StorageSettings) -> Result<Self> {
        let sealing = Sealing::start(Arc::clone(administration.archive()), settings.seal_after)?;
        let recalls = settings.recalls.0.get();
        let archiving = Archiving::start(Arc::clone(administration.archive()), recalls)?;
        Ok(Self { sealing, archiving, jobs: Jobs::start(administration, settings)? })
    }

    /// Those that commands ask for something.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Asks them to end.
    pub(crate) fn ask_to_stop(&self) {
        self.sealing.ask_to_stop();
        self.archiving.ask_to_stop();
        self.jobs.ask_to_stop();
    }

    /// Waits until they have ended.
    pub(crate) fn end(self) {
        self.jobs.stop();
        self.sealing.join();
        self.archiving.join();
    }
}

impl Jobs {
    /// Starts them.
    ///
    /// *Errors*: `Failed` where the system gives no thread.
    pub(crate) fn start(administration: &Administration, settings: &StorageSettings) -> Result<Self> {
        Ok(Self {
            transfers: administration.start_transfers()?,
            lifecycles: administration.start_lifecycles()?,
            disposals: administration.start_disposals()?,
            scrubber: administration.start_scrub(settings.scrub)?,
        })
    }

    fn ask_to_stop(&self) {
        self.scrubber.ask_to_stop();
        self.transfers.ask_to_stop();
        self.lifecycles.ask_to_stop();
        self.disposals.ask_to_stop();
    }

    /// Waits until they have ended.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        self.scrubber.stop();
        self.transfers.stop();
        self.lifecycles.stop();
        self.disposals.stop();
    }
}
