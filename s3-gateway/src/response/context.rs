//! What is known of one request all the way: its id, its peer, who asks, and why it was refused.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::request::Parts;
use http::{Method, Version};
use s3s::S3Error;

use crate::addressing::host_of;
use crate::refusal::Refusal;

/// Travels with a request through s3s, in its extensions.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// The request id of the answer.
    pub(crate) request_id: Arc<str>,
    /// The peer's address.
    pub(crate) peer: Option<IpAddr>,
    /// The method, for the log.
    pub(crate) method: Method,
    /// The path as it was asked for, which error documents name as the resource.
    pub(crate) path: String,
    /// Where it was asked for, without its query.
    pub(crate) url: String,
    /// The account that the caller expects to own the bucket.
    pub(crate) expected_bucket_owner: Option<String>,
    operation: OnceLock<&'static str>,
    account: OnceLock<String>,
    refusal: OnceLock<Refusal>,
    /// Whether the request's body has arrived to its end: the connection can go on.
    body_ended: AtomicBool,
    version: Version,
}

impl RequestContext {
    /// Begins the context of a request.
    pub(crate) fn new(request_id: Arc<str>, peer: Option<IpAddr>, head: &Parts) -> Self {
        let expected = head.headers.get("x-amz-expected-bucket-owner");
        Self {
            request_id,
            peer,
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            url: format!("http://{}{}", host_of(head).unwrap_or_default(), head.uri.path()),
            expected_bucket_owner: expected
                .map(|owner| String::from_utf8_lossy(owner.as_bytes()).into_owned()),
            operation: OnceLock::new(),
            account: OnceLock::new(),
            refusal: OnceLock::new(),
            body_ended: AtomicBool::new(false),
            version: head.version,
        }
    }

    /// Notes that the request's body has arrived to its end.
    pub(crate) fn note_body_ended(&self) {
        self.body_ended.store(true, Ordering::Release);
    }

    /// Whether the connection ends with this answer: HTTP/1 cannot go on behind a body that nobody read.
    pub(crate) fn closes_connection(&self) -> bool {
        self.version <= Version::HTTP_11 && !self.body_ended.load(Ordering::Acquire)
    }

    /// Keeps who asks for what, once the signature has been verified.
    pub(crate) fn identify(&self, operation: &'static str, account: &str) {
        self.operation.get_or_init(|| operation);
        let account = self.account.get_or_init(|| account.to_owned());
        tracing::Span::current().record("user_id", account.as_str());
    }

    /// The operation, once it is known.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.operation.get().copied()
    }

    /// The account that asks, once its signature has been verified.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.get().map(String::as_str)
    }

    /// Keeps why the request is refused. The first reason counts: a body that breaks off explains what a
    /// later stage makes of it.
    pub(crate) fn refuse(&self, refusal: Refusal) -> S3Error {
        self.refusal.get_or_init(|| refusal).to_s3_error()
    }

    /// Why the request is refused.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }
}
