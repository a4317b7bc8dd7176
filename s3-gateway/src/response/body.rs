//! The body of an answer, so that s3s stays inside this crate.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The error of a body.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of an answer. An error in it means that the connection must break.
#[derive(Debug)]
pub struct ResponseBody(s3s::Body);

impl ResponseBody {
    pub(crate) fn empty() -> Self {
        Self(s3s::Body::empty())
    }

    pub(crate) fn text(text: String) -> Self {
        Self(s3s::Body::from(text))
    }
}

impl From<s3s::Body> for ResponseBody {
    fn from(body: s3s::Body) -> Self {
        Self(body)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
