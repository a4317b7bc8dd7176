use super::*;
use crate::{AccountName, Role};

const NOW_MS: u64 = 1_795_132_800_000;

fn master_key() -> MasterKey {
    MasterKey::from_text(&"7".repeat(64)).unwrap()
}

fn none() -> Accounts {
    Accounts::load(master_key(), []).unwrap()
}

fn new_account(name: &str) -> NewAccount {
    NewAccount {
        name: name.parse().unwrap(),
        role: Role::User,
        description: String::new(),
        client_id: None,
        client_secret: None,
        is_system: false,
    }
}

/// Creates and inserts an account; its document is what a caller would have stored.
fn inserted(accounts: &Accounts, name: &str) -> Document {
    let created = accounts.create(new_account(name), NOW_MS).unwrap();
    let document = created.document.clone();
    created.insert();
    document
}

fn kind_of<T: fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn an_account_is_unusable_until_it_is_inserted() {
    let accounts = none();
    let created = accounts.create(new_account("ivan"), NOW_MS).unwrap();
    let account = Arc::clone(&created.account);
    let client_id = account.client_id.as_str();

    assert_eq!(kind_of(accounts.authenticate_lookup(client_id)), ErrorKind::UnknownClient);
    assert!(accounts.by_client_id(client_id).is_none());
    assert!(accounts.by_id(account.id.as_str()).is_none());
    assert!(accounts.by_name("ivan").is_none());
    assert!(accounts.is_empty());

    let secret = Arc::clone(&created.secret);
    created.insert();
    let (principal, found) = accounts.authenticate_lookup(client_id).unwrap();
    assert_eq!(found, secret);
    assert_eq!(principal.account(), &account.id);
    assert_eq!(
        (principal.name().as_str(), principal.role(), principal.is_system()),
        ("ivan", Role::User, false)
    );
    assert_eq!(accounts.by_client_id(client_id).unwrap(), account);
    assert_eq!(accounts.by_id(account.id.as_str()).unwrap(), account);
    assert_eq!(accounts.by_name("ivan").unwrap(), account);
    assert!(!accounts.is_empty());
}

#[test]
fn a_restart_brings_back_the_same_accounts_and_secrets() {
    let accounts = none();
    let documents = ["ivan", "anna"].map(|name| inserted(&accounts, name));

    let reloaded = Accounts::load(master_key(), documents).unwrap();
    assert_eq!(reloaded.list(), accounts.list());
    for account in accounts.list() {
        let (_, before) = accounts.authenticate_lookup(account.client_id.as_str()).unwrap();
        let (_, after) = reloaded.authenticate_lookup(account.client_id.as_str()).unwrap();
        assert_eq!(before, after);
    }
}

#[test]
fn the_document_holds_the_secret_only_sealed() {
    let created = none().create(new_account("ivan"), NOW_MS).unwrap();
    let text = String::from_utf8(created.document.bytes.clone()).unwrap();
    assert!(!text.contains(created.secret.reveal()));
    assert!(!text.contains(&hex::encode(created.secret.reveal())));
    assert!(!format!("{created:?}").contains(created.secret.reveal()));
    assert_eq!(created.document.name, format!("{}.json", created.account.id));
}

#[test]
fn a_given_client_id_and_secret_are_used() {
    let accounts = none();
    let given = NewAccount {
        client_id: Some("my-client".parse().unwrap()),
        client_secret: Some("correct-horse".parse().unwrap()),
        ..new_account("ivan")
    };
    accounts.create(given, NOW_MS).unwrap().insert();
    assert!(accounts.authenticate_lookup("my-client").unwrap().1.matches("correct-horse"));
}

#[test]
fn a_name_or_client_id_is_taken_once() {
    let accounts = none();
    let first = NewAccount { client_id: Some("client-1".parse().unwrap()), ..new_account("ivan") };
    accounts.create(first, NOW_MS).unwrap().insert();

    assert_eq!(kind_of(accounts.create(new_account("ivan"), NOW_MS)), ErrorKind::AlreadyExists);
    let same_client = NewAccount { client_id: Some("client-1".parse().unwrap()), ..new_account("anna") };
    assert_eq!(kind_of(accounts.create(same_client, NOW_MS)), ErrorKind::AlreadyExists);
    assert_eq!(accounts.list().len(), 1);
}

#[test]
fn a_name_is_reserved_from_create_until_insert_or_drop() {
    let accounts = none();
    let first = accounts.create(new_account("ivan"), NOW_MS).unwrap();
    assert_eq!(kind_of(accounts.create(new_account("ivan"), NOW_MS)), ErrorKind::AlreadyExists);
    drop(first);

    let second = accounts.create(new_account("ivan"), NOW_MS).unwrap();
    second.insert();
    assert_eq!(kind_of(accounts.create(new_account("ivan"), NOW_MS)), ErrorKind::AlreadyExists);
    assert!(accounts.by_name("ivan").is_some());
}

#[test]
fn the_list_is_sorted_by_name() {
    let accounts = none();
    for name in ["petr", "anna", "ivan"] {
        inserted(&accounts, name);
    }
    let listed = accounts.list();
    let names: Vec<&str> = listed.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["anna", "ivan", "petr"]);
}

#[test]
fn a_disabled_account_is_found_and_refused() {
    let accounts = none();
    inserted(&accounts, "ivan");
    let disabled = Account { disabled: true, ..Account::clone(&accounts.by_name("ivan").unwrap()) };

    let reloaded = Accounts::load(master_key(), [disabled.to_document().unwrap()]).unwrap();
    assert_eq!(kind_of(reloaded.authenticate_lookup(disabled.client_id.as_str())), ErrorKind::Disabled);
    assert!(reloaded.by_name("ivan").unwrap().disabled);
    assert_eq!(kind_of(Principal::authenticated(reloaded.by_name("ivan").unwrap())), ErrorKind::Disabled);
}

#[test]
fn a_bad_document_is_an_error_that_names_it() {
    let accounts = none();
    let good = inserted(&accounts, "ivan");
    let bad = Document { name: "broken.json".into(), bytes: b"{".to_vec() };
    let error = Accounts::load(master_key(), [good, bad]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("\"broken.json\""), "{error}");
}

#[test]
fn another_master_key_is_an_error_that_names_document_and_keys() {
    let accounts = none();
    let document = inserted(&accounts, "ivan");
    let other = MasterKey::from_text(&"8".repeat(64)).unwrap();
    let present = other.id().to_string();
    let error = Accounts::load(other, [document.clone()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongMasterKey);
    for part in [document.name, master_key().id().to_string(), present] {
        assert!(error.to_string().contains(&part), "{error} does not name {part}");
    }
}

#[test]
fn two_documents_that_contradict_each_other_are_refused() {
    let ivan = inserted(&none(), "ivan");
    let other_ivan = inserted(&none(), "ivan");
    let error = Accounts::load(master_key(), [ivan.clone(), other_ivan.clone()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains(&other_ivan.name), "{error}");
    assert_eq!(kind_of(Accounts::load(master_key(), [ivan.clone(), ivan])), ErrorKind::Corrupt);
}

#[test]
fn accounts_are_bounded_with_reservations_counted() {
    let accounts = none();
    inserted(&accounts, "seed");
    let seed = accounts.by_name("seed").unwrap();
    let (_, secret) = accounts.authenticate_lookup(seed.client_id.as_str()).unwrap();
    // Fills the set itself: ten thousand sealed documents would cost the suite seconds.
    for number in 1..ACCOUNTS_MAX - 1 {
        let account = Account {
            id: AccountId::generate(NOW_MS).unwrap(),
            name: format!("a{number}").parse().unwrap(),
            client_id: format!("client-{number}").parse().unwrap(),
            ..Account::clone(&seed)
        };
        accounts.set.write().add(Arc::new(account), Arc::clone(&secret));
    }
    let last = accounts.create(new_account("last"), NOW_MS).unwrap();
    assert_eq!(kind_of(accounts.create(new_account("more"), NOW_MS)), ErrorKind::TooManyAccounts);
    last.insert();
    assert_eq!(kind_of(accounts.create(new_account("more"), NOW_MS)), ErrorKind::TooManyAccounts);
    assert_eq!(accounts.list().len(), ACCOUNTS_MAX);
}

#[test]
fn of_two_creations_at_once_one_gets_the_name() {
    let accounts = none();
    let start = std::sync::Barrier::new(8);
    let created = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    accounts.create(new_account("ivan"), NOW_MS).ok()
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(created.len(), 1);
}

#[test]
fn a_description_that_breaks_its_rule_is_refused_before_anything_is_reserved() {
    let accounts = none();
    let garbled = NewAccount { description: "a\tb".into(), ..new_account("ivan") };
    assert_eq!(kind_of(accounts.create(garbled, NOW_MS)), ErrorKind::InvalidArgument);
    let name: AccountName = "ivan".parse().unwrap();
    assert_eq!(accounts.create(new_account("ivan"), NOW_MS).unwrap().account.name, name);
}
