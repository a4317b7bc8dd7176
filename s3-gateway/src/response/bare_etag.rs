//! The one answer whose ETag stands without quotes (API page "GetObjectAttributes").

use http::header::CONTENT_LENGTH;
use s3s::{Body, HttpResponse};

/// Marks an answer whose ETag is to lose the quotes that s3s 0.14.1 writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BareEtag;

/// Takes the quotes away where the answer is marked.
pub(super) fn unquote(mut answer: HttpResponse) -> HttpResponse {
    if answer.extensions().get::<BareEtag>().is_none() {
        return answer;
    }
    if let Some(bytes) = answer.body().bytes() {
        let text = String::from_utf8_lossy(&bytes);
        let bare = text.replace("<ETag>\"", "<ETag>").replace("\"</ETag>", "</ETag>");
        *answer.body_mut() = Body::from(bare);
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
    answer
}
