//! Sending one letter: the host is resolved once, every address is checked, and the connection goes to one that
//! was checked, so that a name that changes its address meanwhile leads nowhere else. Redirects are not followed.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::is_public;
use super::endpoint::Endpoint;
use crate::error::Result;
use crate::trust;

/// Most bytes of an answer that are read; it tells nothing but its status.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest time for the rest of an answer whose status is known.
const REST_MAX: Duration = Duration::from_secs(1);

/// How long a try may take, and how often there is a look for what is to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timings {
    /// Resolving, connecting and TLS.
    pub(crate) connect_max: Duration,
    /// From the connection to the head of the answer.
    pub(crate) answer_max: Duration,
    /// Between two looks for new events, and two writes of how far each webhook is.
    pub(crate) look: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect_max: Duration::from_secs(10),
            answer_max: Duration::from_secs(20),
            look: Duration::from_millis(500),
        }
    }
}

/// What is sent.
pub(super) struct Parcel {
    /// Headers of ours.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// Why a letter did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    /// The host has an address that is not public.
    Private(IpAddr),
    /// The host has no address.
    Unresolved(io::Error),
    /// No address takes a connection.
    Unreachable(io::Error),
    /// There was no connection in time.
    ConnectTimeout,
    /// There was no answer in time.
    AnswerTimeout,
    /// What came is no answer.
    Broken(hyper::Error),
    /// The answer is no success.
    Status(u16),
    /// The URL cannot be asked for.
    BadRequest(http::Error),
}

/// Sends letters.
pub(super) struct Sender {
    tls: TlsConnector,
    allows_private: bool,
    timings: Timings,
}

impl Sender {
    /// A sender that trusts the certificates that the system trusts. Blocking.
    ///
    /// *Errors*: `Failed` where TLS cannot be set up.
    pub(super) fn new(allows_private: bool, timings: Timings) -> Result<Self> {
        let config = trust::client_tls()?;
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), allows_private, timings })
    }

    /// Sends once. The answer counts as soon as its head is there.
    pub(super) async fn send(&self, endpoint: &Endpoint, parcel: Parcel) -> Result<(), Failure> {
        let connected = timeout(self.timings.connect_max, self.connect(endpoint)).await;
        let stream = connected.unwrap_or(Err(Failure::ConnectTimeout))?;
        timeout(self.timings.answer_max, exchange(stream, endpoint, parcel))
            .await
            .unwrap_or(Err(Failure::AnswerTimeout))
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        let found =
            lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(Failure::Unresolved)?;
        let addresses: Vec<SocketAddr> = found.collect();
        let private = addresses.iter().map(|address| address.ip()).find(|address| !is_public(*address));
        if let Some(private) = private.filter(|_| !self.allows_private) {
            return Err(Failure::Private(private));
        }
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(Failure::Unreachable)?;
        stream.set_nodelay(true).map_err(Failure::Unreachable)?;
        if !endpoint.is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(endpoint.host.clone())
            .map_err(|error| Failure::Unreachable(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let stream = self.tls.connect(name, stream).await.map_err(Failure::Unreachable)?;
        Ok(Box::new(stream))
    }
}

async fn exchange(stream: Box<dyn Stream>, endpoint: &Endpoint, parcel: Parcel) -> Result<(), Failure> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&endpoint.path)
        .header(header::HOST, &endpoint.authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("artstore/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close");
    for (name, value) in parcel.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(parcel.body)).map_err(Failure::BadRequest)?;
    let mut builder = hyper::client::conn::http1::Builder::new();
    let handshaken = builder.max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshaken.map_err(Failure::Broken)?;
    let ask = async {
        let answer = sender.send_request(request).await.map_err(Failure::Broken)?;
        let status = answer.status();
        // Read for politeness; the status has said everything.
        drop(timeout(REST_MAX, Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect()).await);
        if status.is_success() { Ok(()) } else { Err(Failure::Status(status.as_u16())) }
    };
    let mut connection = std::pin::pin!(connection);
    let mut ask = std::pin::pin!(ask);
    tokio::select! {
        biased;
        answered = &mut ask => answered,
        // Its end, good or bad, shows in the answer.
        _ = &mut connection => ask.await,
    }
}

/// A connection with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(address) => write!(
                f,
                "{address} is no public address: server.webhook_private_addresses allows those of your networks"
            ),
            Self::Unresolved(error) => write!(f, "the host has no address: {error}"),
            Self::Unreachable(error) => write!(f, "no connection: {error}"),
            Self::ConnectTimeout => f.write_str("no connection in time"),
            Self::AnswerTimeout => f.write_str("no answer in time"),
            Self::Broken(error) => write!(f, "no answer: {error}"),
            Self::Status(status) => write!(f, "the answer was {status}"),
            Self::BadRequest(error) => write!(f, "the URL cannot be asked for: {error}"),
        }
    }
}
