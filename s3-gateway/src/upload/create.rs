//! API page "CreateMultipartUpload".

use std::sync::Arc;

use s3s::dto::{ChecksumAlgorithm, ChecksumType, CreateMultipartUploadInput, CreateMultipartUploadOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::multipart::NewUpload;
use storage_engine::name::{BucketName, ObjectKey};

use super::checksum_choice::chosen;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::{attributes, refuse_unsupported};
use crate::lifecycle;
use crate::refusal::Answer;

/// Opens an upload.
///
/// *Errors*: `InvalidStorageClass`, `MetadataTooLarge`, those of the engine.
pub(crate) async fn create(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<CreateMultipartUploadInput>,
) -> Answer<S3Response<CreateMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    refuse_unsupported(&headers)?;
    let checksum = chosen(&headers)?;
    let new = NewUpload {
        bucket: BucketName::parse(&input.bucket)?,
        key: ObjectKey::parse(&input.key)?,
        class: input.storage_class.map(|class| class.as_str().to_owned()),
        attributes: attributes(&headers, input.metadata)?,
        owner: visit.account(),
        checksum: Some(checksum),
    };
    let asking = Arc::clone(&visit);
    let work = move || {
        let entered = asking.enter(&new.bucket, Some(&new.key))?;
        Ok(entered.archive().create_upload(&entered.caller(), new)?)
    };
    let upload = gateway.crossing.run(work).await?;
    let (algorithm, kind) = checksum;
    let lifecycle = visit.lifecycle(&gateway.crossing, &upload.upload.bucket).await;
    let (abort_date, abort_rule_id) =
        lifecycle::of_upload(lifecycle.as_deref(), &upload.upload.key, upload.initiated_ms);
    Ok(S3Response::new(CreateMultipartUploadOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        checksum_algorithm: Some(ChecksumAlgorithm::from(algorithm.as_str().to_uppercase())),
        checksum_type: Some(ChecksumType::from_static(kind.as_str())),
        key: Some(input.key),
        upload_id: Some(upload.upload.id.to_string()),
        ..CreateMultipartUploadOutput::default()
    }))
}
