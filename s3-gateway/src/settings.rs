//! What an operator may set about the S3 door.

use std::time::Duration;

/// Settings of the S3 door. The defaults serve a small installation.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        }
    }
}
