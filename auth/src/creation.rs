//! Creating an account in two steps, with the caller's durable write between them.
//!
//! [`crate::Accounts::create`] makes the document and reserves its name and client id; the caller stores
//! the document; [`Created::insert`] makes the account usable. Invariants: nothing is usable before it is
//! durable, and two creations at once cannot both store a document with one name.

use std::fmt;
use std::sync::Arc;

use crate::account_set::SharedAccountSet;
use crate::{Account, AccountName, ClientId, ClientSecret, Document, Result, Role};

/// What an account is to be.
#[derive(Debug)]
pub struct NewAccount {
    /// Its name, which no other account has.
    pub name: AccountName,
    /// What it may do.
    pub role: Role,
    /// Free text, at most [`crate::DESCRIPTION_CHARS_MAX`] characters and no control characters.
    pub description: String,
    /// Its client id; generated where none is given.
    pub client_id: Option<ClientId>,
    /// Its client secret; generated where none is given.
    pub client_secret: Option<ClientSecret>,
    /// Whether it is the account of the first start.
    pub is_system: bool,
}

/// An account that was made and is not yet usable.
///
/// Store `document` durably, then call [`Created::insert`]. Dropping it instead gives the name and the
/// client id free again; a caller whose write failed half-way removes the document first.
#[must_use = "the account is usable only after `insert`"]
#[derive(Debug)]
pub struct Created {
    /// The account.
    pub account: Arc<Account>,
    /// Its secret, to be shown to its owner this once.
    pub secret: Arc<ClientSecret>,
    /// What to store before [`Created::insert`].
    pub document: Document,
    reservation: Reservation,
}

impl Created {
    /// Reserves the name and client id of `account` in `set`.
    pub(crate) fn reserve(
        set: &SharedAccountSet,
        account: Account,
        secret: ClientSecret,
        document: Document,
    ) -> Result<Self> {
        set.write().reserve(&account)?;
        let account = Arc::new(account);
        let secret = Arc::new(secret);
        let reservation = Reservation {
            set: set.clone(),
            account: Arc::clone(&account),
            secret: Arc::clone(&secret),
            is_fulfilled: false,
        };
        Ok(Self { account, secret, document, reservation })
    }

    /// Makes the account usable. Call it once `document` is durable; it cannot fail.
    pub fn insert(self) {
        self.reservation.fulfil();
    }
}

/// The hold of a [`Created`] on its name and client id. Ends in the set or, on drop, frees them.
struct Reservation {
    set: SharedAccountSet,
    account: Arc<Account>,
    secret: Arc<ClientSecret>,
    is_fulfilled: bool,
}

impl Reservation {
    fn fulfil(mut self) {
        self.set.write().add(Arc::clone(&self.account), Arc::clone(&self.secret));
        self.is_fulfilled = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_fulfilled {
            self.set.write().release(&self.account);
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").finish_non_exhaustive()
    }
}
