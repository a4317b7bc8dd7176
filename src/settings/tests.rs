//! Claims about settings: which source wins, and that every mistake is told with its place.

use std::path::{Path, PathBuf};

use super::catalogue::{DATA, LOG_LEVEL, S3_LISTEN};
use super::choice::Sources;
use super::file::ConfigFile;
use super::{Environment, Flags, KeyFile, LogFormat, Setting, Settings};
use crate::error::{Error, ErrorKind, Result};

const DOCUMENT: &str = include_str!("../../docs/CONFIGURATION.md");

fn resolve(flags: Flags, environment: &Environment, yaml: &str) -> Result<Settings> {
    let file = ConfigFile::parse(Path::new("artstore.yaml"), yaml)?;
    Settings::resolve(flags, &Sources { environment, file: &file })
}

fn refused(environment: &Environment, yaml: &str) -> Error {
    resolve(Flags::default(), environment, yaml).expect_err("the settings are wrong")
}

/// Checks the kind of a refusal and that its text, remedy included, says each part.
fn check_refused(yaml: &str, kind: ErrorKind, parts: &[&str]) {
    let error = refused(&Environment::default(), yaml);
    assert_eq!(error.kind(), kind, "{error}");
    let text = format!("{error}; {}", error.what_to_do().expect("a refusal says what to do"));
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file_which_wins_over_the_default() {
    let yaml = "storage:\n  local:\n    base_path: /file\n";
    let set = Environment::from([("ARTSTORE_DATA", "/variable")]);
    let unset = Environment::default();
    let flag = Flags { data: Some(PathBuf::from("/flag")), ..Flags::default() };
    let data = |flags, environment, yaml| resolve(flags, environment, yaml).expect("valid").storage.data;
    assert_eq!(data(flag, &set, yaml), Path::new("/flag"));
    assert_eq!(data(Flags::default(), &set, yaml), Path::new("/variable"));
    assert_eq!(data(Flags::default(), &unset, yaml), Path::new("/file"));
    assert_eq!(data(Flags::default(), &unset, ""), Path::new("./artstore-data"));
}

/// How fast and how often the archive is scrubbed; `none` turns it off, and nothing else that is no rate does.
#[test]
fn the_scrub_has_a_rate_and_an_interval() {
    let scrub = |yaml: &str| {
        let yaml = format!("storage: {{{yaml}}}");
        resolve(Flags::default(), &Environment::default(), &yaml).expect("valid").storage.scrub
    };
    assert_eq!(scrub("").rate.0, Some(32 << 20));
    assert_eq!((scrub("").sidecars.0.get(), scrub("").interval.0.as_secs()), (500, 30 * 86_400));
    assert_eq!(scrub("scrub_rate: none").rate.0, None);
    assert_eq!(scrub("scrub_rate: 0").rate.0, None);
    assert_eq!(scrub("scrub_interval: 90m").interval.0.as_secs(), 5_400);
    for (yaml, part) in [
        ("storage: {scrub_rate: slow}", "32MiB"),
        ("storage: {scrub_sidecars: 0}", "a whole number above 0"),
        ("storage: {scrub_interval: 30}", "30d, 12h, 90m or 45s"),
        ("storage: {scrub_interval: 99999d}", "up to ten years"),
    ] {
        check_refused(yaml, ErrorKind::InvalidSettings, &[part, "storage.scrub_"]);
    }
}

#[test]
fn an_empty_variable_and_a_null_count_as_not_given() {
    let environment = Environment::from([("ARTSTORE_DATA", "")]);
    let settings = resolve(Flags::default(), &environment, "storage:\n  local:\n    base_path: null\n");
    assert_eq!(settings.expect("valid").storage.data, Path::new(DATA.default.expect("it has one")));
}

#[test]
fn our_own_name_of_a_log_variable_wins_over_the_general_one() {
    let environment = Environment::from([("LOG_LEVEL", "debug"), ("ARTSTORE_LOG_LEVEL", "error")]);
    let settings = resolve(Flags::default(), &environment, "logging: {level: trace}").expect("valid");
    assert_eq!(format!("{:?}", settings.logging.level), "error");
    assert!(settings.logging.level_is_given);
}

#[test]
fn an_unknown_key_is_refused_with_file_line_and_what_was_expected() {
    let parts = ["artstore.yaml, line 3", "`logging.colour`", "format, level, log_file", "remove the line"];
    check_refused("logging:\n  level: info\n  colour: red\n", ErrorKind::InvalidSettings, &parts);
    let parts = ["line 2", "`loging`", "auth, database, logging, redis, server, storage"];
    check_refused("# mine\nloging:\n  level: info\n", ErrorKind::InvalidSettings, &parts);
}

#[test]
fn a_wrong_value_is_refused_with_its_line_and_what_was_expected() {
    let parts = ["logging.level", "artstore.yaml, line 2", "off, error, warn", "\"loud\""];
    check_refused("logging:\n  level: loud\n", ErrorKind::InvalidSettings, &parts);
    let parts = ["server.s3_listen", "line 4", "HOST:PORT", "\"9000\""];
    check_refused("server:\n\n\n  s3_listen: 9000\n", ErrorKind::InvalidSettings, &parts);
}

#[test]
fn the_domains_of_buckets_are_a_list_of_names() {
    let domains =
        |yaml| resolve(Flags::default(), &Environment::default(), yaml).expect("valid").server.s3_domains.0;
    assert_eq!(domains(""), ["localhost"]);
    assert_eq!(
        domains("server: {s3_domains: 's3.lan, archive.example.com'}"),
        ["s3.lan", "archive.example.com"]
    );
    assert!(domains("server: {s3_domains: none}").is_empty());
    for wrong in ["localhost:9000", "a..b", "http://a", "a b"] {
        let yaml = format!("server: {{s3_domains: '{wrong}'}}");
        check_refused(&yaml, ErrorKind::InvalidSettings, &["server.s3_domains", "without ports"]);
    }
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    let error = refused(&Environment::from([("ARTSTORE_S3_LISTEN", "nowhere")]), "");
    assert_eq!(error.kind(), ErrorKind::InvalidSettings);
    assert!(error.to_string().contains("environment variable ARTSTORE_S3_LISTEN"), "{error}");
}

#[test]
fn what_is_no_yaml_or_no_section_is_refused_with_its_line() {
    check_refused("logging:\n\tlevel: info\n", ErrorKind::InvalidSettings, &["line 2", "tabs"]);
    check_refused("auth:\nlogging: loud\n", ErrorKind::InvalidSettings, &["line 2", "section"]);
    check_refused("auth:\n  master_key_file: [a]\n", ErrorKind::InvalidSettings, &["line 2", "string"]);
    let twice = "logging:\n  level: info\n  level: debug\n";
    check_refused(twice, ErrorKind::InvalidSettings, &["line 3", "level"]);
}

#[test]
fn settings_of_later_releases_are_refused_and_never_ignored() {
    let later = [
        ("storage: {type: s3}", "storage.type"),
        ("storage: {s3: {endpoint_url: http://ceph}}", "storage.s3.endpoint_url"),
        ("storage: {s3: {bucket_name: docs}}", "storage.s3.bucket_name"),
        ("database: {index: postgres://db/artstore}", "database.index"),
        ("database: {table_prefix: elem_01}", "database.table_prefix"),
        ("redis: {url: redis://cache}", "redis.url"),
        ("server: {mount: /mnt}", "server.mount"),
    ];
    for (yaml, key) in later {
        check_refused(yaml, ErrorKind::NotInRelease, &[key, "line 1", "not in this release"]);
    }
}

#[test]
fn a_password_in_a_refused_url_is_not_repeated() {
    let error = refused(&Environment::from([("ARTSTORE_INDEX", "postgres://me:hunter2@db/x")]), "");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn the_printed_settings_hold_no_secret() {
    let environment = Environment::from([("INITIAL_CLIENT_SECRET", "correct-horse-battery")]);
    let settings = resolve(Flags::default(), &environment, "").expect("valid");
    assert_eq!(settings.auth.initial_account.client_secret.as_deref(), Some("correct-horse-battery"));
    assert!(!format!("{settings:?}").contains("correct-horse"));
}

#[test]
fn the_example_of_the_document_equals_the_defaults() {
    let example = DOCUMENT.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.expect("the document has an example");
    let file = ConfigFile::parse(Path::new("example"), example).expect("the example is valid");
    for setting in Setting::ALL {
        let given = file.setting(setting).map(|(text, _)| text);
        assert_eq!(given, setting.default, "{}", setting.key);
        let name = setting.key.rsplit('.').next().expect("a key has a name");
        assert!(example.contains(&format!("{name}:")), "{} is not in the example", setting.key);
    }
}

#[test]
fn the_document_names_every_setting_variable_and_flag() {
    for setting in Setting::ALL {
        let names = [setting.key].into_iter().chain(setting.variables.iter().copied()).chain(setting.flag);
        for name in names {
            assert!(DOCUMENT.contains(&format!("`{name}")), "{name} is not in docs/CONFIGURATION.md");
        }
    }
}

#[test]
fn the_document_names_every_exit_code() {
    for kind in ErrorKind::ALL {
        let row = format!("| {} | {} |", kind.exit_code(), kind.meaning());
        assert!(DOCUMENT.contains(&row), "{row} is not in docs/CONFIGURATION.md");
    }
}

#[test]
fn variables_that_name_no_setting_are_found() {
    let environment = Environment::from([
        ("ARTSTORE_DTAA", "/srv"),
        ("ARTSTORE_DATA", "/srv"),
        ("ARTSTORE_CONFIG", "/etc/a"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(environment.unknown(), ["ARTSTORE_DTAA"]);
}

#[test]
fn the_key_lies_where_it_is_set_else_with_systemd_else_with_the_user() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let credentials = folder.path().to_str().expect("UTF-8");
    let find = |setting: Option<&str>, environment: Environment| {
        KeyFile::find(setting.map(PathBuf::from), &environment).expect("it can be decided")
    };
    let home = [("CREDENTIALS_DIRECTORY", credentials), ("HOME", "/home/a"), ("XDG_CONFIG_HOME", "")];
    let own = |path: &str| KeyFile::Own(PathBuf::from(path));
    assert_eq!(find(None, home.into()), own("/home/a/.config/artstore/master.key"));
    let configured = Environment::from([("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/config")]);
    assert_eq!(find(None, configured), own("/config/artstore/master.key"));
    crate::private_file::write_durable(
        &folder.path().join("master.key"),
        b"key",
        crate::private_file::Existing::Replace,
    )
    .expect("it can be written");
    assert_eq!(find(None, home.into()), KeyFile::Credential(folder.path().join("master.key")));
    assert_eq!(find(Some("/etc/key"), home.into()), own("/etc/key"));
    assert_eq!(find(None, Environment::default()), KeyFile::Nowhere);
}

#[test]
fn a_level_is_read_for_everything_and_per_module() {
    let level = |text: &str| text.parse::<super::LogLevel>();
    assert!(level("WARN").is_ok());
    assert!(level("info,storage_engine=debug").is_ok());
    for text in ["loud", "info,=debug", "storage_engine=loud", ""] {
        assert!(level(text).is_err(), "{text:?}");
    }
    let environment = Environment::from([("LOG_FORMAT", "json")]);
    let settings = resolve(Flags::default(), &environment, "").expect("valid");
    assert_eq!(settings.logging.format, LogFormat::Json);
    assert!(!settings.logging.level_is_given);
}

#[test]
fn a_time_is_a_number_with_a_unit() {
    let after = |yaml: &str| {
        resolve(Flags::default(), &Environment::default(), yaml).expect("valid").storage.seal_after.as_secs()
    };
    assert_eq!(after(""), 600);
    for (text, seconds) in [("90s", 90), ("3m", 180), ("2h", 7200)] {
        assert_eq!(after(&format!("storage: {{seal_after: {text}}}")), seconds);
    }
    for wrong in ["10", "0s", "-1m", "1.5h", "m", "99999999999999999999s", "9999999999999999999h"] {
        let yaml = format!("storage: {{seal_after: '{wrong}'}}");
        check_refused(
            &yaml,
            ErrorKind::InvalidSettings,
            &["storage.seal_after", "such as 30d, 12h, 90m or 45s"],
        );
    }
}

#[test]
fn addresses_need_a_port_and_brackets_around_ipv6() {
    let is_address = |text: &str| text.parse::<super::ListenAddress>().is_ok();
    for text in ["127.0.0.1:9000", "[::1]:9000", "localhost:0", "0.0.0.0:65535"] {
        assert!(is_address(text), "{text}");
    }
    for text in ["127.0.0.1", ":9000", "::1:9000", "localhost:70000", "9000", ""] {
        assert!(!is_address(text), "{text}");
    }
    assert!(is_address(S3_LISTEN.default.expect("it has one")));
    assert_eq!(LOG_LEVEL.default, Some("info"));
}
