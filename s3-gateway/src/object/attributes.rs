//! API page "GetObjectAttributes".

use std::sync::Arc;

use s3s::dto::{
    Checksum as ShownChecksum, ChecksumType, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, ObjectPart as ShownPart, StorageClass,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::object::{Object, ObjectPart};
use storage_engine::digest::{Checksum, ChecksumAlgorithm};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::intake::value_of;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::{BareEtag, timestamp};

/// Most parts of one page.
const PAGE_PARTS_MAX: usize = 1000;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Etag,
    Checksum,
    ObjectParts,
    StorageClass,
    ObjectSize,
}

/// Tells what is asked for of an object, its parts page by page.
///
/// *Errors*: `InvalidArgument` for an attribute that is none, those of HEAD.
pub(crate) async fn attributes(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetObjectAttributesInput>,
) -> Answer<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let bucket = BucketName::parse(&input.bucket)?;
    let key = ObjectKey::parse(&input.key)?;
    let version = input.version_id.as_deref().map(VersionId::parse).transpose()?;
    let asked = input.object_attributes.iter().flat_map(|list| list.as_str().split(','));
    let asked = asked.map(|name| Attribute::parse(name.trim())).collect::<Answer<Vec<_>>>()?;
    let page = Page::new(input.max_parts, input.part_number_marker)?;
    let look = move || {
        let entered = visit.enter(&bucket, Some(&key))?;
        Ok(entered.archive().object(&bucket, &key, version)?)
    };
    let object = gateway.crossing.run(look).await?;
    let wants = |attribute| asked.contains(&attribute);
    let has_parts = wants(Attribute::ObjectParts) && !object.parts.is_empty();
    let output = GetObjectAttributesOutput {
        checksum: wants(Attribute::Checksum).then(|| checksums(&object)).flatten(),
        e_tag: wants(Attribute::Etag).then(|| ETag::Strong(object.etag.clone())),
        last_modified: timestamp(object.modified_ms),
        object_parts: has_parts.then(|| page.of(&object)),
        object_size: i64::try_from(object.size).ok().filter(|_| wants(Attribute::ObjectSize)),
        storage_class: wants(Attribute::StorageClass)
            .then(|| StorageClass::from_static(object.class.as_str())),
        version_id: object.shown_version.map(|version| version.to_string()),
        ..GetObjectAttributesOutput::default()
    };
    let mut response = S3Response::new(output);
    response.extensions.insert(BareEtag);
    Ok(response)
}

impl Attribute {
    fn parse(name: &str) -> Answer<Self> {
        match name {
            "ETag" => Ok(Self::Etag),
            "Checksum" => Ok(Self::Checksum),
            "ObjectParts" => Ok(Self::ObjectParts),
            "StorageClass" => Ok(Self::StorageClass),
            "ObjectSize" => Ok(Self::ObjectSize),
            _ => Err(Refusal::because(Code::InvalidArgument, "Invalid attribute name specified.")
                .with_element("ArgumentName", "x-amz-object-attributes")
                .with_element("ArgumentValue", name)),
        }
    }
}

fn checksums(object: &Object) -> Option<ShownChecksum> {
    let value = |algorithm| value_of(&object.checksums, algorithm);
    (!object.checksums.is_empty()).then(|| ShownChecksum {
        checksum_crc32: value(ChecksumAlgorithm::Crc32),
        checksum_crc32c: value(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: value(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: value(ChecksumAlgorithm::Sha1),
        checksum_sha256: value(ChecksumAlgorithm::Sha256),
        checksum_type: Some(ChecksumType::from_static(object.checksum_type.as_str())),
    })
}

/// Which parts are asked for.
struct Page {
    max: usize,
    after: i32,
}

impl Page {
    fn new(max: Option<i32>, after: Option<i32>) -> Answer<Self> {
        let bound =
            |name: &str| Refusal::because(Code::InvalidArgument, format!("{name} is from 0 to 2147483647"));
        let max =
            max.map_or(Ok(PAGE_PARTS_MAX), |max| usize::try_from(max).map_err(|_| bound("x-amz-max-parts")))?;
        let after = after.unwrap_or(0);
        if after < 0 {
            return Err(bound("x-amz-part-number-marker"));
        }
        Ok(Self { max: max.min(PAGE_PARTS_MAX), after })
    }

    fn of(&self, object: &Object) -> GetObjectAttributesParts {
        let behind: Vec<&ObjectPart> =
            object.parts.iter().filter(|part| i32::from(part.number) > self.after).collect();
        let shown: Vec<ShownPart> = behind.iter().take(self.max).map(|part| shown(part)).collect();
        let is_truncated = shown.len() < behind.len();
        GetObjectAttributesParts {
            is_truncated: Some(is_truncated),
            max_parts: i32::try_from(self.max).ok(),
            next_part_number_marker: shown.last().and_then(|part| part.part_number).filter(|_| is_truncated),
            part_number_marker: Some(self.after),
            parts: Some(shown),
            total_parts_count: i32::try_from(object.parts.len()).ok(),
        }
    }
}

fn shown(part: &ObjectPart) -> ShownPart {
    let known: &[Checksum] = part.checksum.as_slice();
    let value = |algorithm| value_of(known, algorithm);
    ShownPart {
        checksum_crc32: value(ChecksumAlgorithm::Crc32),
        checksum_crc32c: value(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: value(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: value(ChecksumAlgorithm::Sha1),
        checksum_sha256: value(ChecksumAlgorithm::Sha256),
        part_number: Some(i32::from(part.number)),
        size: i64::try_from(part.size).ok(),
    }
}
