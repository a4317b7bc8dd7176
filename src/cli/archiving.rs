//! The arguments of what concerns settings of elements and archived documents.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use storage_engine::archive::restore::Tier;
use storage_engine::archive::status::WhenFull;
use storage_engine::name::{BucketName, ElementName, ObjectKey, VersionId};
use storage_engine::target::ArchiveClass;

use super::arguments::OutputArguments;
use crate::size::parse_bound;

/// Arguments of `element target`.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("place").required(true).args(["directory", "bucket", "archive_command"]))]
pub(crate) struct TargetArguments {
    /// Name of the element
    #[arg(value_parser = ElementName::parse)]
    pub(crate) name: ElementName,
    /// A folder of this element alone, such as where a tape or another machine's disk is mounted
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// A bucket of another S3 service; --endpoint says where
    #[arg(long, value_name = "BUCKET", value_parser = BucketName::parse, requires = "credentials")]
    pub(crate) bucket: Option<BucketName>,
    /// The service that the bucket is in; the bucket comes behind it as a folder [default: AWS in the region]
    #[arg(long, value_name = "URL", requires = "bucket")]
    pub(crate) endpoint: Option<String>,
    /// What the keys in the bucket begin with, of this element alone [default: the element's name]
    #[arg(long, value_name = "PREFIX", requires = "bucket")]
    pub(crate) prefix: Option<String>,
    /// The region of the bucket
    #[arg(long, value_name = "REGION", default_value = "us-east-1", requires = "bucket")]
    pub(crate) region: String,
    /// A credentials file as AWS describes it, which the server reads: the key stays there
    #[arg(long, value_name = "FILE", requires = "bucket")]
    pub(crate) credentials: Option<PathBuf>,
    /// The profile in the credentials file
    #[arg(long, value_name = "NAME", default_value = "default", requires = "bucket")]
    pub(crate) profile: String,
    /// Shell command that takes the file $ARTSTORE_FILE in under the name $ARTSTORE_NAME
    #[arg(long, value_name = "COMMAND", requires = "recall_command")]
    pub(crate) archive_command: Option<String>,
    /// Shell command that writes what it has under $ARTSTORE_NAME to the new file $ARTSTORE_FILE
    #[arg(long, value_name = "COMMAND", requires = "archive_command")]
    pub(crate) recall_command: Option<String>,
    /// Shell command that prints the SHA-256 of $ARTSTORE_NAME; without it what was archived is recalled once
    #[arg(long, value_name = "COMMAND", requires = "archive_command")]
    pub(crate) verify_command: Option<String>,
    /// Shell command that removes what it has under $ARTSTORE_NAME; without it nothing archived can be disposed of
    #[arg(long, value_name = "COMMAND", requires = "archive_command")]
    pub(crate) remove_command: Option<String>,
    /// Storage class that archived objects report
    #[arg(long, value_name = "CLASS", default_value = "glacier")]
    pub(crate) class: ClassName,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `element set`.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("setting").required(true).multiple(true)
    .args(["priority", "max_size", "reserve", "when_full", "retention_days"]))]
pub(crate) struct SettingsArguments {
    /// Name of the element
    #[arg(value_parser = ElementName::parse)]
    pub(crate) name: ElementName,
    /// Among elements of one mode the lowest is filled first; 100 at first
    #[arg(long, value_name = "N")]
    pub(crate) priority: Option<u64>,
    /// Quota: bytes, or with a unit such as 500GiB; 0 for none
    #[arg(long, value_name = "SIZE", value_parser = parse_bound)]
    pub(crate) max_size: Option<u64>,
    /// Room to leave free on its file system; 0 for the least, 32MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_bound)]
    pub(crate) reserve: Option<u64>,
    /// What becomes of an element of mode rw that is full
    #[arg(long, value_name = "WHAT")]
    pub(crate) when_full: Option<WhenFullName>,
    /// Days after which documents go from an element of mode edit, or until which the other modes keep them; 0 for
    /// no term
    #[arg(long, value_name = "N")]
    pub(crate) retention_days: Option<u32>,
    /// So many days before the end of the term owners are told [default: 7, or all of a shorter term]
    #[arg(long, value_name = "N", requires = "retention_days")]
    pub(crate) warn_days: Option<u32>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What becomes of an element that is full, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum WhenFullName {
    /// It refuses what does not fit
    Refuse,
    /// It becomes ro by itself
    Ro,
}

impl From<WhenFullName> for WhenFull {
    fn from(name: WhenFullName) -> Self {
        match name {
            WhenFullName::Refuse => Self::Refuse,
            WhenFullName::Ro => Self::Ro,
        }
    }
}

/// A storage class of mode ar, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ClassName {
    /// GLACIER
    Glacier,
    /// DEEP_ARCHIVE
    DeepArchive,
}

impl From<ClassName> for ArchiveClass {
    fn from(name: ClassName) -> Self {
        match name {
            ClassName::Glacier => Self::Glacier,
            ClassName::DeepArchive => Self::DeepArchive,
        }
    }
}

/// Arguments of `restore`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Bucket
    #[arg(value_parser = BucketName::parse)]
    pub(crate) bucket: BucketName,
    /// Key
    #[arg(value_parser = ObjectKey::parse)]
    pub(crate) key: ObjectKey,
    /// Days for which the bytes stay here, rounded up to the next midnight in UTC
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) days: u32,
    /// Version [default: the current one]
    #[arg(long, value_name = "ID", value_parser = VersionId::parse)]
    pub(crate) version: Option<VersionId>,
    /// How soon
    #[arg(long, value_name = "TIER", default_value = "standard")]
    pub(crate) tier: TierName,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How soon bytes are brought, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TierName {
    /// Before all others
    Expedited,
    /// In its turn
    Standard,
    /// When nothing else waits
    Bulk,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Expedited => Self::Expedited,
            TierName::Standard => Self::Standard,
            TierName::Bulk => Self::Bulk,
        }
    }
}
