use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::MasterKey;

/// A document of schema version 1, as it was first written. It must read for ever.
const FIXTURE_V1: &[u8] = include_bytes!("account-v1.json");
const FIXTURE_ID: &str = "01a1f640-bc00-7234-9678-9abcdef01234";
const FIXTURE_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn fixture() -> Document {
    Document { name: format!("{FIXTURE_ID}.json"), bytes: FIXTURE_V1.to_vec() }
}

/// The fixture with `change` made to its JSON.
fn fixture_with(change: impl FnOnce(&mut Map<String, Value>)) -> Document {
    let mut fields = serde_json::from_slice(FIXTURE_V1).unwrap();
    change(&mut fields);
    Document { bytes: serde_json::to_vec(&fields).unwrap(), ..fixture() }
}

fn check_refused(document: &Document, kind: ErrorKind, says: &str) {
    let error = Account::from_document(document).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(&document.name), "{error} does not name the document");
    let below = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(format!("{error}; {below}").contains(says), "{error}; {below}");
}

#[test]
fn the_document_of_version_1_reads_and_its_secret_opens() {
    let account = Account::from_document(&fixture()).unwrap();
    assert_eq!(account.id.as_str(), FIXTURE_ID);
    assert_eq!(account.name.as_str(), "admin-service");
    assert_eq!(account.client_id.as_str(), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(account.role, Role::Admin);
    assert!(account.is_system);
    assert!(!account.disabled);
    assert_eq!(account.description, "System account made at first start");
    assert_eq!(account.created_at_ms, 1_795_132_800_000);

    let key = MasterKey::from_text(FIXTURE_KEY).unwrap();
    assert_eq!(key.open(&account.secret, &account.id).unwrap().reveal(), "correct-horse-battery-staple");
}

#[test]
fn rewriting_a_document_changes_nothing() {
    let account = Account::from_document(&fixture()).unwrap();
    let written = account.to_document().unwrap();
    assert_eq!(written.name, fixture().name);
    assert_eq!(String::from_utf8(written.bytes).unwrap(), String::from_utf8(FIXTURE_V1.to_vec()).unwrap());
}

#[test]
fn a_newer_document_is_refused_whatever_else_it_holds() {
    let says = "its schema version is 2, and this program reads up to 1";
    let newer = fixture_with(|fields| drop(fields.insert("schema_version".into(), json!(2))));
    check_refused(&newer, ErrorKind::NewerFormat, says);
    let unlike = Document { bytes: br#"{"schema_version": 2, "who": []}"#.to_vec(), ..fixture() };
    check_refused(&unlike, ErrorKind::NewerFormat, says);
}

#[test]
fn a_damaged_document_is_refused_by_name() {
    let with = |field: &str, value: Value| fixture_with(|fields| drop(fields.insert(field.into(), value)));
    check_refused(&Document { bytes: Vec::new(), ..fixture() }, ErrorKind::Corrupt, "EOF");
    check_refused(&Document { bytes: b"{}".to_vec(), ..fixture() }, ErrorKind::Corrupt, "schema_version");
    check_refused(&with("role", json!("ROOT")), ErrorKind::Corrupt, "ROOT");
    check_refused(&with("name", json!("../x")), ErrorKind::Corrupt, "read account name");
    check_refused(&with("created_at_ms", json!(-1)), ErrorKind::Corrupt, "-1");
    check_refused(&fixture_with(|fields| drop(fields.remove("secret"))), ErrorKind::Corrupt, "secret");
    let rot13 = |fields: &mut Map<String, Value>| fields["secret"]["algorithm"] = json!("rot13");
    check_refused(&fixture_with(rot13), ErrorKind::Corrupt, "rot13");
    let short = |fields: &mut Map<String, Value>| fields["secret"]["nonce"] = json!("00");
    check_refused(&fixture_with(short), ErrorKind::Corrupt, "Invalid string length");
}

#[test]
fn a_document_under_another_name_is_refused() {
    let copied = Document { name: "copy.json".into(), ..fixture() };
    check_refused(&copied, ErrorKind::Corrupt, FIXTURE_ID);
}

#[test]
fn debug_shows_neither_ciphertext_nor_unknown_fields() {
    let document = fixture_with(|fields| drop(fields.insert("recovery".into(), json!("hush-hush"))));
    let account = Account::from_document(&document).unwrap();
    let shown = format!("{account:?}");
    assert!(!shown.contains(&hex::encode(&account.secret.ciphertext)) && !shown.contains("hush"), "{shown}");
}

#[test]
fn a_description_is_bounded_and_plain() {
    assert!(check_description("").is_ok());
    assert!(check_description(&"ж".repeat(DESCRIPTION_CHARS_MAX)).is_ok());
    for description in ["two\nlines", "\u{1b}[31m", &"x".repeat(DESCRIPTION_CHARS_MAX + 1)] {
        let error = check_description(description).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{description:?}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(".{0,8}", inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn unknown_fields_survive_a_rewrite(unknown in btree_map("x_[a-z]{0,8}", any_json(), 0..5)) {
        let document = fixture_with(|fields| fields.extend(unknown));
        let written = Account::from_document(&document).unwrap().to_document().unwrap();
        let before: Value = serde_json::from_slice(&document.bytes).unwrap();
        let after: Value = serde_json::from_slice(&written.bytes).unwrap();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn reading_never_panics(position in any::<prop::sample::Index>(), byte in any::<u8>(), kept in 0_usize..900) {
        let mut document = fixture();
        let index = position.index(document.bytes.len());
        document.bytes[index] = byte;
        document.bytes.truncate(kept);
        if let Ok(account) = Account::from_document(&document) {
            prop_assert_eq!(account.id.as_str(), FIXTURE_ID);
        }
    }
}
