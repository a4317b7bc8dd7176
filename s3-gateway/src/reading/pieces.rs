//! The bytes of an object, read in pieces while they are sent.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body::Frame;
use http_body_util::StreamBody;
use s3s::dto::StreamingBlob;
use storage_engine::archive::ObjectReader;

use crate::crossing::Crossing;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::BoxError;

/// Bytes that are read in the same call that opens the object: a small one crosses once.
const FIRST_PIECE_BYTES: usize = 64 * 1024;
/// Bytes of each further piece.
const PIECE_BYTES: u64 = 512 * 1024;
/// Pieces read ahead of the one that is being sent.
const PIECES_AHEAD_MAX: usize = 2;

/// An open object of which the first piece has been read.
pub(crate) struct Pieces {
    reader: ObjectReader,
    first: Bytes,
    span: Range<u64>,
}

impl Pieces {
    /// Reads the first piece of `span`. Blocking.
    ///
    /// *Errors*: those of [`ObjectReader::read_at`].
    pub(crate) fn begin(reader: ObjectReader, span: Range<u64>) -> Answer<Self> {
        let first = read(&reader, span.start, first_length(&span))?;
        Ok(Self { reader, first, span })
    }

    /// Reads the first piece of `span` where it is in memory; `None` where it is not, or where
    /// [`Self::begin`] has an error to tell. Never waits.
    pub(crate) fn begin_at_once(reader: ObjectReader, span: Range<u64>) -> Option<Self> {
        let length = first_length(&span);
        let first = reader.read_at_once(span.start, length).filter(|first| first.len() == length)?;
        Some(Self { reader, first, span })
    }

    /// The body of the answer. An error in it breaks the connection: it must never look like the end.
    pub(crate) fn into_body(self, crossing: Crossing) -> StreamingBlob {
        let next = self.span.start + self.first.len() as u64;
        if next >= self.span.end {
            return StreamingBlob::from(s3s::Body::from(self.first));
        }
        let first = futures::stream::iter([Ok(self.first)]);
        let rest = rest(self.reader, next..self.span.end, crossing);
        let frames = first.chain(rest).map(|piece| piece.map(Frame::data));
        StreamingBlob::from(s3s::Body::http_body_unsync(StreamBody::new(frames)))
    }
}

fn first_length(span: &Range<u64>) -> usize {
    usize::try_from(span.end - span.start).unwrap_or(usize::MAX).min(FIRST_PIECE_BYTES)
}

/// Reads `span` in pieces, each in a call of its own, a few ahead of what is sent.
fn rest(
    reader: ObjectReader,
    span: Range<u64>,
    crossing: Crossing,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    let reader = Arc::new(reader);
    let starts =
        futures::stream::iter(span.clone().step_by(usize::try_from(PIECE_BYTES).unwrap_or(usize::MAX)));
    starts
        .map(move |start| {
            let (reader, crossing) = (Arc::clone(&reader), crossing.clone());
            let length = usize::try_from((span.end - start).min(PIECE_BYTES)).unwrap_or(usize::MAX);
            async move {
                let piece = crossing.run(move || read(&reader, start, length)).await;
                piece.map_err(|refusal| {
                    let cause = std::error::Error::source(&refusal).map(ToString::to_string);
                    tracing::error!(kind = ?refusal.kind(), cause, "an answer was broken off");
                    BoxError::from(refusal)
                })
            }
        })
        .buffered(PIECES_AHEAD_MAX)
}

/// Reads exactly `length` bytes; an object that has become shorter is damage.
fn read(reader: &ObjectReader, start: u64, length: usize) -> Answer<Bytes> {
    let bytes = reader.read_at(start, length)?;
    if bytes.len() == length {
        return Ok(bytes);
    }
    Err(Refusal::because(Code::InternalError, "The object is shorter on disk than its record says"))
}
