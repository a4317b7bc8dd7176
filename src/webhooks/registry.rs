//! All webhooks, and what may be asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::{Accounts, ClientSecret};
use storage_engine::Archive;
use storage_engine::clock::Clock;
use tokio::sync::Notify;
use uuid::Uuid;

use super::document::{CreatedWebhook, DeadDocument, NewWebhookRequest, RetriedDocument, WebhookDocument};
use super::ledger;
use super::mailbox::Mailbox;
use super::webhook::{Webhook, read_events};
use crate::error::{Error, ErrorKind, Result};

/// Most webhooks of an archive; each has a task of its own.
pub(super) const WEBHOOKS_MAX: usize = 200;

/// The webhooks of an archive.
pub(crate) struct Webhooks {
    pub(super) archive: Arc<Archive>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) clock: Arc<dyn Clock>,
    open: Mutex<BTreeMap<Uuid, Arc<OpenWebhook>>>,
    /// Held while mailboxes are written.
    keeping: Mutex<()>,
    /// Rung when a webhook comes or goes.
    pub(super) changed: Notify,
}

/// A webhook in use.
pub(super) struct OpenWebhook {
    pub(super) webhook: Webhook,
    pub(super) secret: ClientSecret,
    mailbox: Mutex<Mailbox>,
    /// Rung when there may be something to send.
    pub(super) rung: Notify,
}

impl OpenWebhook {
    pub(super) fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Webhooks {
    /// Reads the webhooks of an archive, and has the events of their accounts noted from now on.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn open(
        archive: Arc<Archive>,
        accounts: Arc<Accounts>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        let mut open = BTreeMap::new();
        for (webhook, mailbox) in ledger::read(&archive)? {
            match accounts.open_for(&webhook.secret, &Webhook::seal_name(webhook.id)) {
                Ok(secret) => drop(open.insert(webhook.id, OpenWebhook::of(webhook, secret, mailbox))),
                Err(error) => tracing::error!(
                    webhook = %webhook.id, %error,
                    "The secret of a webhook cannot be opened: nothing is sent to it. Remove it and make it again."
                ),
            }
        }
        let webhooks = Arc::new(Self {
            archive,
            accounts,
            clock,
            open: Mutex::new(open),
            keeping: Mutex::new(()),
            changed: Notify::new(),
        });
        webhooks.name_accounts(&webhooks.lock());
        Ok(webhooks)
    }

    /// Every webhook with what became of its events, the oldest first.
    pub(crate) fn list(&self) -> Vec<WebhookDocument> {
        let last = self.archive.last_event();
        self.all().iter().map(|open| WebhookDocument::of(&open.webhook, &open.lock(), last)).collect()
    }

    /// Makes a webhook, which is told of what happens from now on. *Durability*: it is durable on return.
    ///
    /// *Errors*: `Failed` for an unknown account or event, a URL that is none, or one webhook too many.
    pub(crate) fn create(&self, new: NewWebhookRequest) -> Result<CreatedWebhook> {
        let failed = || Error::new(ErrorKind::Failed, "create webhook");
        let account = self.accounts.by_name(&new.account).ok_or_else(|| {
            failed()
                .because(format_args!("there is no account {}", new.account))
                .remedy("artstore account list shows the accounts there are")
        })?;
        let (url, events) = (new.url.parse()?, read_events(&new.events)?);
        let id = Uuid::now_v7();
        let secret = ClientSecret::generate().map_err(|source| failed().caused_by(source))?;
        let sealed = self.accounts.seal_for(&secret, &Webhook::seal_name(id));
        let webhook = Webhook {
            id,
            account: account.id.to_string(),
            url,
            events,
            bucket: new.bucket,
            prefix: new.prefix,
            secret: sealed.map_err(|source| failed().caused_by(source))?,
            created_at_ms: self.clock.now_ms(),
        };
        let mut open = self.lock();
        if open.len() >= WEBHOOKS_MAX {
            return Err(failed()
                .because(format_args!("an archive has at most {WEBHOOKS_MAX}"))
                .remedy("remove one: artstore webhook remove ID"));
        }
        let durable = self.written()?;
        let mut mailbox = Mailbox::default();
        mailbox.begin_at(durable);
        ledger::keep_progress(&self.archive, id, &mailbox.progress)?;
        ledger::keep(&self.archive, &webhook)?;
        let made = WebhookDocument::of(&webhook, &mailbox, durable);
        let created = CreatedWebhook { webhook: made, secret: secret.reveal().to_owned() };
        open.insert(id, OpenWebhook::of(webhook, secret, mailbox));
        self.name_accounts(&open);
        drop(open);
        self.changed.notify_one();
        tracing::info!(webhook = %id, account = new.account, url = new.url, "Made a webhook.");
        Ok(created)
    }

    /// Removes a webhook with everything that waits for it. *Durability*: it is gone for good on return.
    ///
    /// *Errors*: `Failed` where there is none of this id.
    pub(crate) fn remove(&self, id: Uuid) -> Result<WebhookDocument> {
        let mut open = self.lock();
        let found = open.get(&id).ok_or_else(|| unknown(id))?;
        let removed = WebhookDocument::of(&found.webhook, &found.lock(), self.archive.last_event());
        ledger::remove(&self.archive, id)?;
        open.remove(&id);
        self.name_accounts(&open);
        drop(open);
        self.changed.notify_one();
        tracing::info!(webhook = %id, url = removed.url, "Removed a webhook.");
        Ok(removed)
    }

    /// The events that could not be delivered, webhook by webhook, the oldest first.
    pub(crate) fn dead(&self) -> Vec<DeadDocument> {
        let of = |open: &Arc<OpenWebhook>| -> Vec<DeadDocument> {
            open.lock().dead.iter().map(|dead| DeadDocument::of(open.webhook.id, dead)).collect()
        };
        self.all().iter().flat_map(of).collect()
    }

    /// Has the events that could not be delivered tried again, as many as there is room for.
    /// *Durability*: durable on return.
    pub(crate) fn retry_dead(&self) -> Result<RetriedDocument> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let durable = self.written()?;
        let mut retried = 0;
        for open in self.all() {
            let id = open.webhook.id;
            let mut mailbox = open.lock();
            let raised = mailbox.raise_dead(self.clock.now_ms());
            if raised == 0 {
                continue;
            }
            // Held meanwhile, and in this order: a letter that is in both is sent once too often, one that is in
            // none is lost.
            ledger::keep_progress(&self.archive, id, &mailbox.kept(durable))?;
            ledger::keep_dead(&self.archive, id, &mailbox.dead)?;
            retried += raised;
            drop(mailbox);
            open.rung.notify_one();
        }
        Ok(RetriedDocument { retried })
    }

    /// The account of a webhook, for who names it in a notification configuration.
    pub(crate) fn owner_of(&self, id: &str) -> Option<String> {
        let id = Uuid::parse_str(id).ok()?;
        Some(self.lock().get(&id)?.webhook.account.clone())
    }

    /// Keeps how far each webhook is, and lets the outbox go up to where all of them are. Blocking.
    ///
    /// *Errors*: `Failed`; what was delivered since the last time is then delivered again after a crash.
    pub(super) fn keep_changed(&self) -> Result<()> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all();
        let durable = self.written()?;
        let mut released = durable;
        for open in all {
            let (progress, dead) = {
                let mut mailbox = open.lock();
                let progress = mailbox.kept(durable);
                let (is_changed, is_dead_changed) = (mailbox.is_changed, mailbox.is_dead_changed);
                (mailbox.is_changed, mailbox.is_dead_changed) = (false, false);
                released = released.min(progress.cursor);
                (is_changed.then_some(progress), is_dead_changed.then(|| mailbox.dead.clone()))
            };
            let id = open.webhook.id;
            // The dead first, where letters may have gone there.
            let kept = dead
                .as_ref()
                .map_or(Ok(()), |dead| ledger::keep_dead(&self.archive, id, dead))
                .and_then(|()| {
                    progress
                        .as_ref()
                        .map_or(Ok(()), |progress| ledger::keep_progress(&self.archive, id, progress))
                });
            if let Err(error) = kept {
                let mut mailbox = open.lock();
                (mailbox.is_changed, mailbox.is_dead_changed) = (true, true);
                return Err(error);
            }
            if !self.lock().contains_key(&id) {
                // It was removed meanwhile, and must not come back.
                ledger::remove(&self.archive, id)?;
            }
        }
        self.archive.release_events(released);
        Ok(())
    }

    /// Writes the outbox; answers with the position up to which it is durable.
    fn written(&self) -> Result<u64> {
        let written = self.archive.persist_events();
        written.map_err(|source| Error::new(ErrorKind::Failed, "write the outbox").caused_by(source))
    }

    /// The webhook of this id.
    ///
    /// *Errors*: `Failed` where there is none.
    pub(super) fn find(&self, id: Uuid) -> Result<Arc<OpenWebhook>> {
        self.lock().get(&id).cloned().ok_or_else(|| unknown(id))
    }

    /// Every webhook.
    pub(super) fn all(&self) -> Vec<Arc<OpenWebhook>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<OpenWebhook>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name_accounts(&self, open: &BTreeMap<Uuid, Arc<OpenWebhook>>) {
        let told = open.values().filter(|open| !open.webhook.events.is_empty());
        let accounts: BTreeSet<String> = told.map(|open| open.webhook.account.clone()).collect();
        self.archive.set_event_accounts(accounts);
    }
}

impl OpenWebhook {
    fn of(webhook: Webhook, secret: ClientSecret, mailbox: Mailbox) -> Arc<Self> {
        Arc::new(Self { webhook, secret, mailbox: Mutex::new(mailbox), rung: Notify::new() })
    }
}

fn unknown(id: Uuid) -> Error {
    Error::new(ErrorKind::Failed, "find webhook")
        .about(id)
        .because("there is none of this id")
        .remedy("artstore webhook list shows the webhooks there are")
}
