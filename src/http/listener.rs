//! The API's connections: how many, how long their heads may take, and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::api::Peer;

/// Most connections at a time; further ones wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 512;
/// Longest time to receive the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait after the process has run out of descriptors or memory for connections.
const EXHAUSTION_PAUSE: Duration = Duration::from_millis(200);

/// Serves `router` until `stop`, and then the requests in flight. Dropping the future cuts them off.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            tokio::time::timeout(EXHAUSTION_PAUSE, stop.cancelled()).await.ok();
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(Peer(peer))));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "A connection broke.");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Waits for a place, then for a connection; `None` where the process has no room for one.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let accepted = listener.accept().await;
    match accepted.and_then(|(stream, peer)| Ok((without_delay(stream)?, peer))) {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Could not take a connection.");
            None
        }
    }
}

/// Small answers leave at once.
fn without_delay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}
