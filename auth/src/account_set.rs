//! The accounts in memory, found by client id, id and name.
//!
//! Invariants: the three maps hold the same accounts; no name or client id belongs to two accounts, held
//! or reserved; accounts and reservations together are at most [`ACCOUNTS_MAX`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{
    ACCOUNTS_MAX, Account, AccountId, AccountName, ClientId, ClientSecret, Error, ErrorKind, Result,
};

/// An account with its secret opened, so that a request costs no decryption.
pub(crate) struct Credential {
    pub(crate) account: Arc<Account>,
    pub(crate) secret: Arc<ClientSecret>,
}

#[derive(Default)]
pub(crate) struct AccountSet {
    by_client_id: HashMap<ClientId, Credential>,
    by_id: HashMap<AccountId, Arc<Account>>,
    by_name: BTreeMap<AccountName, Arc<Account>>,
    reserved_names: HashSet<AccountName>,
    reserved_client_ids: HashSet<ClientId>,
}

impl AccountSet {
    /// Keeps the name and client id of `account` from everybody else until `add` or `release`.
    pub(crate) fn reserve(&mut self, account: &Account) -> Result<()> {
        self.check_free(account)?;
        self.reserved_names.insert(account.name.clone());
        self.reserved_client_ids.insert(account.client_id.clone());
        Ok(())
    }

    /// Gives up a reservation.
    pub(crate) fn release(&mut self, account: &Account) {
        self.reserved_names.remove(&account.name);
        self.reserved_client_ids.remove(&account.client_id);
    }

    /// Adds an account that was reserved, or checked with `check_free` under the same lock.
    pub(crate) fn add(&mut self, account: Arc<Account>, secret: Arc<ClientSecret>) {
        self.release(&account);
        self.by_id.insert(account.id.clone(), Arc::clone(&account));
        self.by_name.insert(account.name.clone(), Arc::clone(&account));
        self.by_client_id.insert(account.client_id.clone(), Credential { account, secret });
    }

    /// Refuses an account whose name or client id is taken, or that is one too many.
    pub(crate) fn check_free(&self, account: &Account) -> Result<()> {
        let failed = |kind| Error::new(kind, "add account").about(account.name.as_str());
        let name_is_taken =
            self.by_name.contains_key(&account.name) || self.reserved_names.contains(&account.name);
        if name_is_taken {
            return Err(failed(ErrorKind::AlreadyExists).because("the name is taken"));
        }
        let client_id_is_taken = self.by_client_id.contains_key(&account.client_id)
            || self.reserved_client_ids.contains(&account.client_id);
        if client_id_is_taken {
            return Err(failed(ErrorKind::AlreadyExists)
                .because(format_args!("the client id {} is taken", account.client_id)));
        }
        if self.by_name.len().saturating_add(self.reserved_names.len()) >= ACCOUNTS_MAX {
            return Err(failed(ErrorKind::TooManyAccounts)
                .because(format_args!("the archive keeps at most {ACCOUNTS_MAX} accounts")));
        }
        Ok(())
    }

    pub(crate) fn by_client_id(&self, client_id: &str) -> Option<&Credential> {
        self.by_client_id.get(client_id)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<Account>> {
        self.by_id.get(id)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_name.get(name)
    }

    /// All accounts in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.by_name.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }
}

/// The one set of a process, shared with the reservations of accounts about to be added.
#[derive(Clone, Default)]
pub(crate) struct SharedAccountSet(Arc<RwLock<AccountSet>>);

impl SharedAccountSet {
    // A poisoned lock is entered all the same: the changes are map insertions and removals, none of
    // which can stop half-way with a panic of ours.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, AccountSet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, AccountSet> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
