//! A client's signed conversation with the server.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{BodyCheck, Connection};
use crate::process::Processes;
use crate::signature::{Signed, Signer};

/// An answer that takes longer counts as an error.
const STALL: Duration = Duration::from_secs(30);

pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The server that is measured.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) signer: Signer,
    pub(crate) processes: Processes,
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    /// SHA-256 of the body in hex, or `UNSIGNED`.
    pub(super) payload: &'a str,
    pub(super) body: &'a [u8],
}

/// One connection and the account that signs on it.
pub(super) struct Session {
    address: SocketAddr,
    signer: Signer,
    /// None behind an error.
    connection: Option<Connection>,
    head: String,
}

impl Session {
    pub(super) async fn open(target: &Target) -> Result<Self> {
        let connection = Connection::open(target.address).await?;
        let Target { address, signer, .. } = target.clone();
        Ok(Self { address, signer, connection: Some(connection), head: String::new() })
    }

    /// Sends a request and expects one of the statuses of success.
    pub(super) async fn request(&mut self, request: &Request<'_>, check: BodyCheck<'_>) -> Result<u16> {
        let status = self.exchange(request, check).await?;
        if (200..300).contains(&status) {
            return Ok(status);
        }
        let Request { method, path, .. } = request;
        Err(Error::new(ErrorKind::Refused, format!("{status} to {method} {path}")))
    }

    /// Sends a request and answers with its status.
    pub(super) async fn exchange(&mut self, request: &Request<'_>, check: BodyCheck<'_>) -> Result<u16> {
        self.write_head(request);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let exchange = connection.exchange(&self.head, request.body, check);
        let status = tokio::time::timeout(STALL, exchange).await.map_err(|_| {
            let Request { method, path, .. } = request;
            Error::new(ErrorKind::Stalled, format!("{STALL:?} passed at {method} {path}"))
        })??;
        if !connection.is_closed() {
            self.connection = Some(connection);
        }
        Ok(status)
    }

    fn write_head(&mut self, request: &Request<'_>) {
        let Request { method, path, query, payload, body } = request;
        self.head.clear();
        let mark = if query.is_empty() { "" } else { "?" };
        for part in [*method, " ", *path, mark, *query, " HTTP/1.1\r\n"] {
            self.head.push_str(part);
        }
        self.signer.sign(&Signed { method, path, query, payload }, &mut self.head);
        if *method == "PUT" {
            self.head.push_str("content-length: ");
            self.head.push_str(&body.len().to_string());
            self.head.push_str("\r\n");
        }
        self.head.push_str("\r\n");
    }
}
