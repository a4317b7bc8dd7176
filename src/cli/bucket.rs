//! The arguments of `bucket`.

use clap::{Args, Subcommand};
use storage_engine::mode::Mode;
use storage_engine::name::BucketName;

use super::arguments::OutputArguments;

/// What to do with buckets.
#[derive(Debug, Subcommand)]
pub(crate) enum BucketCommand {
    /// List the buckets of all accounts
    #[command(after_help = "Example:\n  artstore bucket list --json")]
    List(OutputArguments),
    /// Set the mode in which a bucket stores what comes without a storage class
    ///
    /// In `rw` a document is final as soon as it is stored, whatever client sends it. Objects that are there stay in
    /// their mode; a storage class that a client names still counts.
    #[command(after_help = "Example:\n  artstore bucket set contracts --default-mode rw")]
    Set(BucketSettingsArguments),
}

/// Arguments of `bucket set`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BucketSettingsArguments {
    /// Name of the bucket
    #[arg(value_parser = BucketName::parse)]
    pub(crate) name: BucketName,
    /// edit or rw
    #[arg(long, value_name = "MODE", value_parser = Mode::parse)]
    pub(crate) default_mode: Mode,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
