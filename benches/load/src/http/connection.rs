//! One kept-alive connection.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Framing, Head};
use crate::error::{Error, ErrorKind, Result};

/// Most bytes taken from the socket at once; also the longest head or line of an answer.
const BUFFER_BYTES: usize = 256 * 1024;
/// Bodies up to this size leave in one write with their head.
const JOINED_BYTES: usize = 64 * 1024;

/// What is done with the body of an answer.
pub(crate) enum BodyCheck<'a> {
    /// There is none: HEAD.
    Absent,
    /// Count it only.
    Ignore,
    /// Compare it while it comes in.
    Equals(&'a [u8]),
    /// Keep it.
    Keep(&'a mut Vec<u8>),
}

/// A connection that is used for one exchange after another.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The part of `buffer` that was received and not yet used.
    start: usize,
    end: usize,
    sending: Vec<u8>,
    closed: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(broken("connect"))?;
        stream.set_nodelay(true).map_err(broken("connect"))?;
        let buffer = vec![0; BUFFER_BYTES];
        Ok(Self { stream, buffer, start: 0, end: 0, sending: Vec::new(), closed: false })
    }

    /// Whether the server said that it ends the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends a head, ended by its empty line, and a body; answers with the status.
    ///
    /// After an error the connection is of no more use.
    pub(crate) async fn exchange(&mut self, head: &str, body: &[u8], check: BodyCheck<'_>) -> Result<u16> {
        self.sending.clear();
        self.sending.extend_from_slice(head.as_bytes());
        let is_joined = body.len() <= JOINED_BYTES;
        if is_joined {
            self.sending.extend_from_slice(body);
        }
        self.stream.write_all(&self.sending).await.map_err(broken("send"))?;
        if !is_joined {
            self.stream.write_all(body).await.map_err(broken("send"))?;
        }
        let head = self.head().await?;
        self.closed = head.closes;
        let mut intake = Intake { check, taken: 0, is_right: true };
        self.body(head.framing, &mut intake).await?;
        intake.verdict(head.status)?;
        Ok(head.status)
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            match Head::parse(self.received()) {
                Some(Some(head)) => {
                    self.start += head.length;
                    // 100 Continue and the like announce the answer.
                    if head.status >= 200 {
                        return Ok(head);
                    }
                }
                Some(None) => return Err(Error::new(ErrorKind::Connection, "the answer is no HTTP/1.1")),
                None => self.fill().await?,
            }
        }
    }

    async fn body(&mut self, framing: Framing, intake: &mut Intake<'_>) -> Result<()> {
        match framing {
            _ if matches!(intake.check, BodyCheck::Absent) => Ok(()),
            Framing::Length(length) => self.pass(length, intake).await,
            Framing::Chunked => self.chunks(intake).await,
        }
    }

    /// RFC 9112, section 7.1; extensions and trailers are passed over.
    async fn chunks(&mut self, intake: &mut Intake<'_>) -> Result<()> {
        loop {
            let line = self.line().await?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16)
                .map_err(|_| Error::new(ErrorKind::Connection, format!("`{line}` is no chunk")))?;
            if length == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(());
            }
            self.pass(length, intake).await?;
            self.line().await?;
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(length) = self.received().windows(2).position(|two| two == b"\r\n") {
                let line =
                    String::from_utf8_lossy(self.received().get(..length).unwrap_or_default()).into_owned();
                self.start += length + 2;
                return Ok(line);
            }
            self.fill().await?;
        }
    }

    async fn pass(&mut self, length: u64, intake: &mut Intake<'_>) -> Result<()> {
        let mut left = length;
        while left > 0 {
            if self.start == self.end {
                self.fill().await?;
            }
            let received = self.received();
            let part = received.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(received);
            intake.take(part);
            let taken = part.len();
            self.start += taken;
            left -= taken as u64;
        }
        Ok(())
    }

    fn received(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Waits for more bytes.
    async fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        if free.is_empty() {
            return Err(Error::new(ErrorKind::Connection, "the head of the answer has no end"));
        }
        let count = self.stream.read(free).await.map_err(broken("receive"))?;
        if count == 0 {
            return Err(Error::new(ErrorKind::Connection, "the server closed it within an answer"));
        }
        self.end += count;
        Ok(())
    }
}

/// A body on its way in.
struct Intake<'a> {
    check: BodyCheck<'a>,
    taken: usize,
    is_right: bool,
}

impl Intake<'_> {
    fn take(&mut self, part: &[u8]) {
        match &mut self.check {
            BodyCheck::Absent | BodyCheck::Ignore => {}
            BodyCheck::Equals(expected) => {
                self.is_right &= expected.get(self.taken..self.taken + part.len()) == Some(part);
            }
            BodyCheck::Keep(kept) => kept.extend_from_slice(part),
        }
        self.taken += part.len();
    }

    /// The content counts only of a success: a refusal comes with a text of its own.
    fn verdict(&self, status: u16) -> Result<()> {
        match self.check {
            BodyCheck::Equals(expected) if status < 300 => {
                if self.is_right && self.taken == expected.len() {
                    return Ok(());
                }
                let text = format!("{} bytes came that are not the {} stored", self.taken, expected.len());
                Err(Error::new(ErrorKind::WrongContent, text))
            }
            _ => Ok(()),
        }
    }
}

fn broken(doing: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::io(ErrorKind::Connection, doing, source)
}
