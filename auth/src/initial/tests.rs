use super::*;
use crate::MasterKey;

fn no_accounts() -> Accounts {
    Accounts::load(MasterKey::generate().unwrap(), []).unwrap()
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn check_refused(initial: &InitialAccount, variable: &str) {
    let error = initial.to_create(&no_accounts()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains(&format!("\"{variable}\"")), "{error} does not name {variable}");
    assert!(std::error::Error::source(&error).is_some(), "{error} does not say what was expected");
}

#[test]
fn without_variables_the_first_start_makes_the_system_administrator() {
    let new = InitialAccount::default().to_create(&no_accounts()).unwrap().unwrap();
    assert_eq!(new.name.as_str(), "admin-service");
    assert_eq!(new.role, Role::Admin);
    assert!(new.is_system);
    assert!(new.client_id.is_none() && new.client_secret.is_none());
    no_accounts().create(new, 0).unwrap().insert();
}

#[test]
fn every_variable_is_used() {
    let initial = InitialAccount {
        enabled: text("TRUE"),
        name: text("root"),
        client_id: text("root-client"),
        client_secret: text("correct-horse"),
        role: text("AUDITOR"),
        description: text("ours"),
    };
    let new = initial.to_create(&no_accounts()).unwrap().unwrap();
    assert_eq!((new.name.as_str(), new.role, new.description.as_str()), ("root", Role::Auditor, "ours"));
    assert_eq!(new.client_id.unwrap().as_str(), "root-client");
    assert!(new.client_secret.unwrap().matches("correct-horse"));
    assert!(new.is_system);
}

#[test]
fn an_empty_variable_counts_as_not_given() {
    let initial = InitialAccount { name: text(""), client_secret: text(""), ..InitialAccount::default() };
    let new = initial.to_create(&no_accounts()).unwrap().unwrap();
    assert_eq!(new.name.as_str(), "admin-service");
    assert!(new.client_secret.is_none());
}

#[test]
fn nothing_is_created_when_switched_off_or_once_there_is_an_account() {
    for word in ["false", "0", "No", "off"] {
        let off = InitialAccount { enabled: text(word), ..InitialAccount::default() };
        assert!(off.to_create(&no_accounts()).unwrap().is_none(), "{word}");
    }
    let accounts = no_accounts();
    let first = InitialAccount::default().to_create(&accounts).unwrap().unwrap();
    accounts.create(first, 0).unwrap().insert();
    assert!(InitialAccount::default().to_create(&accounts).unwrap().is_none());
}

#[test]
fn a_bad_value_is_refused_by_the_name_of_its_variable() {
    let initial = InitialAccount::default;
    check_refused(&InitialAccount { enabled: text("maybe"), ..initial() }, "INITIAL_ACCOUNT_ENABLED");
    check_refused(&InitialAccount { name: text("Admin"), ..initial() }, "INITIAL_ACCOUNT_NAME");
    check_refused(&InitialAccount { client_id: text("a/b"), ..initial() }, "INITIAL_CLIENT_ID");
    check_refused(&InitialAccount { client_secret: text("short"), ..initial() }, "INITIAL_CLIENT_SECRET");
    check_refused(&InitialAccount { role: text("ROOT"), ..initial() }, "INITIAL_ACCOUNT_ROLE");
    check_refused(&InitialAccount { description: text("a\nb"), ..initial() }, "INITIAL_ACCOUNT_DESCRIPTION");
}

#[test]
fn a_bad_value_shows_even_where_nothing_would_be_created() {
    check_refused(
        &InitialAccount { enabled: text("false"), role: text("ROOT"), ..InitialAccount::default() },
        "INITIAL_ACCOUNT_ROLE",
    );
}

#[test]
fn no_secret_is_shown() {
    let initial = InitialAccount { client_secret: text("short"), ..InitialAccount::default() };
    assert!(!format!("{initial:?}").contains("short"));
    let error = initial.to_create(&no_accounts()).unwrap_err();
    assert!(!format!("{error:?}").contains("short"), "{error:?}");
}
