//! Claims about the control socket: who may enter, and that a command works with a server and without.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::Role;
use storage_engine::clock::SystemClock;
use storage_engine::mode::Mode;
use storage_engine::name::ElementName;
use tokio_util::sync::CancellationToken;

use super::peer::Peer;
use super::{Owner, bind, serve};
use crate::administration::{Administration, NewAccountRequest, NewElementRequest};
use crate::error::ErrorKind;
use crate::http::Health;
use crate::settings::{Environment, Flags, KeyFile, Settings};
use crate::upkeep::Jobs;

fn settings(folder: &Path, data: PathBuf) -> Settings {
    let flags = Flags { data: Some(data), ..Flags::default() };
    let mut settings = Settings::load(flags, &Environment::default()).expect("the settings are valid");
    settings.auth.master_key_file = KeyFile::Own(folder.join("master.key"));
    settings
}

/// Serves the control socket of an archive while `work` runs.
fn with_server(settings: &Settings, work: impl FnOnce()) {
    let (administration, _) =
        Administration::open(settings, Arc::new(SystemClock)).expect("the archive opens");
    let stop = CancellationToken::new();
    let health = Health { archive: Arc::clone(administration.archive()), stop: stop.clone() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (listener, file) = {
        let _inside = runtime.enter();
        bind(&settings.storage.data).expect("the socket can be made")
    };
    let jobs = Jobs::start(&administration, &settings.storage).expect("the threads start");
    let couriers = {
        let _inside = runtime.enter();
        administration.start_couriers(false).expect("the couriers start")
    };
    let workers = (jobs.clone(), Arc::clone(&couriers));
    let served = serve(listener, administration.clone(), health, workers, stop.clone());
    let server = runtime.spawn(served);
    work();
    stop.cancel();
    jobs.stop();
    runtime.block_on(couriers.stop());
    runtime.block_on(server).expect("the server does not break").expect("the server ends well");
    file.remove().expect("the socket can be removed");
    administration.close().expect("the archive closes");
}

/// Runs every command against the owner that is found, and checks what it answers.
fn check_commands(settings: &Settings, suffix: &str) {
    let mut owner = Owner::find(settings).expect("the archive has an owner");
    let new = NewElementRequest {
        name: ElementName::parse(&format!("by-{suffix}")).expect("a name"),
        mode: Mode::Edit,
        root: None,
        max_size_bytes: None,
    };
    let created = owner.create_element(new.clone()).expect("the name is free");
    let elements = owner.elements().expect("elements are listed");
    assert!(elements.iter().any(|element| element.id == created.id && element.name == created.name));
    let taken = owner.create_element(new).expect_err("the name is taken");
    assert_eq!(taken.kind(), ErrorKind::Failed);
    assert!(taken.causes().count() > 0, "the engine's reason is told: {taken}");
    let new = NewAccountRequest {
        name: format!("by-{suffix}").parse().expect("a name"),
        role: Role::Readonly,
        description: String::new(),
    };
    let created = owner.create_account(new).expect("the name is free");
    let accounts = owner.accounts().expect("accounts are listed");
    assert!(accounts.iter().any(|account| account.client_id == created.client_id));
    owner.close().expect("the archive is given back");
}

#[test]
fn the_owner_and_root_may_enter_and_nobody_else() {
    let may_enter = |uid| Peer { uid }.may_enter(1000);
    assert!(may_enter(Some(1000)));
    assert!(may_enter(Some(0)));
    assert!(!may_enter(Some(1001)));
    assert!(!may_enter(None), "a peer that the kernel does not name is nobody");
}

#[test]
fn commands_do_the_same_with_a_server_and_without() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = settings(folder.path(), folder.path().join("data"));
    with_server(&settings, || {
        assert!(matches!(Owner::find(&settings), Ok(Owner::Server(_))));
        check_commands(&settings, "server");
    });
    assert!(matches!(Owner::find(&settings), Ok(Owner::Itself(_))));
    check_commands(&settings, "itself");
}

/// unix(7) allows 107 bytes; a data directory may lie deeper.
#[test]
fn a_socket_in_a_deep_directory_is_reached() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = settings(folder.path(), folder.path().join("deep".repeat(30)).join("data"));
    with_server(&settings, || {
        assert!(matches!(Owner::find(&settings), Ok(Owner::Server(_))));
    });
}

#[test]
fn the_socket_is_the_owners_alone_and_one_left_behind_is_in_nobodys_way() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = settings(folder.path(), folder.path().join("data"));
    with_server(&settings, || ());
    let stale = std::os::unix::net::UnixListener::bind(settings.storage.data.join("control.sock"));
    drop(stale.expect("the name is free after the server"));
    assert!(matches!(Owner::find(&settings), Ok(Owner::Itself(_))), "nobody listens there");
    with_server(&settings, || {
        let socket = settings.storage.data.join("control.sock");
        let mode = socket.metadata().expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(Owner::find(&settings), Ok(Owner::Server(_))));
    });
}

#[test]
fn a_command_does_not_make_an_archive_where_there_is_none() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = settings(folder.path(), folder.path().join("data"));
    let error = Owner::find(&settings).map(|_| ()).expect_err("there is no archive");
    assert!(error.what_to_do().is_some_and(|remedy| remedy.contains("artstore serve")), "{error}");
    assert!(!settings.storage.data.exists());
}
