//! The commands about webhooks.

use clap::{Args, Subcommand};
use storage_engine::name::BucketName;
use uuid::Uuid;

use super::arguments::OutputArguments;

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List the webhooks and what became of their events; secrets are never shown again
    #[command(after_help = "Example:\n  artstore webhook list")]
    List(OutputArguments),
    /// Create a webhook and show its secret this once
    #[command(after_help = "\
Examples:
  artstore webhook create --account backup --url https://example.org/events
  artstore webhook create --account backup --url https://example.org/events \\
    --events object_created,object_removed --bucket papers --prefix contracts/")]
    Create(NewWebhookArguments),
    /// Remove a webhook with all that waits for it
    #[command(after_help = "Example:\n  artstore webhook remove 01a0c3de-5a00-7b6c-9d00-3f2a61b0c1d2")]
    Remove(WebhookArguments),
    /// Send a test event at once; ends with exit code 4 where it does not arrive
    #[command(after_help = "Example:\n  artstore webhook test 01a0c3de-5a00-7b6c-9d00-3f2a61b0c1d2")]
    Test(WebhookArguments),
    /// List the events that could not be delivered, or have them tried again
    #[command(after_help = "Example:\n  artstore webhook dead --retry")]
    Dead(DeadArguments),
}

/// Arguments of `webhook create`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewWebhookArguments {
    /// Name of the account whose buckets it is told of
    #[arg(long, value_name = "NAME")]
    pub(crate) account: String,
    /// Where it sends to: http or https
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Events, joined by commas; `none` where only notification configurations of buckets use it
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "*")]
    pub(crate) events: Vec<String>,
    /// The only bucket that it is told of
    #[arg(long, value_parser = BucketName::parse)]
    pub(crate) bucket: Option<BucketName>,
    /// What keys begin with
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Which webhook.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct WebhookArguments {
    /// Its id
    pub(crate) id: Uuid,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `webhook dead`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DeadArguments {
    /// Have them tried again
    #[arg(long)]
    pub(crate) retry: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
