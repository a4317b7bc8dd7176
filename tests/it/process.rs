//! The program as an operator meets it: first start, refusals, signals.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::server::{Place, text};

/// The first start makes an account whose credentials nobody but the owner can read.
#[test]
fn first_start_writes_credentials_for_the_owner_alone() {
    let place = Place::new();
    let _server = place.serve();
    let credentials = text(&place.data(), "credentials");
    assert!(credentials.starts_with('#'), "the first line says what the file is for:\n{credentials}");
    for part in ["[artstore]", "aws_access_key_id", "aws_secret_access_key"] {
        assert!(credentials.contains(part), "{part} is missing in\n{credentials}");
    }
    let mode = fs::metadata(place.data().join("credentials")).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// The first start makes the elements edit-01 and rw-01, each described by a file of its own.
#[test]
fn first_start_makes_an_element_to_edit_and_one_to_archive() {
    let place = Place::new();
    let _server = place.serve();
    for (name, mode) in [("edit-01", "edit"), ("rw-01", "rw")] {
        let document = text(&place.data(), &format!("elements/{name}/element.json"));
        let document: serde_json::Value = serde_json::from_str(&document).expect("element.json is JSON");
        assert_eq!(document["name"], name);
        assert_eq!(document["mode"], mode);
    }
}

/// A data directory has one owner; the second is told which process that is.
#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let place = Place::new();
    let server = place.serve();
    let second = place.serve_in_vain(&[]);
    assert!(!second.status.success(), "the second process must not run: {}", second.stdout);
    let pid = server.pid().as_raw_nonzero().to_string();
    assert!(second.stderr.contains(&pid), "the holder {pid} is not named:\n{}", second.stderr);
    assert_eq!(server.get(server.api, "/health/live").0, 200, "the first is unharmed");
}

/// SIGTERM ends the process with success and gives the data directory back.
#[test]
fn sigterm_ends_with_success_and_gives_the_lock_back() {
    let place = Place::new();
    assert_eq!(place.serve().terminate().code(), Some(0));
    assert_eq!(place.serve().terminate().code(), Some(0), "the lock was given back");
}

/// A process killed at any time leaves a data directory that the next one takes over as it is.
#[test]
fn after_sigkill_the_next_start_takes_over() {
    let place = Place::new();
    place.serve().kill();
    let credentials = text(&place.data(), "credentials");
    let server = place.serve();
    assert_eq!(text(&place.data(), "credentials"), credentials, "a later start makes no new account");
    server.signal(Signal::TERM);
}

/// A setting that does not exist is refused at start with its line, and nothing is made on disk.
#[test]
fn an_unknown_setting_is_refused_with_its_line() {
    let place = Place::new();
    let config = place.file("config.yaml", "logging:\n  level: info\n  colour: red\n");
    let refused = place.serve_in_vain(&["--config", config.to_str().expect("UTF-8")]);
    assert!(!refused.status.success(), "the setting must be refused");
    for part in ["config.yaml", "colour", "3"] {
        assert!(refused.stderr.contains(part), "{part} is not named:\n{}", refused.stderr);
    }
    assert!(!place.data().join("elements").exists(), "a refused start makes nothing");
}

/// The health endpoints answer without credentials, and nothing else answers with success there.
#[test]
fn health_is_told_to_anybody() {
    let place = Place::new();
    let server = place.serve();
    assert_eq!(server.get(server.api, "/health/live").0, 200);
    assert_eq!(server.get(server.api, "/health/ready").0, 200);
    assert_eq!(server.get(server.api, "/nowhere").0, 404);
}

/// The S3 door answers nobody who did not sign, and does so in S3's own form.
#[test]
fn an_unsigned_request_is_refused_at_the_s3_door() {
    let place = Place::new();
    let server = place.serve();
    let (status, answer) = server.get(server.s3, "/");
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
}

/// Commands find the running server through its data directory and answer programs in JSON.
#[test]
fn commands_reach_the_running_server() {
    let place = Place::new();
    let _server = place.serve();
    let listed = place.run(&["element", "list", "--json"]);
    assert!(listed.status.success(), "{}", listed.stderr);
    for name in ["edit-01", "rw-01"] {
        assert!(listed.stdout.contains(name), "{name} is missing in\n{}", listed.stdout);
    }
    let created = place.run(&["account", "create", "reader", "--role", "USER", "--json"]);
    assert!(created.status.success(), "{}", created.stderr);
    let account: serde_json::Value = serde_json::from_str(&created.stdout).expect("the answer is JSON");
    assert_eq!(account["name"], "reader");
    assert_eq!(account["role"], "USER");
    for field in ["client_id", "client_secret"] {
        assert!(account[field].as_str().is_some_and(|value| !value.is_empty()), "{field} in {account}");
    }
}

/// fsck refuses an archive in use, takes a killed one for whole, and names what does not belong.
#[test]
fn fsck_tells_whole_from_harmed_by_its_exit_code() {
    let place = Place::new();
    let server = place.serve();
    let owned = place.run(&["fsck"]);
    assert_eq!(owned.status.code(), Some(5), "{}", owned.stderr);
    let pid = server.pid().as_raw_nonzero().to_string();
    assert!(owned.stderr.contains(&pid), "the holder {pid} is not named:\n{}", owned.stderr);
    server.kill();
    let whole = place.run(&["fsck"]);
    assert_eq!(whole.status.code(), Some(0), "{}{}", whole.stdout, whole.stderr);
    fs::write(place.data().join("elements/edit-01/notes.txt"), "mine").expect("a file can be written");
    let harmed = place.run(&["fsck", "--json"]);
    assert_eq!(harmed.status.code(), Some(4), "{}", harmed.stderr);
    let report: serde_json::Value = serde_json::from_str(&harmed.stdout).expect("the report is JSON");
    assert_eq!(report["clean"], false);
    let found = report["findings"].as_array().expect("findings are a list");
    let found: Vec<_> = found.iter().filter(|finding| finding["severity"] != "note").collect();
    assert_eq!(found.len(), 1, "{}", harmed.stdout);
    assert_eq!((&found[0]["kind"], &found[0]["path"]), (&"foreign_file".into(), &"notes.txt".into()));
}

/// A repair moves what does not belong aside and says by its exit code that nothing is left; the digest of the
/// state holds over a kill, the repair and a new index, and all of them want the server stopped.
#[test]
fn a_repair_and_a_new_index_leave_the_state_as_it_is() {
    let place = Place::new();
    let server = place.serve();
    for command in [&["fsck", "--repair"][..], &["index", "rebuild", "--verify"]] {
        let owned = place.run(command);
        assert_eq!(owned.status.code(), Some(5), "{}", owned.stderr);
    }
    server.kill();
    let answer = |command: &[&str]| -> serde_json::Value {
        let ended = place.run(command);
        assert_eq!(ended.status.code(), Some(0), "{command:?}: {}{}", ended.stdout, ended.stderr);
        serde_json::from_str(&ended.stdout).expect("the answer is JSON")
    };
    let before = answer(&["fsck", "--digest", "--json"]);
    let digest = &before["state"]["state_digest"];
    assert!(digest.as_str().is_some_and(|digest| digest.len() == 64), "{before}");
    fs::write(place.data().join("elements/edit-01/notes.txt"), "mine").expect("a file can be written");
    let repaired = answer(&["fsck", "--repair", "--digest", "--json"]);
    assert_eq!(repaired["repair"]["quarantined"], 1, "{repaired}");
    let found = repaired["findings"].as_array().expect("findings are a list");
    let moved = found.iter().find(|finding| finding["action"] == "quarantined").expect("one was moved");
    assert_eq!(moved["path"], "notes.txt");
    let to = moved["action_detail"].as_str().expect("it says where to");
    assert_eq!(text(&place.data().join("elements/edit-01"), to), "mine");
    assert_eq!(&repaired["state"]["state_digest"], digest);
    let rebuilt = answer(&["index", "rebuild", "--verify", "--json"]);
    assert_eq!((&rebuilt["equal"], &rebuilt["files"]["state_digest"]), (&true.into(), digest), "{rebuilt}");
    assert_eq!(&rebuilt["rebuilt"]["state_digest"], digest);
}
