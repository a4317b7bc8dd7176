//! One request and its answer: bounded in time, and given up with the server.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::{Instant, interval};

use super::failure::{Failure, Refusal};

/// From one look at whether the work is to be given up to the next.
const LOOK: Duration = Duration::from_millis(100);
/// Most bytes of an answer that is read whole: a listing of 1,000 names is the longest.
const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The body of a request: there whole, or sent as it is read.
pub(super) type RequestBody = Either<Full<Bytes>, Channel<Bytes, Infallible>>;
/// What keeps connections, and speaks HTTP on them.
pub(super) type HttpClient = Client<HttpsConnector<HttpConnector>, RequestBody>;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connecting.
    pub(super) connect: Duration,
    /// Between two pieces of a body, and from a request to the head of its answer.
    pub(super) stall: Duration,
    /// From the last byte of what was sent to the answer: a service that puts parts together takes minutes.
    pub(super) store: Duration,
    /// Before a request is repeated for the first time.
    pub(super) first_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            store: Duration::from_secs(600),
            first_wait: Duration::from_millis(500),
        }
    }
}

/// Where and how requests are made.
pub(super) struct Exchange {
    pub(super) client: HttpClient,
    pub(super) limits: Limits,
}

/// An answer that was read whole.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Exchange {
    /// Makes a request without a body; answers once the head of the answer is there.
    ///
    /// *Errors*: also an answer that is no success.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Response<Incoming>, Failure> {
        let request = request(method, url, headers, 0, Either::Left(Full::default()))?;
        let answer = within(self.limits.stall, is_stopped, self.client.request(request)).await?;
        self.admit(answer.map_err(broken)?, is_stopped).await
    }

    /// Makes a request as [`Self::ask`] does, and reads the answer whole.
    pub(super) async fn ask_whole(
        &self,
        method: Method,
        url: &str,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Answer, Failure> {
        let answer = self.ask(method, url, HeaderMap::new(), is_stopped).await?;
        self.read(answer, is_stopped).await
    }

    /// Posts a short body that the service may take long over.
    pub(super) async fn post(
        &self,
        url: &str,
        body: Bytes,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Answer, Failure> {
        let length = body.len() as u64;
        let request = request(Method::POST, url, HeaderMap::new(), length, Either::Left(Full::new(body)))?;
        let answer = within(self.limits.store, is_stopped, self.client.request(request)).await?;
        let answer = self.admit(answer.map_err(broken)?, is_stopped).await?;
        self.read(answer, is_stopped).await
    }

    /// Puts `length` bytes that `feed` sends piece by piece.
    pub(super) async fn put(
        &self,
        url: &str,
        length: u64,
        is_stopped: &dyn Fn() -> bool,
        feed: impl AsyncFnOnce(Sender<Bytes, Infallible>) -> Result<(), Failure>,
    ) -> Result<Answer, Failure> {
        let (sender, body) = Channel::new(1);
        let request = request(Method::PUT, url, HeaderMap::new(), length, Either::Right(body))?;
        let mut answer = std::pin::pin!(self.client.request(request));
        let answered = {
            let mut fed = std::pin::pin!(feed(sender));
            tokio::select! {
                biased;
                // It says why it takes no more.
                answered = &mut answer => Some(answered),
                fed = &mut fed => {
                    fed?;
                    None
                }
            }
        };
        let answered = match answered {
            Some(answered) => answered,
            None => within(self.limits.store, is_stopped, answer).await?,
        };
        let answer = self.admit(answered.map_err(broken)?, is_stopped).await?;
        self.read(answer, is_stopped).await
    }

    /// Waits for the next piece of an answer's body; `None` at its end.
    pub(super) async fn piece(
        &self,
        body: &mut Incoming,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Bytes>, Failure> {
        loop {
            match within(self.limits.stall, is_stopped, body.frame()).await? {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(error)),
                Some(Ok(frame)) => {
                    // What is no data is trailers, which tell nothing here.
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// An answer that is a success.
    async fn admit(
        &self,
        answer: Response<Incoming>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Response<Incoming>, Failure> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let Answer { headers, text } = self.read(answer, is_stopped).await?;
        Err(Failure::Refused(Refusal::of(status, &headers, &text)))
    }

    async fn read(
        &self,
        answer: Response<Incoming>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Answer, Failure> {
        let (head, body) = answer.into_parts();
        let whole = Limited::new(body, TEXT_BYTES_MAX).collect();
        let whole = within(self.limits.store, is_stopped, whole).await?.map_err(Failure::Broken)?;
        let text = String::from_utf8_lossy(&whole.to_bytes()).into_owned();
        // A service that takes long answers 200 first, and then perhaps with an error.
        if head.status == StatusCode::OK && text.contains("<Error>") {
            let refusal = Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, &head.headers, &text);
            return Err(Failure::Refused(refusal));
        }
        Ok(Answer { headers: head.headers, text })
    }
}

fn request(
    method: Method,
    url: &str,
    headers: HeaderMap,
    length: u64,
    body: RequestBody,
) -> Result<Request<RequestBody>, Failure> {
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::USER_AGENT, concat!("artstore/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_LENGTH, length)
        .body(body)
        .map_err(|error| Failure::Broken(error.into()))?;
    request.headers_mut().extend(headers);
    Ok(request)
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::Broken(error.into())
}

/// Waits for `future`, but no longer than `limit`, and not when the work is to be given up.
pub(super) async fn within<T>(
    limit: Duration,
    is_stopped: &dyn Fn() -> bool,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    let (end, mut look) = (Instant::now() + limit, interval(LOOK.min(limit)));
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            done = &mut future => return Ok(done),
            now = look.tick() => {
                if is_stopped() {
                    return Err(Failure::Stopped);
                }
                if now >= end {
                    return Err(Failure::Slow);
                }
            }
        }
    }
}
