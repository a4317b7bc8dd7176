//! API page "ListObjects".

use std::sync::Arc;

use s3s::dto::{ListObjectsInput, ListObjectsOutput};
use s3s::{S3Request, S3Response};
use storage_engine::name::BucketName;

use super::page::{PageRequest, page_size};
use super::{Spelling, restore_status};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Lists objects after a marker, which is a key or a common prefix.
///
/// *Errors*: `InvalidArgument`, `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn by_marker(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<ListObjectsInput>,
) -> Answer<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys)?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let page = PageRequest {
        bucket: BucketName::parse(&input.bucket)?,
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: input.marker.clone().filter(|marker| !marker.is_empty()),
        max,
        spelling,
        has_restore_status: restore_status::is_asked(input.optional_object_attributes.as_ref()),
        has_owner: true,
    };
    let page = page.answer(gateway, visit).await?;
    let spell = |name: Option<String>| name.map(|name| spelling.spell(&name));
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        // botocore decodes every other name of this answer.
        prefix: input
            .prefix
            .map_or_else(|| Some(String::new()), |prefix| Some(spelling.spell_if_needed(&prefix))),
        marker: spell(Some(input.marker.unwrap_or_default())),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(page.next.is_some()),
        contents: Some(page.contents),
        common_prefixes: Some(page.common_prefixes),
        // As documented, only beside a delimiter; without one the last key is the marker.
        next_marker: spell(page.next.filter(|_| delimiter.is_some())),
        delimiter: spell(delimiter),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}
