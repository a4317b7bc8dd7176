//! API page "POST Object".

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http_body::Frame;
use http_body_util::{BodyDataStream, StreamBody};
use multer::{Field, Multipart};
use s3s::HttpResponse;
use s3s::dto::StreamingBlob;
use storage_engine::archive::multipart::PART_BYTES_MAX;
use storage_engine::archive::put::{PutDetails, PutTarget, WriteConditions};
use storage_engine::clock::{Clock as _, SystemClock};
use storage_engine::name::{BucketName, ObjectKey};
use time::OffsetDateTime;

use super::Form;
use super::fields::{Fields, malformed};
use super::policy::Policy;
use super::signature;
use super::success::{Location, Success};
use crate::access::{Entrance, Visit};
use crate::dispatch::Gateway;
use crate::intake::{Incoming, Lengths, attributes, parse_tagging, refuse_unsupported};
use crate::object::store;
use crate::operations;
use crate::percent::encode_key;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::{BoxError, RequestContext};

const OPERATION: &str = "PostObject";

/// Stores the file of a form, if the form's signed policy lets it.
///
/// *Durability*: an answer without an error means that the object survives a power cut.
///
/// *Errors*: those of the fields, of the signature and of the policy, before the file is read; then those of
/// PutObject.
pub(crate) async fn post(
    gateway: &Gateway,
    entrance: &Arc<Entrance>,
    context: &Arc<RequestContext>,
    form: Form,
    body: s3s::Body,
) -> Answer<HttpResponse> {
    let mut multipart = Multipart::new(BodyDataStream::new(body), form.boundary);
    let (fields, file) = Fields::read(&mut multipart).await.map_err(|refusal| broken(context, refusal))?;
    let principal = signature::verify(&fields, entrance.accounts(), &gateway.region)?;
    let policy = Policy::parse(fields.get("policy").unwrap_or_default())?;
    policy.check(&fields, &form.bucket, now())?;

    let key = fields.get("key").filter(|key| !key.is_empty()).ok_or_else(|| {
        Refusal::because(Code::InvalidArgument, "Bucket POST must contain a field named 'key'.")
    })?;
    let headers = fields.to_headers()?;
    refuse_unsupported(&headers)?;
    let mut attributes = attributes(&headers, Some(fields.metadata().collect()))?;
    if let Some(tagging) = fields.get("tagging") {
        attributes.tags = parse_tagging(tagging)?;
    }
    let target = PutTarget {
        bucket: BucketName::parse(&form.bucket)?,
        key: ObjectKey::parse(key)?,
        class: fields.get("x-amz-storage-class").map(str::to_owned),
        length: None,
    };
    let operation = operations::find(OPERATION).ok_or_else(|| Refusal::new(Code::NotImplemented))?;
    context.identify(operation.name, principal.account().as_str());
    let visit = Arc::new(Visit::new(Arc::clone(entrance), Arc::clone(context), principal, operation));
    let lengths = policy.lengths().map_or(Lengths::Between(0, PART_BYTES_MAX), |lengths| {
        Lengths::Between(*lengths.start(), (*lengths.end()).min(PART_BYTES_MAX))
    });
    let incoming = Incoming::new(Some(blob(file)), &headers, None, lengths, context)?;
    let details = PutDetails { attributes, conditions: WriteConditions::default(), owner: visit.account() };
    let stored = store(gateway, visit, incoming, target, details).await?;
    let url = format!("{}/{}", context.url.trim_end_matches('/'), encode_key(key));
    let location = Location { url: &url, bucket: &form.bucket, key };
    Ok(Success::asked(&fields).answer(&stored, &location))
}

/// A form that breaks off because its body did is refused for that reason.
fn broken(context: &RequestContext, refusal: Refusal) -> Refusal {
    context.refusal().map_or(refusal, |known| Refusal::new(known.code()))
}

/// The bytes of the file, as they arrive.
fn blob(file: Field<'static>) -> StreamingBlob {
    let pieces = futures::stream::unfold(file, |mut file| async move {
        let piece: Result<Bytes, BoxError> =
            file.chunk().await.transpose()?.map_err(|error| malformed(&error).into());
        Some((piece, file))
    });
    StreamingBlob::from(s3s::Body::http_body_unsync(StreamBody::new(
        pieces.map(|piece| piece.map(Frame::data)),
    )))
}

fn now() -> OffsetDateTime {
    let nanoseconds = i128::from(SystemClock.now_ms()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
