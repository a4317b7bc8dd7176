//! The couriers: a task for each webhook that sends its letters one after the other, and one that keeps how far
//! they are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use storage_engine::outbox::{Event, EventKind};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::body::body;
use super::document::TestedDocument;
use super::letter::{Form, Letter};
use super::registry::{OpenWebhook, Webhooks};
use super::sender::{Parcel, Sender, Timings};
use super::signature::sign;
use crate::error::{Error, ErrorKind, Result};

/// Events that are looked at at once.
const PAGE_EVENTS: usize = 200;

/// The tasks that send.
pub(crate) struct Couriers {
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    webhooks: Arc<Webhooks>,
    sender: Sender,
    timings: Timings,
}

impl Couriers {
    /// Starts them inside a tokio runtime; the certificates that the system trusts are read before.
    ///
    /// *Errors*: `Failed` where TLS cannot be set up.
    pub(crate) fn start(
        webhooks: Arc<Webhooks>,
        allows_private: bool,
        timings: Timings,
    ) -> Result<Arc<Self>> {
        let sender = Sender::new(allows_private, timings)?;
        let shared = Arc::new(Shared { webhooks, sender, timings });
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&shared).run(stop.clone()));
        Ok(Arc::new(Self { shared, stop, task: std::sync::Mutex::new(Some(task)) }))
    }

    /// Sends a trial to a webhook at once, whatever waits for it.
    ///
    /// *Errors*: `Failed` where there is no webhook of this id. That it did not arrive is an answer.
    pub(crate) async fn test(&self, id: Uuid) -> Result<TestedDocument> {
        let open = self.shared.webhooks.find(id)?;
        let letter = trial(&open, self.shared.webhooks.clock.now_ms(), id)?;
        let failure = self.shared.send(&open, &letter, 1).await;
        Ok(TestedDocument { id: letter.id(), failure })
    }

    /// Asks them to end: what is under way is broken off, and sent again after the next start.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Waits until they have ended and how far they were is kept.
    pub(crate) async fn stop(&self) {
        self.ask_to_stop();
        let task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("The webhooks ended by a fault of their own; the next start goes on with them.");
        }
    }
}

impl Shared {
    /// Runs a courier for each webhook, those that come and go too, until `stop`.
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut couriers = JoinSet::new();
        let mut stops: BTreeMap<Uuid, CancellationToken> = BTreeMap::new();
        while !stop.is_cancelled() {
            let all = self.webhooks.all();
            stops.retain(|id, stop| {
                let is_there = all.iter().any(|open| open.webhook.id == *id);
                if !is_there {
                    stop.cancel();
                }
                is_there
            });
            for open in all {
                stops.entry(open.webhook.id).or_insert_with(|| {
                    let own = stop.child_token();
                    couriers.spawn(Arc::clone(&self).carry(open, own.clone()));
                    own
                });
            }
            while couriers.try_join_next().is_some() {}
            let waited = timeout(self.timings.look, self.webhooks.changed.notified());
            // Whether something changed or time went by is the same.
            let _either = stop.run_until_cancelled(waited).await;
            self.keep().await;
        }
        while couriers.join_next().await.is_some() {}
        self.keep().await;
    }

    async fn keep(self: &Arc<Self>) {
        let webhooks = Arc::clone(&self.webhooks);
        let kept = spawn_blocking(move || webhooks.keep_changed()).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "How far the webhooks are could not be kept."
            );
        }
    }

    /// Sends what there is for a webhook until `stop`.
    async fn carry(self: Arc<Self>, open: Arc<OpenWebhook>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let reads_after = open.lock().reads_after();
            if let Some(after) = reads_after {
                self.fill(&open, after).await;
            }
            let now_ms = self.webhooks.clock.now_ms();
            let taken = open.lock().take(now_ms);
            match taken {
                Some((letter, attempt)) => {
                    let Some(failure) = stop.run_until_cancelled(self.send(&open, &letter, attempt)).await
                    else {
                        return;
                    };
                    self.settle(&open, &letter, failure);
                }
                None => {
                    let wait = self.wait(&open, now_ms);
                    let waited = timeout(wait, open.rung.notified());
                    let _either = stop.run_until_cancelled(waited).await;
                }
            }
        }
    }

    /// How long there is nothing to do; a new event is seen after a look at the latest.
    fn wait(&self, open: &OpenWebhook, now_ms: u64) -> Duration {
        let wakes_ms = open.lock().wakes_ms();
        let wait = wakes_ms.map_or(self.timings.look, |wakes_ms| {
            Duration::from_millis(wakes_ms.saturating_sub(now_ms).max(1))
        });
        wait.min(self.timings.look)
    }

    /// Looks at the next events.
    async fn fill(&self, open: &Arc<OpenWebhook>, after: u64) {
        let (archive, shared) = (Arc::clone(&self.webhooks.archive), Arc::clone(open));
        let filled = spawn_blocking(move || {
            if archive.last_event() == after {
                return Ok(());
            }
            let page = archive.events(after, PAGE_EVENTS)?;
            let letters = page.events.iter().flat_map(|(position, event)| {
                let letters = shared.webhook.letters(event);
                letters.into_iter().map(|letter| (*position, letter))
            });
            if page.lost > 0 {
                tracing::error!(webhook = %shared.webhook.id, lost = page.lost, "Events were lost: too many waited.");
            }
            shared.lock().fill(letters.collect(), page.position, page.lost);
            Ok::<_, storage_engine::Error>(())
        });
        if let Ok(Err(error)) = filled.await {
            tracing::error!(webhook = %open.webhook.id, %error, "The outbox could not be read.");
        }
    }

    fn settle(&self, open: &OpenWebhook, letter: &Letter, failure: Option<String>) {
        let (webhook, delivery) = (open.webhook.id, letter.id());
        match &failure {
            None => tracing::debug!(%webhook, delivery, "Delivered an event."),
            Some(reason) => tracing::debug!(%webhook, delivery, reason, "An event was not delivered."),
        }
        // Without randomness all wait the same.
        let jitter = getrandom::u32().unwrap_or_default();
        let reason = failure.clone().unwrap_or_default();
        if open.lock().settle(failure, self.webhooks.clock.now_ms(), jitter) {
            tracing::error!(
                %webhook, delivery, reason,
                "Gave an event up: artstore webhook dead shows it, and --retry has it tried again."
            );
        }
    }

    /// Sends a letter once; answers with what went wrong.
    async fn send(&self, open: &OpenWebhook, letter: &Letter, attempt: u32) -> Option<String> {
        let body = body(letter, attempt);
        let timestamp = self.webhooks.clock.now_ms() / 1000;
        let headers = vec![
            ("x-artstore-event", letter.event_name().to_owned()),
            ("x-artstore-delivery", letter.id()),
            ("x-artstore-timestamp", timestamp.to_string()),
            ("x-artstore-signature", sign(open.secret.reveal(), timestamp, &body)),
        ];
        let sent = self.sender.send(&open.webhook.url, Parcel { headers, body: body.into() }).await;
        sent.err().map(|failure| failure.to_string())
    }
}

/// A letter about nothing, for a trial.
fn trial(open: &OpenWebhook, now_ms: u64, id: Uuid) -> Result<Letter> {
    let bucket = storage_engine::name::BucketName::parse("test")
        .map_err(|source| Error::new(ErrorKind::Failed, "test webhook").about(id).caused_by(source))?;
    let event = Event {
        seq: 0,
        kind: EventKind::Test,
        time_ms: now_ms,
        owner: open.webhook.account.clone(),
        bucket: open.webhook.bucket.clone().unwrap_or(bucket),
        key: open.webhook.prefix.clone(),
        version: None,
        size: None,
        etag: None,
        mode: None,
        expires_ms: None,
        reason: None,
        account: open.webhook.account.clone(),
        address: None,
        request_id: Uuid::now_v7().to_string(),
        is_for_owner: true,
        notify: Vec::new(),
    };
    Ok(Letter::new(&event, Form::Plain))
}
