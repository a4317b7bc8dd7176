//! API page "RestoreObject".

use std::sync::Arc;

use s3s::dto::{self, RestoreObjectInput, RestoreObjectOutput};
use s3s::{S3Request, S3Response};
use storage_engine::archive::restore::{RestoreRequest, Restoring, Tier};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::Accepted;

/// Days where the client names none, which AWS refuses.
const DAYS_DEFAULT: u32 = 30;

/// Asks for the bytes of an archived object, 202; keeps those that are here until another day, 200.
///
/// *Durability*: an answer without an error means that the request survives a power cut.
/// *Errors*: `InvalidObjectState` for a class that is not archived; `RestoreAlreadyInProgress` unless the tier is
/// faster than the one asked for before; `InvalidArgument` for days that are none; `MalformedXML` for a tier that
/// is none; `NotImplemented` for a restore that selects or that goes elsewhere; `InsufficientStorage`; those of HEAD.
pub(crate) async fn restore(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<RestoreObjectInput>,
) -> Answer<S3Response<RestoreObjectOutput>> {
    let input = request.input;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let (days, tier) = asked(input.restore_request)?;
    let ask = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        let request = RestoreRequest { version, days, tier };
        Ok(entered.archive().restore(&entered.caller(), &bucket, &key, &request)?)
    };
    let restoring = gateway.crossing.run(ask).await?;
    let mut response = S3Response::new(RestoreObjectOutput::default());
    if restoring == Restoring::Requested {
        response.extensions.insert(Accepted);
    }
    Ok(response)
}

/// For how many days and how soon.
fn asked(request: Option<dto::RestoreRequest>) -> Answer<(u32, Tier)> {
    let Some(request) = request else { return Ok((DAYS_DEFAULT, Tier::default())) };
    let goes_elsewhere =
        request.output_location.is_some() || request.select_parameters.is_some() || request.type_.is_some();
    if goes_elsewhere {
        return Err(Refusal::because(
            Code::NotImplemented,
            "Restores that select or go elsewhere are not served",
        ));
    }
    let tier = request.glacier_job_parameters.map(|job| job.tier).or(request.tier);
    let tier = match tier.as_ref().map(dto::Tier::as_str) {
        None | Some(dto::Tier::STANDARD) => Tier::Standard,
        Some(dto::Tier::EXPEDITED) => Tier::Expedited,
        Some(dto::Tier::BULK) => Tier::Bulk,
        Some(_) => return Err(Refusal::new(Code::MalformedXml)),
    };
    // A number below zero is as little a number of days as one that is too large: the engine refuses both.
    let days = request.days.map_or(DAYS_DEFAULT, |days| u32::try_from(days).unwrap_or(0));
    Ok((days, tier))
}
