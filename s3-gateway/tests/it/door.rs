//! The built service over a real archive in a temporary folder, and what it answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use auth::{Accounts, MasterKey, NewAccount, Role};
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use s3_gateway::{Service, Settings, service};
use storage_engine::Archive;
use storage_engine::archive::OpenOptions;
use storage_engine::archive::status::NewElement;
use storage_engine::archive::transfer::{Destination, Transfer};
use storage_engine::caller::{Caller, Door as CallerDoor};
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName, ObjectKey};
use storage_engine::target::{ArchiveClass, ArchiveTarget, TargetPlace};
use tempfile::TempDir;

use super::draft::{Draft, Signed};
use super::signature::Key;

const NOW_MS: u64 = 1_795_132_800_000;

/// A door with three accounts behind it.
pub(crate) struct Door {
    pub(crate) service: Service,
    pub(crate) archive: Arc<Archive>,
    pub(crate) admin: Account,
    pub(crate) user: Account,
    pub(crate) other: Account,
    folder: TempDir,
}

/// An account and its key.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) key: Key,
}

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body broke off.
    pub(crate) is_broken: bool,
}

impl Door {
    pub(crate) fn open() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let folder = TempDir::with_prefix("artstore-s3-").expect("a temporary folder can be made");
        let options = OpenOptions::new(folder.path().join("data"));
        let archive = Arc::new(Archive::open(options).expect("an archive opens"));
        let master_key = MasterKey::generate().expect("randomness");
        let accounts = Accounts::load(master_key, []).expect("no accounts load");
        let admin = account(&accounts, "admin", Role::Admin);
        let user = account(&accounts, "user", Role::User);
        let other = account(&accounts, "other", Role::User);
        let service = service(Arc::clone(&archive), Arc::new(accounts), settings);
        Self { service, archive, admin, user, other, folder }
    }

    /// A door with the bucket `docs` of the account `user`.
    pub(crate) async fn with_bucket() -> Self {
        let door = Self::open();
        let made = door.send(door.user.put("/docs").sign()).await;
        assert_eq!(made.status, 200, "{made:?}");
        door
    }

    pub(crate) async fn send(&self, request: Signed) -> Answer {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4711);
        let response = self.service.call(request, Some(peer)).await;
        let (head, mut body) = response.into_parts();
        let (mut bytes, mut is_broken) = (Vec::new(), false);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => {
                    is_broken = true;
                    break;
                }
            }
        }
        Answer { status: head.status.as_u16(), headers: head.headers, body: bytes.into(), is_broken }
    }

    /// Makes an element of mode ar, whose documents' bytes go to a folder.
    pub(crate) fn make_shelf(&self, caller: &Caller) {
        let name = ElementName::parse("ar-01").expect("a name");
        let new = NewElement { name: name.clone(), mode: Mode::Ar, root: None, max_size_bytes: None };
        self.archive.create_element(caller, new).expect("an element is made");
        let place = TargetPlace::Directory(self.folder.path().join("tape"));
        let target = ArchiveTarget { place, class: ArchiveClass::Glacier };
        self.archive.set_target(caller, &name, &target).expect("it has a target");
    }

    /// Brings an object to an element of `mode`, and its bytes to the target where that is ar.
    pub(crate) fn bring_to(&self, caller: &Caller, bucket: &str, key: &str, mode: Mode) {
        let (bucket, key) =
            (BucketName::parse(bucket).expect("a bucket"), ObjectKey::parse(key).expect("a key"));
        let transfer =
            Transfer { version: None, to: Destination::Mode(mode), revision: None, attributes: None };
        self.archive.transfer(caller, &bucket, &key, &transfer).expect("it is transferred");
        while self.archive.archive_due().expect("it is archived").is_more {}
    }

    /// Brings the bytes that have been asked for.
    pub(crate) fn recall_all(&self) {
        while let Some(recall) = self.archive.recall_next().expect("there is a queue") {
            recall.outcome.expect("the bytes come");
        }
    }

    /// Puts an object into `docs` and expects success.
    pub(crate) async fn store(&self, key: &str, body: impl Into<Bytes>) -> Answer {
        let stored = self.send(self.user.put(&format!("/docs/{key}")).body(body).sign()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        stored
    }
}

impl Account {
    pub(crate) fn get(&self, path: &str) -> Draft {
        Draft::new(&self.key, Method::GET, path)
    }

    pub(crate) fn head(&self, path: &str) -> Draft {
        Draft::new(&self.key, Method::HEAD, path)
    }

    pub(crate) fn put(&self, path: &str) -> Draft {
        Draft::new(&self.key, Method::PUT, path)
    }

    pub(crate) fn post(&self, path: &str) -> Draft {
        Draft::new(&self.key, Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Draft {
        Draft::new(&self.key, Method::DELETE, path)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a plain header"))
    }

    /// The content of the first element of a name.
    pub(crate) fn element(&self, name: &str) -> Option<&str> {
        self.elements(name).into_iter().next()
    }

    /// The contents of all elements of a name.
    pub(crate) fn elements(&self, name: &str) -> Vec<&str> {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        self.text().split(&start).skip(1).filter_map(|rest| rest.split(&end).next()).collect()
    }

    /// Expects a refusal with a status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.element("Code")), (status, Some(code)), "{}", self.text());
    }
}

fn account(accounts: &Accounts, name: &str, role: Role) -> Account {
    let new = NewAccount {
        name: name.parse().expect("a name"),
        role,
        description: String::new(),
        client_id: None,
        client_secret: None,
        is_system: false,
    };
    let created = accounts.create(new, NOW_MS).expect("an account can be made");
    let client_id = created.account.client_id.as_str().to_owned();
    let id = created.account.id.as_str().to_owned();
    created.insert();
    let (_, secret) = accounts.authenticate_lookup(&client_id).expect("the account is there");
    Account { id, key: Key { id: client_id, secret: secret.reveal().to_owned() } }
}

/// Who asks the engine itself, past the door.
pub(crate) fn caller() -> Caller {
    Caller {
        account: "test".into(),
        account_name: "test".into(),
        door: CallerDoor::Control,
        address: None,
        request_id: "test".into(),
        operation: "test",
    }
}
