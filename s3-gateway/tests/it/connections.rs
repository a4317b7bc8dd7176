//! Real connections: kept alive, drained at shutdown, bounded.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3_gateway::{Settings, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::door::Door;

const PATIENCE: Duration = Duration::from_secs(20);

/// A door on a port of its own.
struct Open {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn open(door: &Door) -> Open {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (shutdown, signal) = oneshot::channel();
    let stop = async move { signal.await.unwrap_or_default() };
    Open { address, shutdown, served: tokio::spawn(serve(listener, door.service.clone(), stop)) }
}

async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(async move { drop(connection.await) });
    sender
}

async fn send(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
    sender.ready().await.expect("the connection is kept");
    let answer = sender.send_request(request).await.expect("an answer");
    let status = answer.status();
    (status, answer.into_body().collect().await.expect("a whole body").to_bytes())
}

/// A refusal that comes before the body is read says that the connection ends with it, so that a client
/// does not send its next request into it; one after the body leaves it open.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_before_the_body_ends_the_connection() {
    let door = Door::with_bucket().await;
    let open = open(&door).await;
    let path = format!("/docs/{}", "k".repeat(1025));
    let request = door.user.put(&path).body(Bytes::from_static(b"12345678")).sign();
    let mut stream = TcpStream::connect(open.address).await.expect("a connection");
    let mut head = format!("PUT {path} HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 8\r\n");
    for (name, value) in request.headers() {
        if name != "content-length" {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("plain headers")));
        }
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the connection ends").expect("an answer");
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(answer.starts_with("http/1.1 400"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");

    let mut sender = connect(open.address).await;
    let missing = door.user.get("/docs/missing").sign();
    assert_eq!(send(&mut sender, missing).await.0, StatusCode::NOT_FOUND);
    let found = door.user.get("/docs/missing").sign();
    assert_eq!(send(&mut sender, found).await.0, StatusCode::NOT_FOUND, "the connection is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests_and_ends_with_the_door() {
    let door = Door::with_bucket().await;
    let open = open(&door).await;
    let mut sender = connect(open.address).await;
    let body = Bytes::from(vec![b'a'; 2_000_000]);
    let put = door.user.put("/docs/k").body(body.clone()).sign();
    assert_eq!(send(&mut sender, put).await.0, StatusCode::OK);
    for _ in 0..3 {
        let (status, read) = send(&mut sender, door.user.get("/docs/k").sign()).await;
        assert!(status == StatusCode::OK && read == body);
    }
    open.shutdown.send(()).expect("the door is open");
    tokio::time::timeout(PATIENCE, open.served)
        .await
        .expect("an idle connection is no hindrance")
        .expect("no panic");
    assert!(TcpStream::connect(open.address).await.is_err(), "a closed door refuses");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_finished_at_shutdown() {
    let door = Door::with_bucket().await;
    let open = open(&door).await;
    let signed = door.user.put("/docs/k").body("hello").sign();
    let mut stream = TcpStream::connect(open.address).await.expect("a connection");
    let mut head = format!("PUT {} HTTP/1.1\r\n", signed.uri());
    for (name, value) in signed.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("a plain header")));
    }
    stream.write_all(format!("{head}\r\nhel").as_bytes()).await.expect("a write");
    // The service has the request once it has counted it; the bucket's listing waits for the same runtime.
    let mut other = connect(open.address).await;
    assert_eq!(send(&mut other, door.user.get("/docs").sign()).await.0, StatusCode::OK);
    open.shutdown.send(()).expect("the door is open");
    stream.write_all(b"lo").await.expect("a write");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    read.await.expect("an answer in time").expect("a read");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
    tokio::time::timeout(PATIENCE, open.served).await.expect("a drain in time").expect("no panic");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_nothing() {
    let door = Door::with_bucket().await;
    let open = open(&door).await;
    let signed = door.user.put("/docs/k").body(vec![b'a'; 3_000_000]).sign();
    let mut head = format!("PUT {} HTTP/1.1\r\n", signed.uri());
    for (name, value) in signed.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("a plain header")));
    }
    let mut stream = TcpStream::connect(open.address).await.expect("a connection");
    stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("a write");
    stream.write_all(&vec![b'a'; 1_000_000]).await.expect("a write");
    drop(stream);
    open.shutdown.send(()).expect("the door is open");
    tokio::time::timeout(PATIENCE, open.served).await.expect("a drain in time").expect("no panic");
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_and_a_slow_body_are_given_up() {
    let settings = Settings {
        header_timeout: Duration::from_millis(200),
        body_pause_max: Duration::from_millis(200),
        ..Settings::default()
    };
    let door = Door::with(settings);
    assert_eq!(door.send(door.user.put("/docs").sign()).await.status, 200);
    let open = open(&door).await;
    let mut stream = TcpStream::connect(open.address).await.expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").await.expect("a write");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    read.await.expect("the connection ends").expect("a read");

    let signed = door.user.put("/docs/k").body("hello").sign();
    let mut head = format!("PUT {} HTTP/1.1\r\n", signed.uri());
    for (name, value) in signed.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("a plain header")));
    }
    let mut stream = TcpStream::connect(open.address).await.expect("a connection");
    stream.write_all(format!("{head}\r\nhel").as_bytes()).await.expect("a write");
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    read.await.expect("the connection ends").expect("a read");
    assert!(String::from_utf8_lossy(&answer).contains("<Code>RequestTimeout</Code>"));
}

/// HTTP/2 without negotiation, as proxies speak it: several requests share a connection, and the host of the
/// signature is the authority.
#[tokio::test(flavor = "multi_thread")]
async fn http_2_serves_requests_side_by_side() {
    let door = Door::with_bucket().await;
    let open = open(&door).await;
    let stream = TcpStream::connect(open.address).await.expect("a connection");
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(async move { drop(connection.await) });
    let exchange = |request: Request<Full<Bytes>>| {
        let mut sender = sender.clone();
        async move {
            let (mut head, body) = request.into_parts();
            head.headers.remove("host");
            head.uri = format!("http://localhost{}", head.uri).parse().expect("a URI");
            sender.ready().await.expect("the connection is kept");
            let answer = sender.send_request(Request::from_parts(head, body)).await.expect("an answer");
            assert_eq!(answer.version(), Version::HTTP_2);
            let status = answer.status();
            (status, answer.into_body().collect().await.expect("a whole body").to_bytes())
        }
    };
    let large = Bytes::from(vec![b'a'; 3_000_000]);
    let put = |key: &str, body: Bytes| {
        exchange(door.user.put(&format!("/docs/{key}")).body(body).sign_without_length())
    };
    let stored =
        tokio::join!(put("a", large.clone()), put("b", Bytes::from_static(b"1")), put("c", large.clone()));
    assert_eq!([stored.0.0, stored.1.0, stored.2.0], [StatusCode::OK; 3]);
    let get = |key: &str| exchange(door.user.get(&format!("/docs/{key}")).sign_without_length());
    let read = tokio::join!(get("a"), get("b"), get("gone"));
    assert_eq!([read.0.0, read.1.0, read.2.0], [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND]);
    assert!(read.0.1 == large && read.1.1 == "1", "the bodies came back");
}
