use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::accept;

/// With Nagle's algorithm a small answer waits for the client's delayed acknowledgement.
#[tokio::test]
async fn a_small_answer_is_sent_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    let (stream, peer, _place) = accept(&listener, &Arc::new(Semaphore::new(1))).await.expect("a connection");
    assert_eq!(peer, client.local_addr().expect("an address"));
    assert!(stream.nodelay().expect("an option of the socket"));
}
