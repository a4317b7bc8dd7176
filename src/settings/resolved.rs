//! The outcome: every setting with the value that counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use auth::InitialAccount;

use super::catalogue::{
    API_LISTEN, CONFIG_VARIABLE, DATA, INDEX, INITIAL_CLIENT_ID, INITIAL_CLIENT_SECRET, INITIAL_DESCRIPTION,
    INITIAL_ENABLED, INITIAL_NAME, INITIAL_ROLE, LOG_FILE, LOG_FORMAT, LOG_LEVEL, MASTER_KEY_FILE, MOUNT,
    RECALLS, REDIS_URL, S3_BUCKET_NAME, S3_DOMAINS, S3_ENDPOINT_URL, S3_LISTEN, SCRUB_INTERVAL, SCRUB_RATE,
    SCRUB_SIDECARS, SEAL_AFTER, STORAGE_TYPE, TABLE_PREFIX, WEBHOOK_PRIVATE_ADDRESSES,
};
use super::choice::{Origin, Sources};
use super::environment::Environment;
use super::file::ConfigFile;
use super::interval::Interval;
use super::key_file::KeyFile;
use super::recalls::Recalls;
use super::scrub::{ByteRate, PerSecond};
use super::value::{
    DomainNames, FilePath, IndexChoice, ListenAddress, LogFormat, LogLevel, StorageType, Switch, Text,
};
use crate::error::Result;

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--s3-listen`.
    pub(crate) s3_listen: Option<ListenAddress>,
    /// `--api-listen`.
    pub(crate) api_listen: Option<ListenAddress>,
    /// `--mount`.
    pub(crate) mount: Option<PathBuf>,
    /// `--index`.
    pub(crate) index: Option<IndexChoice>,
}

/// Every setting. Its `Debug` form shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where the program listens.
    pub(crate) server: ServerSettings,
    /// Keys and accounts.
    pub(crate) auth: AuthSettings,
    /// Where the bytes are.
    pub(crate) storage: StorageSettings,
    /// What is logged, where and how.
    pub(crate) logging: LoggingSettings,
    /// Environment variables that look like settings and are none.
    pub(crate) unknown_variables: Vec<String>,
}

/// Where the program listens.
#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    /// The S3 door.
    pub(crate) s3_listen: ListenAddress,
    /// The domains whose direct subdomains are buckets.
    pub(crate) s3_domains: DomainNames,
    /// The HTTP API and the health answers.
    pub(crate) api_listen: ListenAddress,
    /// Whether webhooks may send to addresses that are not public.
    pub(crate) webhook_private_addresses: bool,
}

/// Keys and accounts.
#[derive(Clone, Debug)]
pub(crate) struct AuthSettings {
    /// The master key's file.
    pub(crate) master_key_file: KeyFile,
    /// The account of the first start.
    pub(crate) initial_account: InitialAccount,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(crate) struct StorageSettings {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// How it is checked while it is in use.
    pub(crate) scrub: ScrubSettings,
    /// For how long an hour must be quiet before it is sealed.
    pub(crate) seal_after: Duration,
    /// Documents that are recalled at a time.
    pub(crate) recalls: Recalls,
}

/// How fast and how often the archive is checked while it is in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScrubSettings {
    /// Bytes read per second; where there is none a pass begins only when somebody asks.
    pub(crate) rate: ByteRate,
    /// Sidecars read per second.
    pub(crate) sidecars: PerSecond,
    /// From the end of a pass to the next one.
    pub(crate) interval: Interval,
}

/// What is logged, where and how.
#[derive(Clone, Debug)]
pub(crate) struct LoggingSettings {
    /// What is logged.
    pub(crate) level: LogLevel,
    /// Whether somebody chose the level.
    pub(crate) level_is_given: bool,
    /// The form of a line.
    pub(crate) format: LogFormat,
    /// The log file; `None` for standard output.
    pub(crate) log_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the config file, where one is named, and decides every setting.
    ///
    /// *Errors*: `InvalidSettings` with the place of the mistake; `NotInRelease` for a setting whose
    /// feature comes later.
    pub(crate) fn load(flags: Flags, environment: &Environment) -> Result<Self> {
        let named = match (&flags.config, environment.text(CONFIG_VARIABLE)?) {
            (Some(path), _) => Some(path.as_path()),
            (None, Some(path)) => Some(Path::new(path)),
            (None, None) => None,
        };
        let file = named.map(ConfigFile::read).transpose()?.unwrap_or_default();
        Self::resolve(flags, &Sources { environment, file: &file })
    }

    /// Decides every setting.
    pub(super) fn resolve(flags: Flags, sources: &Sources<'_>) -> Result<Self> {
        refuse_later_features(&flags, sources)?;
        let path = |setting, flag: Option<PathBuf>| {
            Ok(sources.choose(setting, flag.map(FilePath))?.map(|chosen| chosen.value.0))
        };
        let level = sources.choose::<LogLevel>(&LOG_LEVEL, None)?;
        Ok(Self {
            server: ServerSettings {
                s3_listen: sources.value(&S3_LISTEN, flags.s3_listen)?,
                s3_domains: sources.value(&S3_DOMAINS, None)?,
                api_listen: sources.value(&API_LISTEN, flags.api_listen)?,
                webhook_private_addresses: sources.value::<Switch>(&WEBHOOK_PRIVATE_ADDRESSES, None)?.0,
            },
            auth: AuthSettings {
                master_key_file: KeyFile::find(path(&MASTER_KEY_FILE, None)?, sources.environment)?,
                initial_account: initial_account(sources)?,
            },
            storage: StorageSettings {
                data: sources.value(&DATA, flags.data.map(FilePath))?.0,
                scrub: ScrubSettings {
                    rate: sources.value(&SCRUB_RATE, None)?,
                    sidecars: sources.value(&SCRUB_SIDECARS, None)?,
                    interval: sources.value(&SCRUB_INTERVAL, None)?,
                },
                seal_after: sources.value::<Interval>(&SEAL_AFTER, None)?.0,
                recalls: sources.value(&RECALLS, None)?,
            },
            logging: LoggingSettings {
                level_is_given: level.is_some_and(|chosen| chosen.origin != Origin::Default),
                level: sources.value(&LOG_LEVEL, None)?,
                format: sources.value(&LOG_FORMAT, None)?,
                log_file: path(&LOG_FILE, None)?,
            },
            unknown_variables: sources.environment.unknown(),
        })
    }
}

/// The account of the first start, as given: `auth` owns what its values mean.
fn initial_account(sources: &Sources<'_>) -> Result<InitialAccount> {
    let text = |setting| {
        Ok::<_, crate::error::Error>(sources.choose::<Text>(setting, None)?.map(|chosen| chosen.value.0))
    };
    Ok(InitialAccount {
        enabled: text(&INITIAL_ENABLED)?,
        name: text(&INITIAL_NAME)?,
        client_id: text(&INITIAL_CLIENT_ID)?,
        client_secret: text(&INITIAL_CLIENT_SECRET)?,
        role: text(&INITIAL_ROLE)?,
        description: text(&INITIAL_DESCRIPTION)?,
    })
}

/// Refuses what is named in the settings and not built yet: nothing is ignored silently.
fn refuse_later_features(flags: &Flags, sources: &Sources<'_>) -> Result<()> {
    const LATER: &str = "remove the setting; it comes with a later release";
    let is_local = |chosen: &StorageType| *chosen == StorageType::Local;
    sources.refuse_later(
        &STORAGE_TYPE,
        None,
        is_local,
        "set it to local: the log and the catalog always need a local disk, and keeping only the bytes in \
         another S3 service comes with a later release",
    )?;
    let is_embedded = |chosen: &IndexChoice| *chosen == IndexChoice::Embedded;
    sources.refuse_later(&INDEX, flags.index.clone(), is_embedded, "leave it out, or set it to embedded")?;
    sources.refuse_later(&MOUNT, flags.mount.clone().map(FilePath), |_| false, LATER)?;
    for setting in [&S3_ENDPOINT_URL, &S3_BUCKET_NAME, &TABLE_PREFIX, &REDIS_URL] {
        sources.refuse_later::<Text>(setting, None, |_| false, LATER)?;
    }
    Ok(())
}
