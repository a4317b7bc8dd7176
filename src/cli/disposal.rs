//! The arguments of `disposal`.

use clap::{Args, Subcommand};
use storage_engine::name::{BucketName, ElementName};
use uuid::Uuid;

use super::arguments::OutputArguments;

/// What to do about disposals.
#[derive(Debug, Subcommand)]
pub(crate) enum DisposalCommand {
    /// List what is due for disposal, and wait for its release
    ///
    /// Due is what lies in rw, ro or ar and whose retention has ended, and what a lifecycle rule of its bucket would let
    /// expire. Nothing goes before `release`. To keep a document back, retain it: `artstore retain`.
    #[command(after_help = "\
Examples:
  artstore disposal propose --reason 'invoices of 2016, schedule 7, ten years'
  artstore disposal propose --bucket invoices --prefix 2016/ --reason 'schedule 7'")]
    Propose(ProposalArguments),
    /// List the runs that are kept, the oldest first
    #[command(after_help = "Example:\n  artstore disposal list")]
    List(OutputArguments),
    /// Show a run, and what it lists
    #[command(after_help = "\
Example:
  artstore disposal show 019ab5c2-7d3e-7a10-8f00-2b8c3d4e5f60 --documents")]
    Show(ShowArguments),
    /// Let what a run lists go for good, and wait until it is gone
    ///
    /// What was changed, moved or retained since it was listed stays. Each version leaves a tombstone: its sidecar, with
    /// size, digests and the reason. Ends with exit code 4 where something could not be done; released again, the run
    /// does what is left.
    #[command(after_help = "Example:\n  artstore disposal release 019ab5c2-7d3e-7a10-8f00-2b8c3d4e5f60")]
    Release(RunArguments),
    /// Withdraw a run that waits for its release: nothing of it is done
    #[command(after_help = "Example:\n  artstore disposal withdraw 019ab5c2-7d3e-7a10-8f00-2b8c3d4e5f60")]
    Withdraw(RunArguments),
}

/// Arguments of `disposal propose`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProposalArguments {
    /// Why it may go: a line that stays in every tombstone
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Bucket [default: all]
    #[arg(long, value_name = "NAME", value_parser = BucketName::parse)]
    pub(crate) bucket: Option<BucketName>,
    /// What keys begin with
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
    /// Element [default: all]
    #[arg(long, value_name = "NAME", value_parser = ElementName::parse)]
    pub(crate) element: Option<ElementName>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments that name a run.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RunArguments {
    /// Id of the run
    pub(crate) run: Uuid,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `disposal show`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ShowArguments {
    /// Id of the run
    pub(crate) run: Uuid,
    /// Show every version that it lists as well
    #[arg(long)]
    pub(crate) documents: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
