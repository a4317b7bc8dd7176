//! Opening the archive with its accounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::{Accounts, Document};
use storage_engine::archive::{Archive, OpenOptions};
use storage_engine::clock::Clock;

use super::first_start::{self, FirstStart};
use super::master_key;
use crate::error::{Error, ErrorKind, Result};
use crate::remote_buckets::Buckets;
use crate::settings::{ScrubSettings, Settings};
use crate::upkeep::{DisposalRun, Disposals, LifecyclePass, Lifecycles, Scrubber, Transaction, Transfers};
use crate::webhooks::{Couriers, Timings, Webhooks};

/// The folder of account documents among the control documents.
pub(super) const ACCOUNTS_FOLDER: &str = "accounts";

/// An open archive and its accounts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Administration {
    pub(super) archive: Arc<Archive>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Administration {
    /// Opens the archive, which the first start makes, and takes its lock.
    ///
    /// Says what the first start made, where this was it. *Durability*: what it says is durable.
    ///
    /// *Errors*: `Owned` where another process has the archive; `InvalidSettings` for a wrong `INITIAL_*`
    /// value; `Failed`.
    pub(crate) fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<(Self, Option<FirstStart>)> {
        let data = absolute(&settings.storage.data)?;
        let mut options = OpenOptions::new(data.clone());
        options.clock = Arc::clone(&clock);
        options.buckets = Arc::new(Buckets::new());
        let archive = Archive::open(options).map_err(|source| cannot_open(&data, source))?;
        let documents = read_account_documents(&archive)?;
        if settings.auth.master_key_file.lies_in(&data) {
            tracing::warn!(
                "The master key lies in the data directory: a copy of the archive gives its secrets away."
            );
        }
        let key = master_key::read_or_make(&settings.auth.master_key_file, !documents.is_empty())?;
        let accounts = Accounts::load(key, documents).map_err(|source| {
            Error::new(ErrorKind::Failed, "read the accounts of")
                .about(data.display())
                .remedy("put back the master key that belongs to this archive, or the account's document from a backup")
                .caused_by(source)
        })?;
        let (archive, accounts) = (Arc::new(archive), Arc::new(accounts));
        let webhooks = Webhooks::open(Arc::clone(&archive), Arc::clone(&accounts), Arc::clone(&clock))?;
        let opened = Self { archive, accounts, webhooks, clock };
        let first_start = first_start::run(&opened, &settings.auth, &data)?;
        Ok((opened, first_start))
    }

    /// The archive.
    pub(crate) fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    /// The accounts.
    pub(crate) fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// The webhooks.
    pub(crate) fn webhooks(&self) -> &Arc<Webhooks> {
        &self.webhooks
    }

    /// Starts to send events, inside a tokio runtime.
    ///
    /// *Errors*: `Failed` where TLS cannot be set up.
    pub(crate) fn start_couriers(&self, allows_private: bool) -> Result<Arc<Couriers>> {
        Couriers::start(Arc::clone(&self.webhooks), allows_private, Timings::default())
    }

    /// Starts the check of the archive beside its use.
    ///
    /// *Errors*: `Failed` where there can be no thread.
    pub(crate) fn start_scrub(&self, settings: ScrubSettings) -> Result<Arc<Scrubber>> {
        Scrubber::start(Arc::clone(&self.archive), Arc::clone(&self.clock), settings)
    }

    /// Starts the transfers that are asked for, and those that a stop has interrupted.
    ///
    /// *Errors*: `Failed` where there can be no thread.
    pub(crate) fn start_transfers(&self) -> Result<Arc<Transfers>> {
        Transfers::start(Arc::clone(&self.archive), Arc::clone(&self.clock))
    }

    /// The transactions that are kept, the oldest first, where no server works at them.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn transactions(&self) -> Result<Vec<Transaction>> {
        Transfers::kept(&self.archive)
    }

    /// Starts what expires and moves by itself, and goes on with the pass that a stop has interrupted.
    ///
    /// *Errors*: `Failed` where there can be no thread.
    pub(crate) fn start_lifecycles(&self) -> Result<Arc<Lifecycles>> {
        Lifecycles::start(Arc::clone(&self.archive))
    }

    /// The passes over the lifecycles that are kept, the oldest first, where no server works at them.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn lifecycle_passes(&self) -> Result<Vec<LifecyclePass>> {
        Lifecycles::kept(&self.archive)
    }

    /// Starts what lists and disposes, and goes on with the runs that a stop has interrupted.
    ///
    /// *Errors*: `Failed` where there can be no thread.
    pub(crate) fn start_disposals(&self) -> Result<Arc<Disposals>> {
        Disposals::start(Arc::clone(&self.archive))
    }

    /// The disposal runs that are kept, the oldest first, where no server works at them.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn disposal_runs(&self) -> Result<Vec<DisposalRun>> {
        Disposals::kept(&self.archive)
    }

    /// Finishes what is in flight and checkpoints.
    pub(crate) fn close(&self) -> Result<()> {
        self.archive.close().map_err(|source| {
            Error::new(ErrorKind::Failed, "close the archive")
                .because("nothing acknowledged is lost; the next start recovers from the log")
                .caused_by(source)
        })
    }
}

/// The path from the root, so that it means the same in every process.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|source| Error::new(ErrorKind::Failed, "find").about(path.display()).caused_by(source))
}

fn read_account_documents(archive: &Archive) -> Result<Vec<Document>> {
    let documents = archive
        .control_documents(ACCOUNTS_FOLDER)
        .map_err(|source| Error::new(ErrorKind::Failed, "read the accounts").caused_by(source))?;
    Ok(documents.into_iter().map(|(name, bytes)| Document { name, bytes }).collect())
}

fn cannot_open(data: &Path, source: storage_engine::Error) -> Error {
    use storage_engine::ErrorKind as Kind;
    let failed = |kind| Error::new(kind, "open the archive").about(data.display());
    let error = match source.kind() {
        Kind::Locked => failed(ErrorKind::Owned)
            .because("another process owns it")
            .remedy("use the server that runs there, stop it, or name another directory with --data"),
        Kind::NewerFormat => failed(ErrorKind::Failed).remedy("use the newer release; nothing was changed"),
        Kind::Corrupt => failed(ErrorKind::Failed)
            .remedy("put the damaged file back from a backup; the line above names it"),
        Kind::StorageFull => failed(ErrorKind::Failed).remedy("make room on the disk and start again"),
        _ => failed(ErrorKind::Failed)
            .remedy("make the directory readable and writable, or name another with --data"),
    };
    error.caused_by(source)
}
