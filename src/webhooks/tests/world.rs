//! An archive with webhooks, whose clock runs a thousand times as fast, so that hours of retries are seconds.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::{Accounts, MasterKey, NewAccount, Role};
use storage_engine::Archive;
use storage_engine::archive::OpenOptions;
use storage_engine::caller::{Caller, Door};
use storage_engine::clock::Clock;
use storage_engine::name::{BucketName, ObjectKey};
use storage_engine::outbox::{Event, EventKind, Occurrence};
use tempfile::TempDir;

use super::receiver::Got;
use crate::webhooks::{CreatedWebhook, NewWebhookRequest, Timings, WebhookDocument, Webhooks};

pub(super) const TIMINGS: Timings = Timings {
    connect_max: Duration::from_millis(500),
    answer_max: Duration::from_millis(200),
    look: Duration::from_millis(5),
};
const START_MS: u64 = 1_795_132_800_000;

/// The clock.
struct FastClock(Instant);

impl Clock for FastClock {
    fn now_ms(&self) -> u64 {
        START_MS + u64::try_from(self.0.elapsed().as_micros()).unwrap()
    }
}

/// An archive with an account and its bucket `docs`.
pub(super) struct World {
    pub(super) archive: Arc<Archive>,
    pub(super) webhooks: Arc<Webhooks>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    pub(super) folder: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::load(MasterKey::generate().unwrap(), []).unwrap();
        for name in ["owner", "other"] {
            let new = NewAccount {
                name: name.parse().unwrap(),
                role: Role::User,
                description: String::new(),
                client_id: None,
                client_secret: None,
                is_system: false,
            };
            accounts.create(new, START_MS).unwrap().insert();
        }
        let archive = open(folder.path());
        let owner = accounts.by_name("owner").unwrap().id.to_string();
        archive.create_bucket(&caller(), &bucket(), &owner).unwrap();
        let (accounts, clock) = (Arc::new(accounts), Arc::new(FastClock(Instant::now())) as Arc<dyn Clock>);
        let webhooks =
            Webhooks::open(Arc::clone(&archive), Arc::clone(&accounts), Arc::clone(&clock)).unwrap();
        Self { archive, webhooks, accounts, clock, folder }
    }

    /// Opens the archive again, after a close or none.
    pub(super) fn reopened(self) -> Self {
        let Self { archive, webhooks, accounts, clock, folder } = self;
        archive.close().unwrap();
        drop((webhooks, archive));
        let archive = open(folder.path());
        let webhooks =
            Webhooks::open(Arc::clone(&archive), Arc::clone(&accounts), Arc::clone(&clock)).unwrap();
        Self { archive, webhooks, accounts, clock, folder }
    }

    pub(super) fn webhook(&self, account: &str, url: &str, events: &[&str]) -> CreatedWebhook {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        let new = NewWebhookRequest {
            account: account.to_owned(),
            url: url.to_owned(),
            events,
            bucket: None,
            prefix: String::new(),
        };
        self.webhooks.create(new).unwrap()
    }

    /// Waits until the first webhook is as wanted.
    pub(super) async fn wait_for(&self, is_wanted: impl Fn(&WebhookDocument) -> bool) {
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        let wanted = async {
            while !is_wanted(&self.webhooks.list()[0]) {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("in time");
    }

    /// Tells of a key that it was restored.
    pub(super) fn restored(&self, key: &str) {
        self.happens(EventKind::RestoreCompleted, key);
    }

    pub(super) fn happens(&self, kind: EventKind, key: &str) {
        let occurrence = Occurrence::of(kind, bucket(), &ObjectKey::parse(key).unwrap());
        self.archive.emit(&caller(), occurrence).unwrap();
    }
}

fn open(folder: &Path) -> Arc<Archive> {
    Arc::new(Archive::open(OpenOptions::new(folder.join("data"))).unwrap())
}

fn bucket() -> BucketName {
    BucketName::parse("docs").unwrap()
}

fn caller() -> Caller {
    Caller {
        account: "somebody".into(),
        account_name: "somebody".into(),
        door: Door::Job,
        address: None,
        request_id: "R".into(),
        operation: "test",
    }
}

/// The keys that were taken.
pub(super) fn keys(got: &[Got]) -> BTreeSet<String> {
    let taken = got.iter().filter(|got| got.is_taken);
    let key = |got: &Got| {
        let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        body["key"].as_str().unwrap().to_owned()
    };
    taken.map(key).collect()
}

/// An event of the account `owner`.
pub(super) fn event(seq: u64, kind: EventKind) -> Event {
    Event {
        seq,
        kind,
        time_ms: START_MS + 7,
        owner: "owner".to_owned(),
        bucket: bucket(),
        key: "a b/ä+".to_owned(),
        version: None,
        size: None,
        etag: None,
        mode: None,
        expires_ms: None,
        reason: None,
        account: "somebody".to_owned(),
        address: None,
        request_id: "R".to_owned(),
        is_for_owner: true,
        notify: Vec::new(),
    }
}
