//! An account and its document.
//!
//! One account is one JSON document `<id>.json`. It is the only home of the account.
//!
//! | field | meaning |
//! |---|---|
//! | `schema_version` | 1. A higher number is refused, nothing is guessed |
//! | `id` | the account id, equal to the file name |
//! | `name`, `client_id` | unique among accounts |
//! | `role` | `ADMIN`, `USER`, `READONLY` or `AUDITOR` |
//! | `is_system` | the account made at first start, which no door deletes or demotes |
//! | `description` | free text |
//! | `created_at_ms` | milliseconds since 1970-01-01 UTC |
//! | `disabled` | refuses every use |
//! | `secret` | the client secret, sealed: `algorithm`, `key_id`, `nonce`, `ciphertext` |
//! | any other | kept as it is when the document is rewritten |
//!
//! Version history: 1, the first.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AccountId, AccountName, ClientId, Document, Error, ErrorKind, Result, Role, SealedSecret};

/// The version written into documents, and the highest one read.
const SCHEMA_VERSION: u32 = 1;
/// The longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 256;

/// An account as [`crate::Accounts`] keeps it: everything about it but the open secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its identity, for ever.
    pub id: AccountId,
    /// Its name among people and commands.
    pub name: AccountName,
    /// Its OAuth client id and S3 access key.
    pub client_id: ClientId,
    /// What it may do.
    pub role: Role,
    /// Whether it is the account of the first start, which no door deletes or demotes.
    pub is_system: bool,
    /// Free text, at most [`DESCRIPTION_CHARS_MAX`] characters.
    #[serde(default)]
    pub description: String,
    /// When it was created, in milliseconds since 1970-01-01 UTC.
    pub created_at_ms: u64,
    /// Whether every use of it is refused.
    #[serde(default)]
    pub disabled: bool,
    /// Its client secret, sealed.
    pub secret: SealedSecret,
    /// Fields of the document that this release does not know.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// The document of an account: the account under its schema version.
#[derive(Serialize, Deserialize)]
struct Versioned<A> {
    schema_version: u32,
    #[serde(flatten)]
    account: A,
}

/// Reads the version alone, so that a newer document is recognized whatever else it holds.
#[derive(Deserialize)]
struct SchemaVersion {
    schema_version: u32,
}

impl Account {
    /// The document that stores this account.
    pub(crate) fn to_document(&self) -> Result<Document> {
        let name = document_name(&self.id);
        let versioned = Versioned { schema_version: SCHEMA_VERSION, account: self };
        let mut bytes = serde_json::to_vec_pretty(&versioned).map_err(|source| {
            Error::new(ErrorKind::Corrupt, "write account document").about(&name).caused_by(source)
        })?;
        bytes.push(b'\n');
        Ok(Document { name, bytes })
    }

    /// Reads an account from its document.
    pub(crate) fn from_document(document: &Document) -> Result<Self> {
        let failed = |kind| Error::new(kind, "read account document").about(&document.name);
        let damaged = |source: serde_json::Error| failed(ErrorKind::Corrupt).caused_by(source);
        let SchemaVersion { schema_version } = serde_json::from_slice(&document.bytes).map_err(damaged)?;
        if schema_version > SCHEMA_VERSION {
            return Err(failed(ErrorKind::NewerFormat).because(format_args!(
                "its schema version is {schema_version}, and this program reads up to {SCHEMA_VERSION}"
            )));
        }
        let Versioned::<Self> { account, .. } = serde_json::from_slice(&document.bytes).map_err(damaged)?;
        if document_name(&account.id) != document.name {
            return Err(failed(ErrorKind::Corrupt)
                .because(format_args!("it holds account {}, whose document has another name", account.id)));
        }
        Ok(account)
    }
}

/// Refuses a description that is too long or would garble a table.
pub(crate) fn check_description(description: &str) -> Result<()> {
    if description.chars().count() <= DESCRIPTION_CHARS_MAX && !description.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, "read account description").because(format_args!(
        "expected at most {DESCRIPTION_CHARS_MAX} characters without control characters"
    )))
}

fn document_name(id: &AccountId) -> String {
    format!("{id}.json")
}

/// Leaves out the unknown fields: a later release may keep secrets there.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .field("role", &self.role)
            .field("is_system", &self.is_system)
            .field("disabled", &self.disabled)
            .field("created_at_ms", &self.created_at_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
