//! The settings there are: their names in every source and their defaults.

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its place in the config file, sections joined by dots.
    pub(crate) key: &'static str,
    /// Its environment variables; the first that is set counts.
    pub(crate) variables: &'static [&'static str],
    /// Its flag.
    pub(crate) flag: Option<&'static str>,
    /// Its default; `None` where it is not set by default.
    pub(crate) default: Option<&'static str>,
}

/// The config file itself; it has no place in the file.
pub(crate) const CONFIG_VARIABLE: &str = "ARTSTORE_CONFIG";

/// Declares the settings and the list of them, so that none can be missing from it.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = ($key:literal, [$($variable:literal),+], $flag:expr, $default:expr);)+) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: Setting =
                Setting { key: $key, variables: &[$($variable),+], flag: $flag, default: $default };
        )+

        impl Setting {
            /// Every setting, in the order of the config file.
            pub(crate) const ALL: &'static [Self] = &[$($name),+];
        }
    };
}

settings! {
    /// Where the S3 door listens.
    S3_LISTEN = ("server.s3_listen", ["ARTSTORE_S3_LISTEN"], Some("--s3-listen"), Some("127.0.0.1:9000"));
    /// The domains whose direct subdomains are buckets.
    S3_DOMAINS = ("server.s3_domains", ["ARTSTORE_S3_DOMAINS"], None, Some("localhost"));
    /// Where the HTTP API and the health answers listen.
    API_LISTEN = ("server.api_listen", ["ARTSTORE_API_LISTEN"], Some("--api-listen"), Some("127.0.0.1:8000"));
    /// Whether webhooks may send to addresses that are not public.
    WEBHOOK_PRIVATE_ADDRESSES = (
        "server.webhook_private_addresses",
        ["ARTSTORE_WEBHOOK_PRIVATE_ADDRESSES"],
        None,
        Some("false")
    );
    /// The directory to mount the archive on.
    MOUNT = ("server.mount", ["ARTSTORE_MOUNT"], Some("--mount"), None);

    /// The file of the master key.
    MASTER_KEY_FILE = ("auth.master_key_file", ["ARTSTORE_MASTER_KEY_FILE"], None, None);
    /// Whether the first start makes a system account.
    INITIAL_ENABLED = ("auth.initial_account.enabled", ["INITIAL_ACCOUNT_ENABLED"], None, Some("true"));
    /// The system account's name.
    INITIAL_NAME = ("auth.initial_account.name", ["INITIAL_ACCOUNT_NAME"], None, Some("admin-service"));
    /// The system account's client id; generated where none is given.
    INITIAL_CLIENT_ID = ("auth.initial_account.client_id", ["INITIAL_CLIENT_ID"], None, None);
    /// The system account's secret; generated where none is given.
    INITIAL_CLIENT_SECRET = ("auth.initial_account.client_secret", ["INITIAL_CLIENT_SECRET"], None, None);
    /// The system account's role.
    INITIAL_ROLE = ("auth.initial_account.role", ["INITIAL_ACCOUNT_ROLE"], None, Some("ADMIN"));
    /// The system account's description.
    INITIAL_DESCRIPTION = (
        "auth.initial_account.description",
        ["INITIAL_ACCOUNT_DESCRIPTION"],
        None,
        Some("System account made at first start")
    );

    /// What keeps the bytes.
    STORAGE_TYPE = ("storage.type", ["ARTSTORE_STORAGE_TYPE"], None, Some("local"));
    /// The data directory.
    DATA = ("storage.local.base_path", ["ARTSTORE_DATA"], Some("--data"), Some("./artstore-data"));
    /// Bytes that the scrub reads per second; `none` turns it off.
    SCRUB_RATE = ("storage.scrub_rate", ["ARTSTORE_STORAGE_SCRUB_RATE"], None, Some("32MiB"));
    /// Sidecars that the scrub reads per second.
    SCRUB_SIDECARS = ("storage.scrub_sidecars", ["ARTSTORE_STORAGE_SCRUB_SIDECARS"], None, Some("500"));
    /// Time from the end of a pass of the scrub to the next one.
    SCRUB_INTERVAL = ("storage.scrub_interval", ["ARTSTORE_STORAGE_SCRUB_INTERVAL"], None, Some("30d"));
    /// The S3 service that is to keep the bytes.
    S3_ENDPOINT_URL = ("storage.s3.endpoint_url", ["ARTSTORE_STORAGE_S3_ENDPOINT_URL"], None, None);
    /// The bucket that is to keep the bytes.
    S3_BUCKET_NAME = ("storage.s3.bucket_name", ["ARTSTORE_STORAGE_S3_BUCKET_NAME"], None, None);

    /// For how long an hour must be quiet before it is sealed.
    SEAL_AFTER = ("storage.seal_after", ["ARTSTORE_SEAL_AFTER"], None, Some("10m"));

    /// Documents that are recalled from archive targets at a time.
    RECALLS = ("storage.recalls", ["ARTSTORE_STORAGE_RECALLS"], None, Some("2"));

    /// The search index: `embedded`, or the URL of a PostgreSQL database.
    INDEX = ("database.index", ["ARTSTORE_INDEX"], Some("--index"), Some("embedded"));
    /// What the names of the index's tables begin with.
    TABLE_PREFIX = ("database.table_prefix", ["ARTSTORE_DATABASE_TABLE_PREFIX"], None, None);

    /// The Redis service of an installation of several machines.
    REDIS_URL = ("redis.url", ["ARTSTORE_REDIS_URL"], None, None);

    /// What is logged.
    LOG_LEVEL = ("logging.level", ["ARTSTORE_LOG_LEVEL", "LOG_LEVEL"], None, Some("info"));
    /// The form of a log line.
    LOG_FORMAT = ("logging.format", ["ARTSTORE_LOG_FORMAT", "LOG_FORMAT"], None, Some("auto"));
    /// The log file; standard output where none is given.
    LOG_FILE = ("logging.log_file", ["ARTSTORE_LOG_FILE"], None, None);
}
