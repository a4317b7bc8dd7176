//! Reading the master key, and making it at the first start.

use std::io;
use std::path::Path;

use auth::MasterKey;

use crate::error::{Error, ErrorKind, Result};
use crate::private_file::{self, Existing};
use crate::settings::KeyFile;

/// The key for an archive that has accounts or has none yet.
///
/// *Errors*: `Failed` where the file is missing although accounts exist, cannot be read or made, or holds
/// no key; `InvalidSettings` where no place for it is named.
pub(super) fn read_or_make(file: &KeyFile, has_accounts: bool) -> Result<MasterKey> {
    let path = match file {
        KeyFile::Own(path) | KeyFile::Credential(path) => path,
        KeyFile::Nowhere => {
            return Err(Error::new(ErrorKind::InvalidSettings, "find the master key")
                .because("neither HOME nor XDG_CONFIG_HOME is set")
                .remedy("set ARTSTORE_MASTER_KEY_FILE to a file outside the data directory"));
        }
    };
    match private_file::read_text(path) {
        Ok(text) => MasterKey::from_text(&text).map_err(|source| {
            failed("read the master key", path)
                .remedy("put the key's copy back in its place; docs/CONFIGURATION.md says what the file is")
                .caused_by(source)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_accounts => {
            Err(failed("read the master key", path)
                .because("it is missing, and the accounts' secrets need it")
                .remedy(
                    "put the key's copy back, run as the user who made the archive, or name its file by \
                 ARTSTORE_MASTER_KEY_FILE",
                ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(failed("read the master key", path)
            .remedy("make the file readable for the user who runs this")
            .caused_by(error)),
    }
}

fn make(path: &Path) -> Result<MasterKey> {
    let cannot = |source: io::Error| {
        failed("make the master key", path)
            .remedy("make its folder writable, or set ARTSTORE_MASTER_KEY_FILE to another file outside the data directory")
            .caused_by(source)
    };
    let key =
        MasterKey::generate().map_err(|source| failed("make the master key", path).caused_by(source))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_file::create_folder_durable(folder).map_err(cannot)?;
    }
    match private_file::write_durable(path, key.to_text().as_bytes(), Existing::Keep) {
        Ok(()) => Ok(key),
        // Another archive of the same user made it in this moment: its key is the user's key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = private_file::read_text(path).map_err(cannot)?;
            MasterKey::from_text(&text)
                .map_err(|source| failed("read the master key", path).caused_by(source))
        }
        Err(error) => Err(cannot(error)),
    }
}

fn failed(operation: &'static str, path: &Path) -> Error {
    Error::new(ErrorKind::Failed, operation).about(path.display())
}
