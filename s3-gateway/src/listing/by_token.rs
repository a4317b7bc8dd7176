//! API page "ListObjectsV2".

use std::sync::Arc;

use s3s::dto::{ListObjectsV2Input, ListObjectsV2Output};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use super::page::{PageRequest, page_size};
use super::{PageToken, Spelling, restore_status};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Lists objects after a token, or after a key on the first page.
///
/// *Errors*: `InvalidArgument`, `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn by_token(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListObjectsV2Input>,
) -> Answer<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys)?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let token = input.continuation_token.as_deref().filter(|token| !token.is_empty());
    let after = match token.map(PageToken::parse).transpose()? {
        Some(token) => Some(token.as_str().to_owned()),
        None => input.start_after.clone().filter(|key| !key.is_empty()),
    };
    let page = PageRequest {
        bucket: BucketName::parse(&input.bucket)?,
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after,
        max,
        spelling,
        has_restore_status: restore_status::is_asked(input.optional_object_attributes.as_ref()),
        has_owner: input.fetch_owner.unwrap_or(false),
    };
    let page = page.answer(gateway, visit).await?;
    let spell = |name: Option<String>| name.map(|name| spelling.spell(&name));
    let count = page.contents.len() + page.common_prefixes.len();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: spell(Some(input.prefix.unwrap_or_default())),
        max_keys: i32::try_from(max).ok(),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|name| PageToken::after(&name).to_string()),
        contents: Some(page.contents),
        common_prefixes: Some(page.common_prefixes),
        delimiter: spell(delimiter),
        encoding_type: input.encoding_type,
        start_after: spell(input.start_after),
        ..ListObjectsV2Output::default()
    }))
}
