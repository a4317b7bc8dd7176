//! A receiver on a real socket that does what it is told: takes, refuses, hangs, closes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reaction {
    Answer(u16),
    /// To a path of its own, which must never be asked for.
    Redirect,
    /// No answer at all.
    Hang,
    /// The connection is closed.
    Close,
    /// Something that is no HTTP.
    Babble,
    /// A success whose body never ends.
    Endless,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    pub(super) is_taken: bool,
}

/// The receiver.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    came: Arc<Notify>,
}

impl Receiver {
    /// A receiver that reacts to the request of that number, from 0, as `react` says.
    pub(super) async fn start(react: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (got, came) = (Arc::<Mutex<Vec<Got>>>::default(), Arc::new(Notify::new()));
        let (all, rung) = (Arc::clone(&got), Arc::clone(&came));
        let react = Arc::new(react);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (all, rung, react) = (Arc::clone(&all), Arc::clone(&rung), Arc::clone(&react));
                tokio::spawn(async move {
                    let Some((stream, mut request)) = read(stream).await else { return };
                    let reaction = {
                        let mut all = all.lock().unwrap();
                        let reaction = react(all.len());
                        request.is_taken = matches!(reaction, Reaction::Answer(200..300) | Reaction::Endless);
                        all.push(request);
                        reaction
                    };
                    rung.notify_one();
                    answer(stream, reaction).await;
                });
            }
        });
        Self { address, got, came }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until what came is as wanted.
    pub(super) async fn wait(&self, is_enough: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let wanted = async {
            loop {
                let got = self.got();
                if is_enough(&got) {
                    return got;
                }
                self.came.notified().await;
            }
        };
        timeout(Duration::from_secs(20), wanted).await.unwrap_or_else(|_| panic!("only {:#?}", self.got()))
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Got)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    Some((stream, Got { path, headers, body: bytes[end..].to_vec(), is_taken: false }))
}

async fn answer(mut stream: TcpStream, reaction: Reaction) {
    let text = match reaction {
        Reaction::Answer(status) => format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n"),
        Reaction::Redirect => {
            "HTTP/1.1 302 x\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        Reaction::Babble => "220 smtp ready\r\n".to_owned(),
        Reaction::Close => String::new(),
        Reaction::Hang => std::future::pending().await,
        Reaction::Endless => {
            stream.write_all(b"HTTP/1.1 200 x\r\n\r\n").await.ok();
            while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
            return;
        }
    };
    stream.write_all(text.as_bytes()).await.ok();
}
