//! The process that owns an archive, for a command that needs it.

use std::sync::Arc;
use std::time::Duration;

use storage_engine::clock::SystemClock;
use uuid::Uuid;

use super::client::Client;
use super::webhooks::{DEAD_PATH, PATH as WEBHOOKS_PATH, REMOVE_PATH, RETRY_PATH, TEST_PATH};
use crate::administration::{
    AccountDocument, Administration, Asker, BucketDocument, BucketSettingsRequest, CreatedAccount,
    ElementDocument, ModeDocument, ModeRequest, NewAccountRequest, NewElementRequest, NewRestoreRequest,
    RestoreAnswer, RestoreDocument, RetainRequest, RetentionDocument, SealPassDocument, SettingsRequest,
    TargetRequest, absolute,
};
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::settings::Settings;
use crate::upkeep::{LifecyclePass, Transaction, Work};
use crate::webhooks::{
    CreatedWebhook, DeadDocument, NewWebhookRequest, RetriedDocument, TestedDocument, WebhookDocument,
    WebhookRequest,
};
use storage_engine::retention::ClockStatus;

/// Longest wait for news of a transaction, a pass or a run.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(1);
/// What an archive has from its first start on.
const MARK: &str = "control";

/// The owner of an archive.
pub(crate) enum Owner {
    /// A server that runs.
    Server(Client),
    /// This process, which holds the archive's lock for as long as the command lasts.
    Itself(Administration),
}

impl Owner {
    /// Finds the server of the data directory, else opens the archive.
    ///
    /// *Errors*: `NoServer` where one runs and cannot be reached; `Owned` where another command has the
    /// archive or a server is just starting; `Failed` where there is no archive.
    pub(crate) fn find(settings: &Settings) -> Result<Self> {
        let data = absolute(&settings.storage.data)?;
        if let Some(client) = Client::connect(&data)? {
            return Ok(Self::Server(client));
        }
        let is_archive = private_file::exists(&data.join(MARK)).map_err(|source| {
            Error::new(ErrorKind::Failed, "look for an archive in")
                .about(data.display())
                .remedy("run the command as the user who made the archive")
                .caused_by(source)
        })?;
        if !is_archive {
            return Err(Error::new(ErrorKind::Failed, "find an archive in")
                .about(data.display())
                .because("there is none")
                .remedy(format_args!(
                    "name its directory with --data, or make one: artstore serve --data {}",
                    data.display()
                )));
        }
        let (administration, first_start) = Administration::open(settings, Arc::new(SystemClock))?;
        if let Some(first_start) = first_start {
            tracing::warn!(
                credentials = %first_start.credentials.display(),
                "Made the system account, which this archive did not have yet."
            );
        }
        Ok(Self::Itself(administration))
    }

    /// Every element.
    pub(crate) fn elements(&mut self) -> Result<Vec<ElementDocument>> {
        match self {
            Self::Server(client) => client.get("/elements"),
            Self::Itself(administration) => Ok(administration.element_documents()),
        }
    }

    /// Makes an element.
    pub(crate) fn create_element(&mut self, new: NewElementRequest) -> Result<ElementDocument> {
        match self {
            Self::Server(client) => client.post("/elements", &new),
            Self::Itself(administration) => administration.create_element(&offline_user(), new),
        }
    }

    /// Changes the mode of an element, or says what that would change.
    pub(crate) fn set_mode(&mut self, request: &ModeRequest) -> Result<ModeDocument> {
        match self {
            Self::Server(client) => client.post("/elements/mode", request),
            Self::Itself(administration) => administration.set_mode(&offline_user(), request),
        }
    }

    /// Sets the order and the bounds in which an element is filled.
    pub(crate) fn set_element(&mut self, request: &SettingsRequest) -> Result<ElementDocument> {
        match self {
            Self::Server(client) => client.post("/elements/settings", request),
            Self::Itself(administration) => administration.set_element(&offline_user(), request),
        }
    }

    /// Sets where the bytes of an element go in mode ar.
    pub(crate) fn set_target(&mut self, request: TargetRequest) -> Result<ElementDocument> {
        match self {
            Self::Server(client) => client.post("/elements/target", &request),
            Self::Itself(administration) => administration.set_target(&offline_user(), request),
        }
    }

    /// Asks for the bytes of an archived document.
    pub(crate) fn restore(&mut self, request: &NewRestoreRequest) -> Result<RestoreAnswer> {
        match self {
            Self::Server(client) => client.post("/restores", request),
            Self::Itself(administration) => administration.restore(&offline_user(), request),
        }
    }

    /// Every bucket.
    pub(crate) fn buckets(&mut self) -> Result<Vec<BucketDocument>> {
        match self {
            Self::Server(client) => client.get("/buckets"),
            Self::Itself(administration) => Ok(administration.bucket_documents()),
        }
    }

    /// Sets the default mode of a bucket.
    pub(crate) fn set_bucket(&mut self, request: &BucketSettingsRequest) -> Result<BucketDocument> {
        match self {
            Self::Server(client) => client.post("/buckets", request),
            Self::Itself(administration) => administration.set_bucket(&offline_user(), request),
        }
    }

    /// Keeps a version from removal.
    pub(crate) fn retain(&mut self, request: &RetainRequest) -> Result<RetentionDocument> {
        match self {
            Self::Server(client) => client.post("/retain", request),
            Self::Itself(administration) => administration.retain(&offline_user(), request),
        }
    }

    /// The archive's time and the system's.
    pub(crate) fn clock(&mut self) -> Result<ClockStatus> {
        match self {
            Self::Server(client) => client.get("/clock"),
            Self::Itself(administration) => Ok(administration.clock()),
        }
    }

    /// Lets the archive's time go on to the system's.
    pub(crate) fn accept_clock(&mut self) -> Result<ClockStatus> {
        match self {
            Self::Server(client) => client.post("/clock", &()),
            Self::Itself(administration) => administration.accept_clock(&offline_user()),
        }
    }

    /// The restores there are, the oldest first.
    pub(crate) fn restores(&mut self) -> Result<Vec<RestoreDocument>> {
        match self {
            Self::Server(client) => client.get("/restores"),
            Self::Itself(administration) => administration.restores(),
        }
    }

    /// Does the work of a transaction; tells `told` how far it is until it has ended.
    ///
    /// Where no server runs, this process does the work, and first what an earlier one has left.
    pub(crate) fn transact(&mut self, work: Work, told: &mut dyn FnMut(&Transaction)) -> Result<Transaction> {
        match self {
            Self::Server(client) => {
                let mut transaction: Transaction = client.post("/transactions", &work)?;
                while !transaction.is_ended() {
                    told(&transaction);
                    transaction = client.post("/transactions/wait", &transaction)?;
                }
                Ok(transaction)
            }
            Self::Itself(administration) => {
                let transfers = administration.start_transfers()?;
                let mut transaction = transfers.ask(work, offline_user().name())?;
                while !transaction.is_ended() {
                    told(&transaction);
                    let Some(now) = transfers.wait(&transaction, WAIT_MAX) else { break };
                    transaction = now;
                }
                transfers.stop();
                Ok(transaction)
            }
        }
    }

    /// Every transaction that is kept, the oldest first.
    pub(crate) fn transactions(&mut self) -> Result<Vec<Transaction>> {
        match self {
            Self::Server(client) => client.get("/transactions"),
            Self::Itself(administration) => administration.transactions(),
        }
    }

    /// Makes a pass over the lifecycles; tells `told` how far it is until it has ended.
    ///
    /// Where no server runs, this process does the work, and first what an earlier one has left.
    pub(crate) fn run_lifecycles(&mut self, told: &mut dyn FnMut(&LifecyclePass)) -> Result<LifecyclePass> {
        match self {
            Self::Server(client) => {
                let mut pass: LifecyclePass = client.post("/lifecycle", &())?;
                while !pass.is_ended() {
                    told(&pass);
                    pass = client.post("/lifecycle/wait", &pass)?;
                }
                Ok(pass)
            }
            Self::Itself(administration) => {
                let lifecycles = administration.start_lifecycles()?;
                let mut pass = lifecycles.ask()?;
                while !pass.is_ended() {
                    told(&pass);
                    let Some(now) = lifecycles.wait(&pass, WAIT_MAX) else { break };
                    pass = now;
                }
                lifecycles.stop();
                Ok(pass)
            }
        }
    }

    /// Every pass over the lifecycles that is kept, the oldest first.
    pub(crate) fn lifecycle_passes(&mut self) -> Result<Vec<LifecyclePass>> {
        match self {
            Self::Server(client) => client.get("/lifecycle"),
            Self::Itself(administration) => administration.lifecycle_passes(),
        }
    }

    /// Every account.
    pub(crate) fn accounts(&mut self) -> Result<Vec<AccountDocument>> {
        match self {
            Self::Server(client) => client.get("/accounts"),
            Self::Itself(administration) => Ok(administration.account_documents()),
        }
    }

    /// Makes an account.
    pub(crate) fn create_account(&mut self, new: NewAccountRequest) -> Result<CreatedAccount> {
        match self {
            Self::Server(client) => client.post("/accounts", &new),
            Self::Itself(administration) => administration.create_account(new),
        }
    }

    /// Every webhook.
    pub(crate) fn webhooks(&mut self) -> Result<Vec<WebhookDocument>> {
        match self {
            Self::Server(client) => client.get(WEBHOOKS_PATH),
            Self::Itself(administration) => Ok(administration.webhooks().list()),
        }
    }

    /// Makes a webhook.
    pub(crate) fn create_webhook(&mut self, new: NewWebhookRequest) -> Result<CreatedWebhook> {
        match self {
            Self::Server(client) => client.post(WEBHOOKS_PATH, &new),
            Self::Itself(administration) => administration.webhooks().create(new),
        }
    }

    /// Removes a webhook.
    pub(crate) fn remove_webhook(&mut self, id: Uuid) -> Result<WebhookDocument> {
        match self {
            Self::Server(client) => client.post(REMOVE_PATH, &WebhookRequest { id }),
            Self::Itself(administration) => administration.webhooks().remove(id),
        }
    }

    /// Tries a webhook, which only a server does.
    pub(crate) fn test_webhook(&mut self, id: Uuid) -> Result<TestedDocument> {
        match self {
            Self::Server(client) => client.post(TEST_PATH, &WebhookRequest { id }),
            Self::Itself(_) => Err(Error::new(ErrorKind::NoServer, "test webhook")
                .about(id)
                .because("no server runs, and only a server sends")
                .remedy("start it: artstore serve")),
        }
    }

    /// The events that could not be delivered.
    pub(crate) fn dead_events(&mut self) -> Result<Vec<DeadDocument>> {
        match self {
            Self::Server(client) => client.get(DEAD_PATH),
            Self::Itself(administration) => Ok(administration.webhooks().dead()),
        }
    }

    /// Has them tried again.
    pub(crate) fn retry_dead_events(&mut self) -> Result<RetriedDocument> {
        match self {
            Self::Server(client) => client.post(RETRY_PATH, &()),
            Self::Itself(administration) => administration.webhooks().retry_dead(),
        }
    }

    /// Seals hours that are over.
    pub(crate) fn seal_now(&mut self) -> Result<SealPassDocument> {
        match self {
            Self::Server(client) => client.post("/seals", &()),
            Self::Itself(administration) => administration.seal_now(),
        }
    }

    /// Lets go of the archive, where this process had it.
    pub(crate) fn close(self) -> Result<()> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Itself(administration) => administration.close(),
        }
    }
}

/// Who asks where no server runs: the user of this process.
pub(super) fn offline_user() -> Asker {
    Asker::local(rustix::process::geteuid().as_raw(), "offline".into())
}
