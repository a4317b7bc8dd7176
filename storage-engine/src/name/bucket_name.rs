//! Bucket names, by the rules of the S3 page "General purpose bucket naming rules".

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// The name of a bucket: 3 to 63 characters of `a-z`, `0-9`, `.` and `-`.
///
/// It begins and ends with a letter or digit, has no two dots together, is not shaped like an IPv4
/// address and carries none of the prefixes and suffixes that S3 reserves.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(Arc<str>);

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl BucketName {
    /// Parses a bucket name.
    ///
    /// *Errors*: `InvalidBucketName` with the rule that was broken.
    pub fn parse(text: &str) -> Result<Self> {
        match broken_rule(text) {
            None => Ok(Self(text.into())),
            Some(rule) => {
                Err(Error::new(ErrorKind::InvalidBucketName, "parse bucket name").about(text).because(rule))
            }
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !(3..=63).contains(&bytes.len()) {
        return Some("a bucket name has 3 to 63 characters");
    }
    if !bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'.' || *b == b'-') {
        return Some("a bucket name is made of a-z, 0-9, dot and hyphen");
    }
    if !is_edge(bytes.first()) || !is_edge(bytes.last()) {
        return Some("a bucket name begins and ends with a letter or digit");
    }
    if text.contains("..") {
        return Some("a bucket name has no two dots together");
    }
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("a bucket name is not shaped like an IP address");
    }
    if RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || RESERVED_SUFFIXES.iter().any(|suffix| text.ends_with(suffix))
    {
        return Some("this prefix or suffix of bucket names is reserved by S3");
    }
    None
}

impl TryFrom<String> for BucketName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
