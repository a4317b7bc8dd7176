//! Answers that come late: a client that hears nothing for long takes the connection for lost. It gets the head
//! of a success and white space meanwhile, and what then went wrong stands in the body (API pages
//! "CompleteMultipartUpload" and "CopyObject": "a 200 OK response can contain an error").

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body::Frame;
use http_body_util::StreamBody;
use s3s::xml::{Serialize, Serializer};
use s3s::{Body, HttpResponse, S3Response};

use super::document::XML;
use super::{BoxError, ErrorDocument, RequestContext};
use crate::refusal::{Answer, Code, Refusal};

/// Time between two pieces of white space.
const SPACE_INTERVAL: Duration = Duration::from_secs(1);
const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document that is still to come, without its declaration.
type Coming = Pin<Box<dyn Future<Output = Answer<Vec<u8>>> + Send>>;

/// Travels in the extensions of an answer whose document is still to come.
#[derive(Clone)]
pub(super) struct LateAnswer {
    coming: Arc<Mutex<Option<Coming>>>,
}

/// Waits for `work` up to `silence_max` and answers with `document` of its outcome and what `head` adds to it.
/// What takes longer is answered with a bare head at once, and with the document when it is there.
///
/// *Errors*: those of `work`, where it fails in time.
pub(crate) async fn answer_in_time<T, D, O>(
    work: impl Future<Output = Answer<T>> + Send + 'static,
    silence_max: Duration,
    document: impl FnOnce(&T) -> D + Send + 'static,
    head: impl FnOnce(&T, D) -> O,
) -> Answer<S3Response<O>>
where
    T: Send + 'static,
    D: Serialize,
    O: Default,
{
    let mut work = Box::pin(work);
    if let Ok(outcome) = tokio::time::timeout(silence_max, &mut work).await {
        let outcome = outcome?;
        return Ok(S3Response::new(head(&outcome, document(&outcome))));
    }
    let coming: Coming = Box::pin(async move {
        let document = document(&work.await?);
        let mut xml = Vec::new();
        let written = document.serialize(&mut Serializer::new(&mut xml));
        written.map(|()| xml).map_err(|_| Refusal::new(Code::InternalError))
    });
    let mut response = S3Response::new(O::default());
    response.extensions.insert(LateAnswer { coming: Arc::new(Mutex::new(Some(coming))) });
    Ok(response)
}

/// Puts the white space and the document into an answer that is late.
pub(super) fn keep_alive(mut answer: HttpResponse, context: &RequestContext, host_id: &str) -> HttpResponse {
    let late = answer.extensions_mut().remove::<LateAnswer>();
    let coming = late.and_then(|late| late.coming.lock().unwrap_or_else(PoisonError::into_inner).take());
    let Some(coming) = coming else {
        return answer;
    };
    let ids = (context.path.clone(), context.request_id.to_string(), host_id.to_owned());
    let document = async move {
        coming.await.unwrap_or_else(|refusal| {
            tracing::warn!(request_id = ids.1, kind = ?refusal.kind(), %refusal, "a late answer is an error");
            error_document(&refusal, &ids)
        })
    };
    let frames = futures::stream::unfold(Pieces::Declaration(Box::pin(document)), |pieces| pieces.next());
    *answer.body_mut() = Body::http_body_unsync(StreamBody::new(frames));
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer.headers_mut().insert(CONTENT_TYPE, XML);
    answer
}

fn error_document(refusal: &Refusal, (resource, request_id, host_id): &(String, String, String)) -> Vec<u8> {
    let document = ErrorDocument {
        code: refusal.code().as_str(),
        message: refusal.message(),
        elements: refusal.elements(),
        resource,
        request_id,
        host_id,
    };
    document.to_element().into_bytes()
}

/// What of the body is still to be sent.
enum Pieces {
    Declaration(Pin<Box<dyn Future<Output = Vec<u8>> + Send>>),
    Document(Pin<Box<dyn Future<Output = Vec<u8>> + Send>>),
    Nothing,
}

impl Pieces {
    async fn next(self) -> Option<(Result<Frame<Bytes>, BoxError>, Self)> {
        match self {
            Self::Declaration(document) => {
                Some((Ok(Frame::data(Bytes::from_static(DECLARATION))), Self::Document(document)))
            }
            Self::Document(mut document) => match tokio::time::timeout(SPACE_INTERVAL, &mut document).await {
                Ok(document) => Some((Ok(Frame::data(document.into())), Self::Nothing)),
                Err(_) => Some((Ok(Frame::data(Bytes::from_static(b" "))), Self::Document(document))),
            },
            Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests;
