//! The body of a request on its way into s3s: watched, re-framed or checked, and never silent for long.
//!
//! What goes wrong here is kept in the request's context, because s3s answers a failing body with an error
//! that does not say why.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};

use super::BodyShape;
use super::chunk_framing::ChunkFraming;
use super::document::DocumentCheck;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::{BoxError, RequestContext};

/// Puts the watch that `shape` asks for around `body`.
pub(crate) fn wrap<B>(
    shape: BodyShape,
    body: B,
    context: &Arc<RequestContext>,
    pause_max: Duration,
) -> s3s::Body
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return s3s::Body::empty();
    }
    let body = UnsyncBoxBody::new(body.map_err(Into::into));
    let watch = match shape {
        BodyShape::Plain => Watch::None,
        BodyShape::Chunked { is_signed, decoded_length } => {
            Watch::Framing(ChunkFraming::new(is_signed, decoded_length))
        }
        BodyShape::Document(claims) => Watch::Document(Box::new(DocumentCheck::new(claims))),
    };
    let watched = WatchedBody {
        body,
        context: Arc::clone(context),
        pause_max,
        watch: Some(watch),
        ready: VecDeque::new(),
    };
    s3s::Body::http_body_unsync(StreamBody::new(watched.into_frames()))
}

enum Watch {
    None,
    Framing(ChunkFraming),
    Document(Box<DocumentCheck>),
}

struct WatchedBody {
    body: UnsyncBoxBody<Bytes, BoxError>,
    context: Arc<RequestContext>,
    pause_max: Duration,
    /// Taken when the body has ended.
    watch: Option<Watch>,
    ready: VecDeque<Bytes>,
}

impl WatchedBody {
    fn into_frames(self) -> impl Stream<Item = Result<Frame<Bytes>, BoxError>> + Send {
        futures::stream::unfold(self, |mut body| async move {
            let next = body.next().await.transpose()?;
            let frame = next.map(Frame::data).map_err(|refusal| {
                let error = BoxError::from(refusal.to_string());
                body.context.refuse(refusal);
                body.watch = None;
                body.ready.clear();
                error
            });
            Some((frame, body))
        })
    }

    /// The next bytes for s3s; `None` at the end.
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Ok(Some(bytes));
            }
            let Some(watch) = &mut self.watch else {
                return Ok(None);
            };
            let received = receive(&mut self.body, self.pause_max).await?;
            let is_last = received.is_none() || self.body.is_end_stream();
            if is_last {
                self.context.note_body_ended();
            }
            if let Some(bytes) = received {
                watch.take(bytes, &mut self.ready)?;
            }
            // The end is judged before s3s sees the last bytes: it stops reading at a wrong digest.
            if is_last && let Some(watch) = self.watch.take() {
                watch.end()?;
            }
        }
    }
}

/// The next data from the connection.
///
/// *Errors*: `RequestTimeout`, `IncompleteBody` where the connection broke.
async fn receive(body: &mut UnsyncBoxBody<Bytes, BoxError>, pause_max: Duration) -> Answer<Option<Bytes>> {
    loop {
        let frame = tokio::time::timeout(pause_max, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Refusal::new(Code::RequestTimeout))? else {
            return Ok(None);
        };
        let frame = frame.map_err(|_| Refusal::new(Code::IncompleteBody))?;
        if let Ok(bytes) = frame.into_data()
            && !bytes.is_empty()
        {
            return Ok(Some(bytes));
        }
    }
}

impl Watch {
    fn take(&mut self, bytes: Bytes, ready: &mut VecDeque<Bytes>) -> Answer<()> {
        match self {
            Self::None => ready.push_back(bytes),
            Self::Framing(framing) => framing.take(bytes, ready)?,
            Self::Document(check) => {
                check.take(&bytes)?;
                ready.push_back(bytes);
            }
        }
        Ok(())
    }

    fn end(self) -> Answer<()> {
        match self {
            Self::None => Ok(()),
            Self::Framing(framing) => framing.end(),
            Self::Document(check) => check.end(),
        }
    }
}
