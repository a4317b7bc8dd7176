//! A server that answers PUT, GET, HEAD, DELETE and ListObjectsV2 from memory and believes every signature:
//! what HTTP costs alone, and something to try the client against.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::error::{Error, ErrorKind, Result};

const PAGE_KEYS: usize = 1000;
/// What is put below this path is taken and dropped.
const DROPPED: &str = "/dropped/";

/// Objects by path.
#[derive(Default)]
struct Objects(Mutex<BTreeMap<String, Bytes>>);

/// Serves until standard input ends.
pub(crate) async fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    writeln!(io::stdout(), "{address}").map_err(failed)?;
    let (sender, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whether it ends or fails, nobody holds us any more.
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        drop(sender);
    });
    tokio::select! {
        served = accept(&listener) => served.map_err(failed),
        _ = ended => Ok(()),
    }
}

async fn accept(listener: &TcpListener) -> io::Result<()> {
    let objects = Arc::new(Objects::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let objects = Arc::clone(&objects);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&objects), request));
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that goes away is no matter of this server.
            drop(connection.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    objects: Arc<Objects>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let method = request.method().clone();
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(response(StatusCode::BAD_REQUEST, Bytes::new())),
    };
    Ok(match method {
        Method::GET if query.contains("list-type=2") => {
            response(StatusCode::OK, objects.list(&path, &query).into())
        }
        Method::PUT => {
            if !path.starts_with(DROPPED) {
                objects.lock().insert(path, body);
            }
            response(StatusCode::OK, Bytes::new())
        }
        Method::DELETE => {
            objects.lock().remove(&path);
            response(StatusCode::NO_CONTENT, Bytes::new())
        }
        Method::GET | Method::HEAD => match objects.lock().get(&path) {
            Some(content) => response(StatusCode::OK, content.clone()),
            None => response(StatusCode::NOT_FOUND, Bytes::new()),
        },
        _ => response(StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
    })
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

impl Objects {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page in the form of ListObjectsV2; the token is the last key, the delimiter a slash.
    fn list(&self, bucket: &str, query: &str) -> String {
        let prefix = format!("{bucket}/");
        let token = query.split('&').find_map(|part| part.strip_prefix("continuation-token="));
        let from = token.map_or_else(|| prefix.clone(), |token| format!("{}\0", token.replace("%2F", "/")));
        let objects = self.lock();
        let below = objects.range(from..format!("{bucket}0"));
        if query.contains("delimiter=") { prefixes(below, &prefix) } else { keys(below, &prefix) }
    }
}

fn keys(mut below: Range<'_, String, Bytes>, prefix: &str) -> String {
    let (mut text, mut last) = (String::from("<ListBucketResult>"), "");
    for (path, content) in below.by_ref().take(PAGE_KEYS) {
        let key = path.strip_prefix(prefix).unwrap_or_default();
        text.push_str(&format!("<Contents><Key>{key}</Key><Size>{}</Size></Contents>", content.len()));
        last = path;
    }
    if below.next().is_some() {
        text.push_str(&format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        ));
    }
    text + "</ListBucketResult>"
}

fn prefixes(below: Range<'_, String, Bytes>, prefix: &str) -> String {
    let (mut text, mut last) = (String::from("<ListBucketResult>"), "");
    for (path, _) in below {
        let folder = path.strip_prefix(prefix).and_then(|key| key.split('/').next()).unwrap_or_default();
        if folder != last {
            text.push_str(&format!("<CommonPrefixes><Prefix>{folder}/</Prefix></CommonPrefixes>"));
            last = folder;
        }
    }
    text + "</ListBucketResult>"
}

fn failed(source: io::Error) -> Error {
    Error::io(ErrorKind::Machine, "serve from memory", source)
}
