//! The names of an open upload, as requests give them.

use storage_engine::archive::multipart::{PART_NUMBER_MAX, UploadId, UploadRef};
use storage_engine::name::{BucketName, ObjectKey};

use crate::refusal::{Answer, Code, Refusal};

/// Reads bucket, key and upload id.
///
/// *Errors*: `NoSuchUpload` for an id that was never given out, those of the names.
pub(super) fn upload_ref(bucket: &str, key: &str, id: &str) -> Answer<UploadRef> {
    Ok(UploadRef {
        bucket: BucketName::parse(bucket)?,
        key: ObjectKey::parse(key)?,
        id: UploadId::parse(id)?,
    })
}

/// Reads the number of a part.
///
/// *Errors*: `InvalidArgument` outside of 1 to 10,000.
pub(super) fn part_number(number: i32) -> Answer<u16> {
    let number = u16::try_from(number).ok().filter(|number| (1..=PART_NUMBER_MAX).contains(number));
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    number.ok_or_else(|| Refusal::because(Code::InvalidArgument, message))
}
