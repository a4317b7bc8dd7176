//! Asking the server over its socket.

use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::socket::connect;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Problem;

/// Most bytes of an answer: ten thousand accounts with long descriptions fit.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection to the server that owns an archive.
pub(crate) struct Client {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects to the server in `data`; `None` where none runs.
    ///
    /// *Errors*: `NoServer` where one may run and cannot be reached.
    pub(super) fn connect(data: &Path) -> Result<Option<Self>> {
        let unreachable = |source: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::NoServer, "reach the server of")
                .about(data.display())
                .remedy("run the command as the user who runs the server, or as root")
                .caused_by(source)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unreachable(error.into()))?;
        let sender = runtime.block_on(async {
            let Some(stream) = connect(data).await? else { return Ok(None) };
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // Its end, good or bad, shows in the answer of the request.
            tokio::spawn(connection);
            Ok(Some(sender))
        });
        let sender = sender.map_err(unreachable)?;
        Ok(sender.map(|sender| Self { runtime, sender }))
    }

    /// Asks for something.
    pub(super) fn get<T: DeserializeOwned>(&mut self, path: &'static str) -> Result<T> {
        self.exchange(Method::GET, path, Bytes::new())
    }

    /// Asks for a change.
    pub(super) fn post<T: DeserializeOwned>(
        &mut self,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_vec(body).map_err(|source| broken(path).caused_by(source))?;
        self.exchange(Method::POST, path, body.into())
    }

    fn exchange<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &'static str,
        body: Bytes,
    ) -> Result<T> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|source| broken(path).caused_by(source))?;
        let (status, bytes) = self
            .runtime
            .block_on(async {
                self.sender.ready().await?;
                let response = self.sender.send_request(request).await?;
                let status = response.status();
                let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?;
                Ok((status, body.to_bytes()))
            })
            .map_err(|source: Box<dyn std::error::Error + Send + Sync>| broken(path).caused_by(source))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|source| broken(path).caused_by(source));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(problem.into_error()),
            Err(_) => Err(broken(path).because(format_args!("it answered {status}"))),
        }
    }
}

fn broken(path: &'static str) -> Error {
    Error::new(ErrorKind::NoServer, "ask the server for")
        .about(path)
        .remedy("look into the server's log, and use a command of the server's release")
}
