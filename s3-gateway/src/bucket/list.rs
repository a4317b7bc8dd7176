//! API page "ListBuckets".

use std::sync::Arc;

use s3s::dto::{Bucket, ListBucketsInput, ListBucketsOutput};
use s3s::{S3Request, S3Response};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::listing::PageToken;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::timestamp;

/// Most buckets of one page.
const PAGE_BUCKETS_MAX: usize = 10_000;

/// Lists the buckets that the caller may know of.
///
/// *Errors*: `InvalidArgument` for the page's size or token, `AccessDenied`.
pub(crate) async fn list(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListBucketsInput>,
) -> Answer<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let max = match input.max_buckets {
        None => PAGE_BUCKETS_MAX,
        Some(max) => usize::try_from(max)
            .ok()
            .filter(|max| (1..=PAGE_BUCKETS_MAX).contains(max))
            .ok_or_else(|| Refusal::because(Code::InvalidArgument, "max-buckets is from 1 to 10000"))?,
    };
    let after = input.continuation_token.as_deref().map(PageToken::parse).transpose()?;
    let asking = Arc::clone(&visit);
    let mut buckets = gateway.crossing.run(move || asking.visible_buckets()).await?;
    let prefix = input.prefix.clone().unwrap_or_default();
    buckets.retain(|bucket| {
        let name = bucket.name.as_str();
        name.starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after.as_str())
    });
    let is_cut = buckets.len() > max;
    buckets.truncate(max);
    let last = buckets.last().filter(|_| is_cut);
    let continuation_token = last.map(|bucket| PageToken::after(bucket.name.as_str()).to_string());
    let is_paged = input.max_buckets.is_some();
    let shown = buckets.into_iter().map(|bucket| Bucket {
        bucket_region: is_paged.then(|| gateway.region.clone()),
        creation_date: timestamp(bucket.created_ms),
        name: Some(bucket.name.as_str().to_owned()),
    });
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(shown.collect()),
        continuation_token,
        owner: Some(visit.owner(&visit.account())),
        prefix: input.prefix,
    }))
}
