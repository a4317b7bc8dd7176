//! Connections: a bounded number, each with bounded heads and a patience that ends, drained at shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::service::Service;

/// Most headers of a request.
const HEADERS_MAX: usize = 128;
/// Largest head of a request and largest read of a body, in bytes.
const BUFFER_BYTES_MAX: usize = 128 * 1024;
/// Largest head of a request in HTTP/2, in bytes.
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// Most requests at a time on one connection of HTTP/2.
const STREAMS_MAX: u32 = 128;
/// Bytes that a client may send ahead on one stream of HTTP/2.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// Pause after a failure to accept, as when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections from `listener` until `shutdown` is ready, then drains: no connection is accepted any
/// more, requests in flight are finished, and what takes longer than the settings' `drain_timeout` is broken
/// off. HTTP/1.1 and HTTP/2 are told apart by what the client sends.
///
/// Returns when the last connection has ended.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()> + Send) {
    let connections = Arc::new(Semaphore::new(service.settings().connections_max.max(1)));
    let builder = Arc::new(builder(service.settings().header_timeout));
    let graceful = GracefulShutdown::new();
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => accepted,
            // Ended tasks are collected here, so that the set does not grow with the uptime.
            Some(_) = tasks.join_next() => continue,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let (builder, service, watcher) = (Arc::clone(&builder), service.clone(), graceful.watcher());
        tasks.spawn(async move {
            let _place = place;
            let answer = service_fn(move |request: Request<Incoming>| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.call(request, Some(peer)).await) }
            });
            let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%peer, error, "a connection ended with an error");
            }
        });
    }
    drop(listener);
    let in_flight = graceful.count();
    if tokio::time::timeout(service.settings().drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(in_flight, "connections were broken off at the end of the drain");
    }
    tasks.shutdown().await;
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .keep_alive_interval(header_timeout);
    builder
}

/// The next connection, once there is a place for it. Without `TCP_NODELAY` small answers on a kept
/// connection wait 40 ms for the client's delayed acknowledgement.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%peer, %error, "TCP_NODELAY was not set");
            }
            Some((stream, peer, place))
        }
        Err(error) => {
            tracing::warn!(%error, "no connection could be accepted");
            let pause = tokio::time::timeout(ACCEPT_PAUSE, std::future::pending::<()>());
            pause.await.err()?;
            None
        }
    }
}

#[cfg(test)]
mod tests;
