//! Somebody who has proved who they are.

use std::fmt;
use std::sync::Arc;

use crate::{Account, AccountId, AccountName, Error, ErrorKind, Result, Role};

/// An account as the one acting in a request. Cheap to clone.
///
/// Invariant: made only from an account that was not disabled, so that a function that asks for a
/// `&Principal` cannot be called before authentication. It is a picture of that moment: ask anew for each
/// request, and a disabled account or a changed role holds from the next one on.
#[derive(Clone)]
pub struct Principal {
    account: Arc<Account>,
}

impl Principal {
    /// Makes the principal of `account`. The caller has verified a signature, a token, a secret, or on the
    /// control socket the peer's user id.
    ///
    /// # Errors
    /// [`ErrorKind::Disabled`].
    pub fn authenticated(account: Arc<Account>) -> Result<Self> {
        if account.disabled {
            return Err(Error::new(ErrorKind::Disabled, "authenticate account").about(account.name.as_str()));
        }
        Ok(Self { account })
    }

    /// The id of the account, which is what buckets and sidecars name as owner.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account.id
    }

    /// The name of the account.
    #[must_use]
    pub fn name(&self) -> &AccountName {
        &self.account.name
    }

    /// The role of the account.
    #[must_use]
    pub fn role(&self) -> Role {
        self.account.role
    }

    /// Whether it is the account of the first start.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.account.is_system
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("account", self.account())
            .field("name", self.name())
            .field("role", &self.role())
            .field("is_system", &self.is_system())
            .finish()
    }
}
