//! Listing and making accounts.

use std::sync::Arc;

use auth::{Created, NewAccount};

use super::document::{AccountDocument, CreatedAccount, NewAccountRequest};
use super::open::{ACCOUNTS_FOLDER, Administration};
use crate::error::{Error, ErrorKind, Result};

impl Administration {
    /// Every account, in the order of their names.
    pub(crate) fn account_documents(&self) -> Vec<AccountDocument> {
        self.accounts.list().iter().map(|account| AccountDocument::from(account.as_ref())).collect()
    }

    /// Makes an account. *Durability*: it is durable on return.
    ///
    /// *Errors*: `Failed` with the reason below: the name is taken, or the description is too long.
    pub(crate) fn create_account(&self, new: NewAccountRequest) -> Result<CreatedAccount> {
        let name = new.name.clone();
        let failed = || Error::new(ErrorKind::Failed, "create account").about(name.as_str());
        let new = NewAccount {
            name: new.name,
            role: new.role,
            description: new.description,
            client_id: None,
            client_secret: None,
            is_system: false,
        };
        let created = self.accounts.create(new, self.clock.now_ms()).map_err(|source| {
            failed().remedy("artstore account list shows the accounts there are").caused_by(source)
        })?;
        let answer = CreatedAccount::new(&created.account, &created.secret);
        self.keep(created)?;
        tracing::info!(account = answer.name, role = answer.role.as_str(), "Made an account.");
        Ok(answer)
    }

    /// Stores the document of a new account, then lets the account in.
    pub(super) fn keep(&self, created: Created) -> Result<()> {
        let document = &created.document;
        let stored = self.archive.put_control_document(ACCOUNTS_FOLDER, &document.name, &document.bytes);
        if let Err(source) = stored {
            // A write that failed half-way may show up at the next start, where nobody has its secret.
            let removed = self.archive.remove_control_document(ACCOUNTS_FOLDER, &document.name);
            if let Err(error) = removed {
                tracing::error!(
                    document = document.name,
                    error = &error as &dyn std::error::Error,
                    "Could not remove the document of an account that was not made."
                );
            }
            let account = Arc::clone(&created.account);
            return Err(Error::new(ErrorKind::Failed, "store account")
                .about(&account.name)
                .caused_by(source));
        }
        created.insert();
        Ok(())
    }
}
