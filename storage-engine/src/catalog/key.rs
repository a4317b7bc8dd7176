//! Row keys: bytes whose order is bucket, key (bytewise, as S3 lists), then the newest version first.
//!
//! `bucket 00 key 00 01 !seq`: the key with each byte 00 written as `00 FF`, the sequence number
//! inverted, eight bytes big-endian.

/// What separates two names: below every byte of a name that may follow.
const END: [u8; 2] = [0, 1];
/// Behind every version of a key.
const PAST: [u8; 2] = [0, 2];
const ESCAPE: u8 = 0xff;
const SEQ_BYTES: usize = 8;

/// The row of one version.
pub(super) fn row(bucket: &str, key: &str, seq: u64) -> Vec<u8> {
    let mut bytes = versions(bucket, key);
    bytes.extend((!seq).to_be_bytes());
    bytes
}

/// What all versions of a key begin with.
pub(super) fn versions(bucket: &str, key: &str) -> Vec<u8> {
    let mut bytes = keys(bucket, key);
    bytes.extend(END);
    bytes
}

/// The first row behind all versions of a key.
pub(super) fn past_versions(bucket: &str, key: &str) -> Vec<u8> {
    let mut bytes = keys(bucket, key);
    bytes.extend(PAST);
    bytes
}

/// What all rows of keys with a prefix begin with.
pub(super) fn keys(bucket: &str, prefix: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bucket.len() + prefix.len() + 12);
    bytes.extend(bucket.as_bytes());
    bytes.push(0);
    for byte in prefix.bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(ESCAPE);
        }
    }
    bytes
}

/// The first row behind everything that begins with `start`.
pub(super) fn past(mut start: Vec<u8>) -> Vec<u8> {
    while let Some(last) = start.pop() {
        if last < u8::MAX {
            start.push(last + 1);
            return start;
        }
    }
    vec![u8::MAX]
}

/// The bucket of a row.
pub(super) fn bucket_of(row: &[u8]) -> Option<&str> {
    let end = memchr::memchr(0, row)?;
    std::str::from_utf8(row.get(..end)?).ok()
}

/// Bucket, key and sequence number of a row; `None` where it is none.
pub(super) fn parts(row: &[u8]) -> Option<(&str, std::borrow::Cow<'_, str>, u64)> {
    let bucket = bucket_of(row)?;
    let (key, seq) = split(row, bucket)?;
    Some((bucket, key, seq))
}

/// The key and the sequence number of a row; `None` where it is no row of `bucket`.
pub(super) fn split<'a>(row: &'a [u8], bucket: &str) -> Option<(std::borrow::Cow<'a, str>, u64)> {
    let rest = row.strip_prefix(bucket.as_bytes())?.strip_prefix(&[0])?;
    let (escaped, tail) = rest.split_at_checked(rest.len().checked_sub(END.len() + SEQ_BYTES)?)?;
    let seq = !u64::from_be_bytes(tail.strip_prefix(&END)?.try_into().ok()?);
    if memchr::memchr(0, escaped).is_none() {
        return Some((std::str::from_utf8(escaped).ok()?.into(), seq));
    }
    let mut key = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter();
    while let Some(byte) = bytes.next() {
        key.push(*byte);
        if *byte == 0 {
            bytes.next();
        }
    }
    Some((String::from_utf8(key).ok()?.into(), seq))
}
