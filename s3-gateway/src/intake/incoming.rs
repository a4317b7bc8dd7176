//! The body of an object or part, from s3s to the engine.
//!
//! Bytes are gathered into pieces. While one piece is written (hashed and staged) on a blocking thread, the
//! next one is gathered, and no more: memory for a body is two pieces, whatever its length. A body shorter
//! than a piece is handed over with the call that commits it. When a client goes away the future is
//! dropped, and with it the [`BodyWriter`], which leaves nothing behind.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::HeaderMap;
use http::header::EXPECT;
use s3s::TrailingHeaders;
use s3s::dto::StreamingBlob;
use storage_engine::ErrorKind;
use storage_engine::archive::body::{Body, BodyWriter, INLINE_BYTES_MAX};
use storage_engine::archive::multipart::PART_BYTES_MAX;
use storage_engine::digest::ChecksumAlgorithm;

use super::Claims;
use crate::crossing::Crossing;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::RequestContext;

/// From this many bytes on, what was gathered is written.
const PIECE_BYTES: usize = 256 * 1024;

/// Bodies up to this many bytes are short: none is staged, and gathering one holds up nobody.
const SHORT_BYTES_MAX: u64 = INLINE_BYTES_MAX as u64;

/// Pieces below this many bytes are copied together.
const JOINED_BELOW_BYTES: usize = 4096;

/// A body that is about to arrive. Nothing of it has been read.
pub(crate) struct Incoming {
    body: Option<StreamingBlob>,
    lengths: Lengths,
    claims: Claims,
    trailer: Option<TrailingHeaders>,
    context: Arc<RequestContext>,
    /// The client sends it once it is told to go on (RFC 9110, section 10.1.1).
    waits_for_leave: bool,
}

/// The lengths in bytes that a body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lengths {
    /// This one, which the client announced.
    Announced(u64),
    /// From the first to the second, both included: nobody knows before it has arrived.
    Between(u64, u64),
}

/// A body that has arrived, of which the last piece is still to be written.
pub(crate) struct Received {
    writer: Box<BodyWriter>,
    last: Last,
}

/// The last piece of a body, or the whole of a short one, with the claims about it.
pub(crate) struct Last {
    bytes: Vec<Bytes>,
    claims: Claims,
}

impl Incoming {
    /// Takes a body with what the headers of its request say about it.
    ///
    /// *Errors*: those of [`Claims::of`].
    pub(crate) fn new(
        body: Option<StreamingBlob>,
        headers: &HeaderMap,
        trailer: Option<TrailingHeaders>,
        lengths: Lengths,
        context: &Arc<RequestContext>,
    ) -> Answer<Self> {
        let mut claims = Claims::of(headers)?;
        if let Lengths::Announced(length) = lengths {
            claims.set_length(length);
        }
        let waits_for_leave = headers.contains_key(EXPECT);
        Ok(Self { body, lengths, claims, trailer, context: Arc::clone(context), waits_for_leave })
    }

    /// The announced length in bytes.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.lengths {
            Lengths::Announced(length) => Some(length),
            Lengths::Between(..) => None,
        }
    }

    /// The checksums to compute: those the client sends, or what S3 computes where it sends none.
    pub(crate) fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        let claimed = self.claims.claimed_algorithms();
        if claimed.is_empty() { vec![ChecksumAlgorithm::Crc64Nvme] } else { claimed }
    }

    /// Whether the body is to be gathered before anybody is asked whether it may come: it is short, and its
    /// client sends it whatever the answer.
    pub(crate) fn is_gathered(&self) -> bool {
        !self.waits_for_leave && self.length().is_some_and(|length| length <= SHORT_BYTES_MAX)
    }

    /// Receives the whole of a body that is gathered.
    ///
    /// *Errors*: what the body failed with.
    pub(crate) async fn gather(mut self) -> Answer<Last> {
        let mut gathered = Gathered::default();
        while let Some(bytes) = self.next().await? {
            gathered.push(bytes);
            self.lengths.check_so_far(gathered.size as u64)?;
        }
        self.lengths.check_whole(gathered.size as u64)?;
        self.claims.add_trailer(self.trailer.as_ref())?;
        Ok(Last { bytes: gathered.take(), claims: self.claims })
    }

    /// Receives the body into `writer`.
    ///
    /// *Errors*: what the body or the writing of a piece failed with.
    pub(crate) async fn receive(mut self, crossing: &Crossing, writer: BodyWriter) -> Answer<Received> {
        let mut writing = Writing::Idle(Box::new(writer));
        let mut gathered = Gathered::default();
        let mut received = 0_u64;
        while let Some(bytes) = self.next().await? {
            received += bytes.len() as u64;
            self.lengths.check_so_far(received)?;
            gathered.push(bytes);
            if gathered.size >= PIECE_BYTES {
                writing = writing.write(crossing, gathered.take()).await?;
            }
        }
        self.lengths.check_whole(received)?;
        self.claims.add_trailer(self.trailer.as_ref())?;
        let last = Last { bytes: gathered.take(), claims: self.claims };
        Ok(Received { writer: writing.wait().await?, last })
    }

    async fn next(&mut self) -> Answer<Option<Bytes>> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        body.next().await.transpose().map_err(|_| self.failure())
    }

    /// Why the body failed. A guard that saw it has kept the reason; what is left is what s3s verifies: the
    /// signed digest of a plain body, the signatures of chunks; and a form that ends inside its file.
    fn failure(&self) -> Refusal {
        match self.context.refusal() {
            Some(known) => Refusal::new(known.code()),
            None if self.length().is_none() => Refusal::new(Code::IncompleteBody),
            None if self.claims.has_signed_digest() => Refusal::new(Code::XAmzContentSha256Mismatch),
            None => Refusal::new(Code::SignatureDoesNotMatch),
        }
    }
}

impl Lengths {
    /// Reads the length that a request announces.
    ///
    /// *Errors*: `MissingContentLength`, `EntityTooLarge`.
    pub(crate) fn announced(headers: &HeaderMap) -> Answer<Self> {
        let length = announced_length(headers).ok_or_else(|| Refusal::new(Code::MissingContentLength))?;
        if length > PART_BYTES_MAX {
            return Err(Refusal::new(Code::EntityTooLarge)
                .with_element("ProposedSize", length)
                .with_element("MaxSizeAllowed", PART_BYTES_MAX));
        }
        Ok(Self::Announced(length))
    }

    /// Refuses a body as soon as it is longer than it may be.
    fn check_so_far(self, received: u64) -> Answer<()> {
        match self {
            Self::Announced(length) if received > length => Err(Refusal::new(Code::IncompleteBody)),
            Self::Between(_, max) if received > max => {
                Err(Refusal::new(Code::EntityTooLarge).with_element("MaxSizeAllowed", max))
            }
            Self::Announced(_) | Self::Between(..) => Ok(()),
        }
    }

    /// Refuses a body that has ended and is shorter than it may be. One that was announced is compared with
    /// its claims.
    fn check_whole(self, received: u64) -> Answer<()> {
        match self {
            Self::Between(min, _) if received < min => Err(Refusal::new(Code::EntityTooSmall)
                .with_element("ProposedSize", received)
                .with_element("MinSizeAllowed", min)),
            Self::Announced(_) | Self::Between(..) => Ok(()),
        }
    }
}

impl Received {
    /// Writes the last piece, ends the body and compares the claims. Blocking.
    ///
    /// *Errors*: those of [`BodyWriter::finish`]; a wrong signed digest has a code of its own.
    pub(crate) fn finish(self) -> Answer<Body> {
        self.last.finish(*self.writer)
    }
}

impl Last {
    /// Writes the piece, ends the body and compares the claims. Blocking.
    ///
    /// *Errors*: as [`Received::finish`].
    pub(crate) fn finish(self, mut writer: BodyWriter) -> Answer<Body> {
        for bytes in &self.bytes {
            writer.write(bytes)?;
        }
        writer.finish(self.claims.digests()).map_err(|error| match error.kind() {
            ErrorKind::BadDigest => Refusal::new(Code::BadDigest).caused_by(error),
            _ => error.into(),
        })
    }
}

/// Bytes that wait to be written. Small ones are joined: each kept by itself would cost its share of the
/// connection's buffer, many times what it holds.
#[derive(Default)]
struct Gathered {
    bytes: Vec<Bytes>,
    /// Small ones, behind all others.
    joined: BytesMut,
    size: usize,
}

impl Gathered {
    fn push(&mut self, bytes: Bytes) {
        self.size += bytes.len();
        if bytes.len() < JOINED_BELOW_BYTES {
            self.joined.extend_from_slice(&bytes);
            return;
        }
        self.end_joined();
        self.bytes.push(bytes);
    }

    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            self.bytes.push(std::mem::take(&mut self.joined).freeze());
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        self.end_joined();
        self.size = 0;
        std::mem::take(&mut self.bytes)
    }
}

/// The writer, at hand or away on a blocking thread.
enum Writing {
    Idle(Box<BodyWriter>),
    Busy(Pin<Box<dyn Future<Output = Answer<Box<BodyWriter>>> + Send>>),
}

impl Writing {
    async fn wait(self) -> Answer<Box<BodyWriter>> {
        match self {
            Self::Idle(writer) => Ok(writer),
            Self::Busy(writing) => writing.await,
        }
    }

    /// Waits for the piece before, then starts writing this one.
    async fn write(self, crossing: &Crossing, piece: Vec<Bytes>) -> Answer<Self> {
        let mut writer = self.wait().await?;
        let written = crossing.start(move || {
            for bytes in &piece {
                writer.write(bytes)?;
            }
            Ok(writer)
        });
        Ok(Self::Busy(Box::pin(written.await)))
    }
}

/// The length of the data: without the framing where there is one.
fn announced_length(headers: &HeaderMap) -> Option<u64> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse().ok();
    let content = headers.get("x-amz-content-sha256").map_or(&b""[..], |value| value.as_bytes());
    if content.starts_with(b"STREAMING-") {
        return number("x-amz-decoded-content-length");
    }
    number("content-length")
}
