//! All accounts of the archive.
//!
//! It owns the rules that concern several accounts (unique names and client ids, the bound) and the lookup
//! of every request. It does not store documents: they come in at [`Accounts::load`] and go out in
//! [`Created`].
//!
//! Concurrency: one lock inside, held only for map operations; reads run side by side. Creating draws
//! randomness and seals before it takes the lock. Secrets are opened once, when loaded, and stay in memory.

use std::fmt;
use std::sync::Arc;

use crate::account::check_description;
use crate::account_set::SharedAccountSet;
use crate::{
    Account, AccountId, ClientId, ClientSecret, Created, Document, Error, ErrorKind, MasterKey, NewAccount,
    Principal, Result, SealedSecret,
};

/// The most accounts an archive keeps, those about to be inserted included.
pub const ACCOUNTS_MAX: usize = 10_000;

/// The accounts of the archive and the master key that seals their secrets.
///
/// ```
/// use auth::{Accounts, MasterKey, NewAccount, Role};
///
/// # fn main() -> auth::Result<()> {
/// let accounts = Accounts::load(MasterKey::generate()?, [])?;
/// let created = accounts.create(
///     NewAccount {
///         name: "ivan".parse()?,
///         role: Role::User,
///         description: String::new(),
///         client_id: None,
///         client_secret: None,
///         is_system: false,
///     },
///     1_795_132_800_000,
/// )?;
/// let client_id = created.account.client_id.clone();
/// assert!(accounts.authenticate_lookup(client_id.as_str()).is_err());
///
/// // Here the caller stores `created.document` durably.
/// created.insert();
/// let (principal, secret) = accounts.authenticate_lookup(client_id.as_str())?;
/// assert_eq!(principal.name().as_str(), "ivan");
/// assert_eq!(secret.reveal().len(), 40);
/// # Ok(())
/// # }
/// ```
pub struct Accounts {
    master_key: MasterKey,
    set: SharedAccountSet,
}

impl Accounts {
    /// Reads every account document and opens every secret.
    ///
    /// # Errors
    /// All name the document: [`ErrorKind::Corrupt`] (damaged, under another account's file name, or with
    /// a name or client id that an earlier document has), [`ErrorKind::NewerFormat`],
    /// [`ErrorKind::WrongMasterKey`]. [`ErrorKind::TooManyAccounts`] above [`ACCOUNTS_MAX`].
    pub fn load(master_key: MasterKey, documents: impl IntoIterator<Item = Document>) -> Result<Self> {
        let set = SharedAccountSet::default();
        for document in documents {
            let account = Account::from_document(&document)?;
            let secret =
                master_key.open(&account.secret, &account.id).map_err(|error| error.about(&document.name))?;
            let mut set = set.write();
            set.check_free(&account).map_err(|error| contradiction(&document, error))?;
            set.add(Arc::new(account), Arc::new(secret));
        }
        Ok(Self { master_key, set })
    }

    /// Makes an account that is not usable yet: store its document, then call [`Created::insert`].
    ///
    /// `now_ms` is the time of creation in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] for a name or client id that is taken or reserved,
    /// [`ErrorKind::TooManyAccounts`], [`ErrorKind::InvalidArgument`] for the description,
    /// [`ErrorKind::NoEntropy`].
    pub fn create(&self, new: NewAccount, now_ms: u64) -> Result<Created> {
        check_description(&new.description)?;
        let id = AccountId::generate(now_ms)?;
        let client_id = new.client_id.map_or_else(ClientId::generate, Ok)?;
        let secret = new.client_secret.map_or_else(ClientSecret::generate, Ok)?;
        let account = Account {
            secret: self.master_key.seal(&secret, &id)?,
            id,
            name: new.name,
            client_id,
            role: new.role,
            is_system: new.is_system,
            description: new.description,
            created_at_ms: now_ms,
            disabled: false,
            unknown: serde_json::Map::new(),
        };
        let document = account.to_document()?;
        Created::reserve(&self.set, account, secret, document)
    }

    /// Seals a secret that is no account's, for a document that `owner` names.
    ///
    /// # Errors
    /// [`ErrorKind::NoEntropy`].
    pub fn seal_for(&self, secret: &ClientSecret, owner: &str) -> Result<SealedSecret> {
        self.master_key.seal_for(secret, owner)
    }

    /// Opens what [`Accounts::seal_for`] has sealed for the same `owner`.
    ///
    /// # Errors
    /// [`ErrorKind::WrongMasterKey`], [`ErrorKind::Corrupt`].
    pub fn open_for(&self, sealed: &SealedSecret, owner: &str) -> Result<ClientSecret> {
        self.master_key.open_for(sealed, owner)
    }

    /// Finds who a request claims to be, and the secret that must prove it.
    ///
    /// The principal counts only once the caller has verified the request against the secret.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownClient`], [`ErrorKind::Disabled`]. A door answers both alike.
    pub fn authenticate_lookup(&self, client_id: &str) -> Result<(Principal, Arc<ClientSecret>)> {
        let set = self.set.read();
        let credential = set
            .by_client_id(client_id)
            .ok_or_else(|| Error::new(ErrorKind::UnknownClient, "authenticate client").about(client_id))?;
        let principal = Principal::authenticated(Arc::clone(&credential.account))?;
        Ok((principal, Arc::clone(&credential.secret)))
    }

    /// The account with this client id, disabled ones included.
    #[must_use]
    pub fn by_client_id(&self, client_id: &str) -> Option<Arc<Account>> {
        self.set.read().by_client_id(client_id).map(|credential| Arc::clone(&credential.account))
    }

    /// The account with this id, disabled ones included.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<Arc<Account>> {
        self.set.read().by_id(id).map(Arc::clone)
    }

    /// The account with this name, disabled ones included.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<Arc<Account>> {
        self.set.read().by_name(name).map(Arc::clone)
    }

    /// Every account, at most [`ACCOUNTS_MAX`], in the order of their names.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Account>> {
        self.set.read().iter().map(Arc::clone).collect()
    }

    /// Whether there is no account, disabled ones included and those not yet inserted left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.read().len() == 0
    }
}

/// A document that takes what an earlier one has is damage; one too many is not.
fn contradiction(document: &Document, error: Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::AlreadyExists => ErrorKind::Corrupt,
        kind => kind,
    };
    Error::new(kind, "load account document")
        .about(&document.name)
        .because("it cannot stand beside the documents already loaded")
        .caused_by(error)
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("master_key", &self.master_key)
            .field("count", &self.set.read().len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
