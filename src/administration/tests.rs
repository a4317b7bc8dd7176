//! Claims about the first start, the master key, and accounts and elements made afterwards.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::{InitialAccount, Role};
use storage_engine::clock::SystemClock;
use storage_engine::mode::Mode;
use storage_engine::name::ElementName;
use tempfile::TempDir;

use super::{Administration, Asker, FirstStart, NewAccountRequest, NewElementRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::private_file::{self, read_text};
use crate::settings::{Environment, Flags, KeyFile, Settings};

/// A place for an archive and its key.
struct Place {
    folder: TempDir,
    settings: Settings,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let flags = Flags { data: Some(folder.path().join("data")), ..Flags::default() };
        let mut settings = Settings::load(flags, &Environment::default()).expect("the settings are valid");
        settings.auth.master_key_file = KeyFile::Own(folder.path().join("config/artstore/master.key"));
        Self { folder, settings }
    }

    fn open(&self) -> Result<(Administration, Option<FirstStart>)> {
        Administration::open(&self.settings, Arc::new(SystemClock))
    }

    fn refused(&self) -> Error {
        self.open().map(|(_, made)| made).expect_err("the archive must not open")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn mode_of(path: &Path) -> u32 {
    path.metadata().expect("it exists").permissions().mode() & 0o777
}

fn account(name: &str) -> NewAccountRequest {
    NewAccountRequest {
        name: name.parse().expect("a name"),
        role: Role::User,
        description: "for a test".to_owned(),
    }
}

/// aws-cli finds a profile whose keys are those of the account, and nobody else can read them.
#[test]
fn the_first_start_writes_credentials_that_fit_the_account() {
    let place = Place::new();
    let (opened, made) = place.open().expect("the first start");
    let made = made.expect("it was the first");
    assert_eq!((made.account.as_str(), made.role), ("admin-service", "ADMIN"));
    assert_eq!(made.credentials, place.path("data/credentials"));
    assert_eq!(mode_of(&made.credentials), 0o600);
    assert_eq!(mode_of(&place.path("config/artstore/master.key")), 0o600);
    let text = read_text(&made.credentials).expect("it can be read");
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("# For first use")), "{text}");
    assert_eq!(lines.next(), Some("[artstore]"));
    let id = lines.next().and_then(|line| line.strip_prefix("aws_access_key_id = ")).expect("an id");
    let secret =
        lines.next().and_then(|line| line.strip_prefix("aws_secret_access_key = ")).expect("a secret");
    let (principal, known) = opened.accounts.authenticate_lookup(id).expect("the account is known");
    assert!(principal.is_system() && known.matches(secret));
}

#[test]
fn a_later_start_makes_nothing_and_knows_the_account() {
    let place = Place::new();
    let (first, _) = place.open().expect("the first start");
    let before = first.account_documents();
    drop(first);
    let (second, made) = place.open().expect("the second start");
    assert_eq!(made, None);
    assert_eq!(second.account_documents(), before);
}

#[test]
fn an_account_lasts_and_its_name_is_taken() {
    let place = Place::new();
    let (first, _) = place.open().expect("the first start");
    let created = first.create_account(account("reader")).expect("the name is free");
    let taken = first.create_account(account("reader")).map(|account| account.name);
    assert_eq!(taken.map_err(|error| error.kind()), Err(ErrorKind::Failed));
    drop(first);
    let (second, _) = place.open().expect("the second start");
    let (principal, secret) = second.accounts.authenticate_lookup(&created.client_id).expect("it lasted");
    assert_eq!(principal.role(), Role::User);
    assert!(secret.matches(&created.client_secret));
}

#[test]
fn without_its_master_key_an_archive_with_accounts_does_not_open() {
    let place = Place::new();
    drop(place.open().expect("the first start"));
    private_file::remove_if_present(&place.path("config/artstore/master.key")).expect("it can be removed");
    let error = place.refused();
    assert!(error.to_string().contains("it is missing"), "{error}");
    assert!(error.what_to_do().is_some_and(|remedy| remedy.contains("ARTSTORE_MASTER_KEY_FILE")));
    assert!(!place.path("config/artstore/master.key").exists(), "no key that opens nothing is made");
}

#[test]
fn a_key_that_is_there_serves_a_further_archive() {
    let place = Place::new();
    drop(place.open().expect("the first start"));
    let key = read_text(&place.path("config/artstore/master.key")).expect("it can be read");
    let mut further = Place::new();
    further.settings.auth = place.settings.auth.clone();
    drop(further.open().expect("the first start of another archive"));
    assert_eq!(read_text(&place.path("config/artstore/master.key")).expect("it can be read"), key);
}

#[test]
fn the_key_of_another_archive_is_told_apart() {
    let mut place = Place::new();
    drop(place.open().expect("the first start"));
    let other = Place::new();
    drop(other.open().expect("the first start of another archive"));
    place.settings.auth = other.settings.auth.clone();
    let error = place.refused();
    let causes: Vec<String> = error.causes().map(ToString::to_string).collect();
    assert!(causes.iter().any(|cause| cause.contains("it was sealed with master key")), "{causes:?}");
}

#[test]
fn the_initial_account_follows_its_settings() {
    let mut place = Place::new();
    place.settings.auth.initial_account = InitialAccount {
        name: Some("root-of-all".to_owned()),
        client_id: Some("AKIDEXAMPLE".to_owned()),
        client_secret: Some("a-secret-of-the-operator".to_owned()),
        ..InitialAccount::default()
    };
    let (opened, _) = place.open().expect("the first start");
    let (principal, secret) = opened.accounts.authenticate_lookup("AKIDEXAMPLE").expect("it is known");
    assert_eq!(principal.name().as_str(), "root-of-all");
    assert!(secret.matches("a-secret-of-the-operator"));
}

#[test]
fn a_wrong_initial_account_is_a_wrong_setting_and_nothing_is_made() {
    let mut place = Place::new();
    place.settings.auth.initial_account.role = Some("KING".to_owned());
    let error = place.refused();
    assert_eq!(error.kind(), ErrorKind::InvalidSettings);
    assert!(error.causes().any(|cause| cause.to_string().contains("INITIAL_ACCOUNT_ROLE")));
    assert!(!place.path("data/credentials").exists());
}

#[test]
fn an_archive_has_one_owner() {
    let place = Place::new();
    let _first = place.open().expect("the first start");
    assert_eq!(place.refused().kind(), ErrorKind::Owned);
}

#[test]
fn an_element_is_made_where_asked_and_lasts() {
    let place = Place::new();
    let (first, _) = place.open().expect("the first start");
    let user = Asker::local(1000, "r".into());
    let new = NewElementRequest {
        name: ElementName::parse("contracts").expect("a name"),
        mode: Mode::Rw,
        root: Some(place.path("elsewhere")),
        max_size_bytes: Some(1 << 40),
    };
    let created = first.create_element(&user, new.clone()).expect("the name is free");
    assert_eq!(
        (created.name.as_str(), created.mode, created.state.as_str()),
        ("contracts", Some(Mode::Rw), "ready")
    );
    assert_eq!((created.root, created.max_size_bytes), (place.path("elsewhere"), Some(1 << 40)));
    assert!(first.create_element(&user, new).is_err(), "the name is taken");
    drop(first);
    let (second, _) = place.open().expect("the second start");
    let names: Vec<String> = second.element_documents().into_iter().map(|element| element.name).collect();
    for name in ["contracts", "edit-01", "rw-01"] {
        assert!(names.iter().any(|found| found == name), "{name} is not in {names:?}");
    }
}
