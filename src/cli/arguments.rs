//! The commands and their arguments.

use std::path::PathBuf;

use auth::{AccountName, Role};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName};

use super::archiving::{RestoreArguments, SettingsArguments, TargetArguments};
use super::bucket::BucketCommand;
use super::disposal::DisposalCommand;
use super::retention::{ClockCommand, RetainArguments};
use super::share::{parse_percent, parse_root};
use super::webhook::WebhookCommand;
use crate::error::ErrorKind;
use crate::settings::{ByteRate, Flags, IndexChoice, ListenAddress};
use crate::size::parse_size;

/// Keeps documents for years: plain files with readable sidecars, reached through S3.
///
/// One process serves an archive, which is a directory. The other commands find that process through
/// `--data`; while none runs, they open the archive themselves.
#[derive(Debug, Parser)]
#[command(
    name = "artstore",
    version,
    max_term_width = 100,
    after_help = "\
Example:
  artstore serve
  AWS_SHARED_CREDENTIALS_FILE=artstore-data/credentials AWS_PROFILE=artstore \\
    aws --endpoint-url http://127.0.0.1:9000 s3 mb s3://docs"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the archive and its settings are.
#[derive(Debug, Args)]
struct PlaceArguments {
    /// Config file (YAML); docs/CONFIGURATION.md has an example of all of it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory of the archive [default: ./artstore-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the archive; the first start makes it
    ///
    /// Runs until SIGTERM or Ctrl-C, then finishes what is in flight and ends within 30 seconds; a second
    /// signal ends it at once. The first start makes the elements edit-01 and rw-01 and an account whose
    /// credentials it writes to DIR/credentials.
    #[command(after_help = "\
Examples:
  artstore serve
  artstore serve --data /srv/archive --s3-listen 0.0.0.0:9000")]
    Serve(ServeArguments),

    /// List elements, create one, or change the mode of one
    ///
    /// An element is a folder tree with one mode: what is in `edit` may be changed, what is in `rw` is
    /// final once stored, an element of mode `ro` is only read, and of what is in `ar` the bytes are elsewhere.
    #[command(subcommand)]
    Element(ElementCommand),

    /// Move documents to an element of a stricter mode: from edit to rw to ro to ar
    ///
    /// Moves every version whose key begins with PREFIX. Keys, version ids, ETags and times stay; what lies in
    /// the mode already, or in a stricter one, stays where it is. The server goes on with it when this command
    /// is interrupted. Ends with exit code 4 where a version could not be moved; it then lies where it lay.
    #[command(after_help = "\
Examples:
  artstore transfer papers contracts/2025/ --to rw
  artstore transfer papers '' --to contracts-2026")]
    Transfer(TransferArguments),

    /// List transfers: those that wait, the one under way and the last that ended
    #[command(after_help = "Example:\n  artstore transactions --json")]
    Transactions(OutputArguments),

    /// Bring the bytes of an archived document back for a time
    ///
    /// Asks for them: they come when it is their turn, and are read like any others then. The document stays
    /// archived; on the day that its time is over only the copy goes.
    #[command(after_help = "\
Examples:
  artstore restore papers contracts/2019/lease.pdf
  artstore restore papers contracts/2019/lease.pdf --days 7 --tier expedited")]
    Restore(RestoreArguments),

    /// List the restores: what waits, what is here and until when, what failed and why
    #[command(after_help = "Example:\n  artstore restores --json")]
    Restores(OutputArguments),

    /// Keep a version from removal until a day
    ///
    /// In every mode; it is never shortened. Deletes and overwriting are refused until then, and in edit the
    /// version does not expire.
    #[command(after_help = "\
Examples:
  artstore retain papers contracts/2019/lease.pdf --until 2036-12-31
  artstore retain papers contracts/2019/lease.pdf --days 3650 --json")]
    Retain(RetainArguments),

    /// Show the clock by which documents expire, or let it go on to the system's
    ///
    /// It does not follow a system clock that jumps, so that a wrong one lets nothing expire; docs/SEMANTICS.md,
    /// "Retention".
    #[command(subcommand)]
    Clock(ClockCommand),

    /// List buckets, or set in which mode one stores what comes without a storage class
    ///
    /// Buckets are made, versioned and deleted through S3.
    #[command(subcommand)]
    Bucket(BucketCommand),

    /// List accounts, or create one
    ///
    /// An account's client id and secret are also its S3 access key and secret key.
    #[command(subcommand)]
    Account(AccountCommand),

    /// Webhooks: who is told of what happens to the objects of an account
    ///
    /// Each event is sent as signed JSON, at least once; docs/SEMANTICS.md, "Events", has its form.
    #[command(subcommand)]
    Webhook(WebhookCommand),

    /// Check the archive while no server runs; repair it on request
    ///
    /// Reads every file of every element and compares it with its sidecar. Without --repair nothing changes.
    /// Damage and what does not fit together end with exit code 4; notes do not, since a start of the server
    /// puts them right. A repair ends with exit code 0 where it put all of it right, and with 4 where
    /// something was left, or a damaged version went to the quarantine and is no more served.
    #[command(after_help = "\
Examples:
  artstore fsck --data /srv/archive
  artstore fsck --no-content --json
  artstore fsck --repair
  artstore fsck --no-content --digest")]
    Fsck(FsckArguments),

    /// Show what the check beside the running server found, or start it
    ///
    /// The server reads every file of the archive again and again, slowly, and compares it with its sidecar,
    /// its digests and the catalog: docs/CONFIGURATION.md says how fast and how often.
    #[command(subcommand)]
    Scrub(ScrubCommand),

    /// Carry the lifecycles of buckets out now, or list what the last passes came to
    ///
    /// The rules are set through S3 (PutBucketLifecycleConfiguration). The server goes through all of them once
    /// a day: what lies in `edit` expires, uploads that were given up end, and versions move to stricter modes.
    /// In `rw`, `ro` and `ar` nothing expires by itself; such versions are counted.
    #[command(subcommand)]
    Lifecycle(LifecycleCommand),

    /// List what is due for disposal, and let it go once that is released
    ///
    /// In `rw`, `ro` and `ar` nothing expires by itself. A run lists what no longer has to be kept, waits until
    /// somebody has looked at it, and then removes it for good; a tombstone with digest and reason stays.
    #[command(subcommand)]
    Disposal(DisposalCommand),

    /// Seal hours that are over, or compare the archive or a copy of it with its seals
    ///
    /// A seal lists every file of an hour with its SHA-256 in the format of sha256sum and names the seal before
    /// it, so that one digest kept elsewhere proves all of them. The server seals by itself.
    #[command(subcommand)]
    Seal(SealCommand),

    /// Make the index of the archive anew while no server runs
    ///
    /// The catalog of keys and versions is derived from the files and can be made again at any time.
    #[command(subcommand)]
    Index(IndexCommand),
}

/// What to do with the scrub.
#[derive(Debug, Subcommand)]
pub(crate) enum ScrubCommand {
    /// Show the pass under way and what the last one found
    ///
    /// Where no server runs, this shows what it knew when it ended.
    #[command(after_help = "Example:\n  artstore scrub status --json")]
    Status(OutputArguments),
    /// Start a pass now, or go on with the one that was stopped; it runs in the server
    #[command(after_help = "Example:\n  artstore scrub start --rate 200MiB")]
    Start(StartScrubArguments),
}

/// Arguments of `scrub start`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct StartScrubArguments {
    /// Bytes to read per second in this pass, such as 200MiB; `none` for as fast as it goes
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<ByteRate>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What to do with the index.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Make the catalog anew from the sidecars
    ///
    /// With --verify one digest each is made of what the files hold, of what the catalog led to before, and
    /// of what the new one leads to; where they differ, or anything cannot be read, it ends with exit code 4.
    #[command(after_help = "Example:\n  artstore index rebuild --verify --data /srv/archive")]
    Rebuild(RebuildArguments),
}

/// Arguments of `index rebuild`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RebuildArguments {
    /// Compare the state digests of the files, of the catalog before and of the new one
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `fsck`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FsckArguments {
    /// Do not read data files to compare them with their digests
    #[arg(long)]
    pub(crate) no_content: bool,
    /// Put right what can be; what cannot be placed is moved to .artstore/quarantine of its element
    #[arg(long)]
    pub(crate) repair: bool,
    /// Show one digest of the logical state: buckets, keys, versions and all that is known of them
    #[arg(long)]
    pub(crate) digest: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What to do with lifecycles.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum LifecycleCommand {
    /// Do what is due now, and wait until it is done
    ///
    /// Ends with exit code 4 where something that is due could not be done.
    #[command(after_help = "Example:\n  artstore lifecycle run --json")]
    Run(OutputArguments),
    /// List the passes that are kept, the oldest first
    #[command(after_help = "Example:\n  artstore lifecycle list")]
    List(OutputArguments),
}

/// What to do with seals.
#[derive(Debug, Subcommand)]
pub(crate) enum SealCommand {
    /// Seal every hour that is over, however lately it changed
    #[command(after_help = "Example:\n  artstore seal now")]
    Now(OutputArguments),
    /// Compare the archive, or a copy of it, with its seals; change nothing
    ///
    /// Needs no database, and a server may run meanwhile. Damage ends with exit code 4; notes do not, such as
    /// what was changed since it was sealed.
    #[command(after_help = "\
Example:
  artstore seal verify --from /mnt/backup/edit-01 --sample 1%")]
    Verify(SealVerifyArguments),
}

/// Arguments of `seal verify`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SealVerifyArguments {
    /// An element or a data directory, as any backup tool copied it [default: the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// Read a random share of the files, such as 1%; that all are there is checked all the same
    #[arg(long, value_name = "P%", value_parser = parse_percent)]
    pub(crate) sample: Option<f64>,
    /// Choose the share by this number, as an earlier check has shown it
    #[arg(long, value_name = "N", requires = "sample")]
    pub(crate) seed: Option<u64>,
    /// Demand that this root is in the chain; may be given again
    #[arg(long = "root", value_name = "HEX", value_parser = parse_root)]
    pub(crate) roots: Vec<[u8; 32]>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address of the S3 door [default: 127.0.0.1:9000]
    #[arg(long, value_name = "ADDR")]
    s3_listen: Option<ListenAddress>,
    /// Address of the HTTP API and the health answers [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    api_listen: Option<ListenAddress>,
    /// Directory to mount the archive on (not in this release)
    #[arg(long, value_name = "DIR")]
    mount: Option<PathBuf>,
    /// Search index: embedded, or postgres://… (not in this release)
    #[arg(long, value_name = "INDEX")]
    index: Option<IndexChoice>,
}

/// What to do with elements.
#[derive(Debug, Subcommand)]
pub(crate) enum ElementCommand {
    /// List the elements with their modes and states
    #[command(after_help = "Example:\n  artstore element list --json")]
    List(OutputArguments),
    /// Create an element
    #[command(after_help = "\
Example:
  artstore element create contracts-2026 --mode rw --root /mnt/archive/contracts --max-size 2TiB")]
    Create(NewElementArguments),
    /// Change the mode of an element: rw to ro, ro to ar
    ///
    /// Ends with exit code 0 when the change is complete: what was under way on the element is stored or was
    /// refused, and nothing new is taken. Before an element becomes ar, the bytes of everything on it are stored
    /// on its archive target and compared there; then they go from here. No command leads back. An element of
    /// mode edit stays one; its documents go on by transfer.
    #[command(after_help = "\
Examples:
  artstore element mode rw-01 ro --plan
  artstore element mode rw-01 ro
  artstore element mode rw-01 ar")]
    Mode(ModeArguments),
    /// Set the order and the bounds in which an element is filled
    ///
    /// New objects go to the element with room that has the lowest priority among those of their mode. What does
    /// not fit is refused, or goes to the next; an element of mode rw may become ro by itself then.
    #[command(after_help = "\
Example:
  artstore element set rw-01 --priority 10 --max-size 2TiB --when-full ro")]
    Set(SettingsArguments),
    /// Set where the bytes of an element go in mode ar
    ///
    /// A folder, a bucket of another S3 service, or commands that move files. Commands get what they need in their
    /// environment: ARTSTORE_FILE, ARTSTORE_NAME, ARTSTORE_SHA256, ARTSTORE_SIZE, ARTSTORE_SIDECAR; docs/STORAGE.md
    /// has all of it. They end with 0 when the bytes are safe, and say on standard error why they are not.
    #[command(after_help = "\
Examples:
  artstore element target shelf --directory /mnt/tape
  artstore element target shelf --bucket cold --region eu-central-1 --credentials /etc/artstore/cold
  artstore element target shelf --class deep-archive \\
    --archive-command 'hsm-put \"$ARTSTORE_FILE\" \"$ARTSTORE_NAME\"' \\
    --recall-command 'hsm-get \"$ARTSTORE_NAME\" \"$ARTSTORE_FILE\"'")]
    Target(TargetArguments),
}

/// Arguments of `element mode`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModeArguments {
    /// Name of the element
    #[arg(value_parser = ElementName::parse)]
    pub(crate) name: ElementName,
    /// Mode that it is to have
    #[arg(value_parser = Mode::parse)]
    pub(crate) mode: Mode,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `element create`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewElementArguments {
    /// Name: a-z, 0-9 and hyphen, at most 64 characters
    #[arg(value_parser = ElementName::parse)]
    pub(crate) name: ElementName,
    /// Mode; of ro and ar an empty element is made, for documents that come by transfer
    #[arg(long, value_parser = Mode::parse)]
    pub(crate) mode: Mode,
    /// Root folder [default: elements/NAME in the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Quota: bytes, or with a unit such as 500GiB
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_size: Option<u64>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `transfer`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TransferArguments {
    /// Bucket
    #[arg(value_parser = BucketName::parse)]
    pub(crate) bucket: BucketName,
    /// What the keys begin with; '' for all of the bucket
    pub(crate) prefix: String,
    /// Where to: a mode (rw, ro, ar), or the name of an element
    #[arg(long, value_name = "MODE|ELEMENT")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts; secrets are never shown again
    #[command(after_help = "Example:\n  artstore account list")]
    List(OutputArguments),
    /// Create an account and show its secret this once
    #[command(after_help = "\
Example:
  artstore account create backup --role USER --description 'nightly restic' --json")]
    Create(NewAccountArguments),
}

/// Arguments of `account create`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewAccountArguments {
    /// Name: a-z, 0-9, '.', '_' and '-', at most 64 characters
    pub(crate) name: AccountName,
    /// Role: ADMIN, USER, READONLY or AUDITOR; all but ADMIN reach only buckets of their own
    #[arg(long)]
    pub(crate) role: Role,
    /// What it is for, at most 256 characters
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) description: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OutputArguments {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

impl Arguments {
    /// Parses the arguments of this process.
    ///
    /// *Errors*: clap's, which is also how `--help` and `--version` end.
    pub(crate) fn of_process() -> Result<Self, clap::Error> {
        Self::from_arg_matches(&Self::described().try_get_matches()?)
    }

    /// The command line with its exit codes in the long help.
    pub(super) fn described() -> clap::Command {
        let command = Self::command();
        let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command.after_long_help(format!("{example}\n\n{}", exit_codes()))
    }

    /// What the arguments say about settings.
    pub(crate) fn flags(&self) -> Flags {
        let place =
            Flags { config: self.place.config.clone(), data: self.place.data.clone(), ..Flags::default() };
        match &self.command {
            Command::Serve(serve) => Flags {
                s3_listen: serve.s3_listen.clone(),
                api_listen: serve.api_listen.clone(),
                mount: serve.mount.clone(),
                index: serve.index.clone(),
                ..place
            },
            Command::Element(_)
            | Command::Transfer(_)
            | Command::Transactions(_)
            | Command::Restore(_)
            | Command::Restores(_)
            | Command::Retain(_)
            | Command::Clock(_)
            | Command::Bucket(_)
            | Command::Account(_)
            | Command::Webhook(_)
            | Command::Fsck(_)
            | Command::Scrub(_)
            | Command::Lifecycle(_)
            | Command::Disposal(_)
            | Command::Seal(_)
            | Command::Index(_) => place,
        }
    }
}

/// The list of exit codes.
fn exit_codes() -> String {
    let mut text = String::from("Exit codes:\n  0  done");
    for kind in ErrorKind::ALL {
        text.push_str(&format!("\n  {}  {}", kind.exit_code(), kind.meaning()));
    }
    text
}
