//! What an operator may set about the S3 door.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Says which account a webhook belongs to, by the webhook's id; `None` where there is none of that id.
#[derive(Clone)]
pub struct WebhookOwners(Arc<OwnerOf>);

type OwnerOf = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Settings of the S3 door. The defaults serve a small installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region that clients sign for; any other is refused.
    pub region: String,
    /// Domains whose direct subdomains are buckets, without ports.
    pub domains: Vec<String>,
    /// Most connections at a time; further ones wait in the listener's backlog.
    pub connections_max: usize,
    /// Most requests at a time; further ones are answered 503 `SlowDown`.
    pub requests_max: usize,
    /// Most calls into the engine at a time; further ones wait.
    pub blocking_calls_max: usize,
    /// Longest time to receive the head of a request.
    pub header_timeout: Duration,
    /// Longest pause inside a request's body.
    pub body_pause_max: Duration,
    /// Longest time that a client waits for the head of an answer to a copy or a completion.
    pub silence_max: Duration,
    /// Longest time that requests in flight are given at shutdown.
    pub drain_timeout: Duration,
    /// The webhooks that notification configurations may name; by default there are none.
    pub webhooks: WebhookOwners,
}

impl WebhookOwners {
    /// Asks `owner_of` for each.
    pub fn new(owner_of: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner_of))
    }

    /// The account of a webhook.
    pub(crate) fn of(&self, webhook: &str) -> Option<String> {
        (self.0)(webhook)
    }
}

impl fmt::Debug for WebhookOwners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookOwners")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            domains: vec!["localhost".to_owned()],
            connections_max: 1024,
            requests_max: 1024,
            blocking_calls_max: 256,
            header_timeout: Duration::from_secs(20),
            body_pause_max: Duration::from_secs(60),
            silence_max: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(25),
            webhooks: WebhookOwners::new(|_| None),
        }
    }
}
