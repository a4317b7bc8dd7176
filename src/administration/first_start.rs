//! The first start: the system account and the file of its credentials.

use std::path::{Path, PathBuf};

use super::credentials;
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};
use crate::private_file::{self, Existing};
use crate::settings::{AuthSettings, KeyFile};

/// What the first start made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstStart {
    /// The system account's name.
    pub(crate) account: String,
    /// Its role.
    pub(crate) role: &'static str,
    /// The file of its credentials.
    pub(crate) credentials: PathBuf,
    /// The master key's file, where the program keeps it itself.
    pub(crate) master_key: Option<PathBuf>,
}

/// Makes the system account where the archive has no account and the settings want one.
///
/// *Errors*: `InvalidSettings` for a wrong value of the initial account, at every start; `Failed`.
pub(super) fn run(
    opened: &Administration,
    settings: &AuthSettings,
    data: &Path,
) -> Result<Option<FirstStart>> {
    let new = settings.initial_account.to_create(&opened.accounts).map_err(|source| {
        Error::new(ErrorKind::InvalidSettings, "read the initial account")
            .remedy("correct the variable, or auth.initial_account in the config file")
            .caused_by(source)
    })?;
    let Some(new) = new else { return Ok(None) };
    let created = opened
        .accounts
        .create(new, opened.clock.now_ms())
        .map_err(|source| Error::new(ErrorKind::Failed, "make the system account").caused_by(source))?;
    // The credentials come first: an account without them would be one that nobody can use, while
    // credentials without an account are replaced at the next start.
    let path = data.join(credentials::FILE_NAME);
    let text = credentials::to_text(&created.account, &created.secret);
    private_file::write_durable(&path, text.as_bytes(), Existing::Replace).map_err(|source| {
        Error::new(ErrorKind::Failed, "write the credentials")
            .about(path.display())
            .remedy("make the data directory writable and start again")
            .caused_by(source)
    })?;
    let account = std::sync::Arc::clone(&created.account);
    opened.keep(created)?;
    tracing::info!(
        account = account.name.as_str(),
        role = account.role.as_str(),
        credentials = %path.display(),
        "Made the system account."
    );
    Ok(Some(FirstStart {
        account: account.name.to_string(),
        role: account.role.as_str(),
        credentials: path,
        master_key: match &settings.master_key_file {
            KeyFile::Own(path) => Some(path.clone()),
            KeyFile::Credential(_) | KeyFile::Nowhere => None,
        },
    }))
}
