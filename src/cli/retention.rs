//! The arguments of what concerns retention.

use clap::{ArgGroup, Args, Subcommand};
use storage_engine::name::{BucketName, ObjectKey, VersionId};

use super::arguments::OutputArguments;
use crate::timestamp::parse_timestamp;

/// Arguments of `retain`.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("term").required(true).args(["until", "days"]))]
pub(crate) struct RetainArguments {
    /// Bucket
    #[arg(value_parser = BucketName::parse)]
    pub(crate) bucket: BucketName,
    /// Key
    #[arg(value_parser = ObjectKey::parse)]
    pub(crate) key: ObjectKey,
    /// Time until which it is kept, such as 2036-12-31 (its beginning, UTC) or 2036-12-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_timestamp)]
    pub(crate) until: Option<u64>,
    /// Days from now for which it is kept
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Version [default: the current one]
    #[arg(long, value_name = "ID", value_parser = VersionId::parse)]
    pub(crate) version: Option<VersionId>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What to do with the archive clock.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Show the archive's time and the system's
    #[command(after_help = "Example:\n  artstore clock show --json")]
    Show(OutputArguments),
    /// Let the archive's time go on to the system's at once
    ///
    /// Compare the system's time with another clock first: what is due by it expires with the next pass.
    #[command(after_help = "Example:\n  artstore clock accept")]
    Accept(OutputArguments),
}
