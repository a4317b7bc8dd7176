//! API page "AbortMultipartUpload".

use std::sync::Arc;

use s3s::dto::{AbortMultipartUploadInput, AbortMultipartUploadOutput};
use s3s::{S3Request, S3Response};

use super::reference::upload_ref;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Ends an upload and drops its parts.
///
/// *Errors*: `NoSuchUpload`.
pub(crate) async fn abort(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<AbortMultipartUploadInput>,
) -> Answer<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let upload = upload_ref(&input.bucket, &input.key, &input.upload_id)?;
    let work = move || {
        let entered = visit.enter(&upload.bucket, Some(&upload.key))?;
        Ok(entered.archive().abort_upload(&entered.caller(), &upload)?)
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}
