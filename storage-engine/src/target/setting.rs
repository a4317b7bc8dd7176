//! What `element.json` says of an archive target.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::mode::StorageClass;
use crate::name::BucketName;

/// Where the bytes of an element go in mode ar, and the class that its objects report there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveTarget {
    /// The place.
    pub place: TargetPlace,
    /// The class.
    pub class: ArchiveClass,
}

/// The place of an archive target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetPlace {
    /// A folder, absolute, of this element alone: data files and sidecars lie there under the element's own paths.
    Directory(PathBuf),
    /// A bucket of another S3 service.
    Bucket(BucketPlace),
    /// Commands that move the bytes.
    Commands(MoverCommands),
}

/// A prefix in a bucket of another S3 service, of this element alone. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketPlace {
    /// The service, such as `https://s3.eu-central-1.amazonaws.com`; the bucket comes behind it as a folder.
    pub endpoint: String,
    /// The bucket.
    pub bucket: BucketName,
    /// What the keys begin with, without a slash at either end; empty for the whole bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// A file with the access key, absolute, as AWS describes it
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>).
    pub credentials: PathBuf,
    /// The profile in that file.
    pub profile: String,
}

/// Commands that move bytes to a place that they know, such as a tape library.
///
/// Each is run by `sh -c` with a JSON request on its standard input and the same values in its environment
/// (docs/STORAGE.md). It has done its work when it exits with 0; what it writes to standard error says why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoverCommands {
    /// Takes the file `ARTSTORE_FILE` in under the name `ARTSTORE_NAME`; exits with 0 once it is safe.
    pub archive: String,
    /// Writes what it has under `ARTSTORE_NAME` to the new file `ARTSTORE_FILE`.
    pub recall: String,
    /// Prints the SHA-256, in hex, of what it has under `ARTSTORE_NAME`. Without it, what was archived is recalled
    /// once and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<String>,
    /// Removes what it has under `ARTSTORE_NAME`; exits with 0 where it has nothing. Without it, nothing that is archived
    /// can be disposed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
}

/// The class that objects of mode ar report: a setting of their element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ArchiveClass {
    /// Near-line.
    #[default]
    Glacier,
    /// On the shelf.
    DeepArchive,
}

impl TargetPlace {
    /// Whether bytes that lie here are not to be found at `other`. Commands are trusted to know their place.
    pub(crate) fn is_elsewhere(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Commands(_), Self::Commands(_)) => false,
            (Self::Bucket(bucket), Self::Bucket(other)) => {
                let identity = |place: &BucketPlace| {
                    (place.endpoint.clone(), place.bucket.clone(), place.prefix.clone())
                };
                identity(bucket) != identity(other)
            }
            _ => self != other,
        }
    }
}

impl fmt::Display for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.endpoint.trim_end_matches('/'), self.bucket, self.prefix)
    }
}

impl ArchiveClass {
    /// The class as the doors report it.
    #[must_use]
    pub fn storage_class(self) -> StorageClass {
        match self {
            Self::Glacier => StorageClass::Glacier,
            Self::DeepArchive => StorageClass::DeepArchive,
        }
    }
}
