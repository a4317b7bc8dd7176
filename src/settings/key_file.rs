//! Where the master key lies: outside the data directory, so that a copy of the archive tells no secret.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;

const FOLDER: &str = "artstore";
const NAME: &str = "master.key";

/// The file of the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyFile {
    /// A file that the first start makes where it is missing.
    Own(PathBuf),
    /// A credential that systemd hands over; the program never writes there.
    Credential(PathBuf),
    /// None: nothing names a place for it.
    Nowhere,
}

impl KeyFile {
    /// Decides: the setting, else systemd's credential, else the user's configuration directory.
    pub(super) fn find(setting: Option<PathBuf>, environment: &Environment) -> Result<Self> {
        if let Some(path) = setting {
            return Ok(Self::Own(path));
        }
        // systemd.exec(5), "Credentials": the unit's credentials are files in this directory.
        if let Some(folder) = environment.text("CREDENTIALS_DIRECTORY")? {
            let path = PathBuf::from(folder).join(NAME);
            let is_there = private_file::exists(&path).map_err(|source| {
                Error::new(ErrorKind::Failed, "look for the master key")
                    .about(path.display())
                    .caused_by(source)
            })?;
            if is_there {
                return Ok(Self::Credential(path));
            }
        }
        // XDG Base Directory Specification 0.8: relative paths there are invalid and ignored.
        let configured = environment.text("XDG_CONFIG_HOME")?.map(PathBuf::from);
        let home = environment.text("HOME")?.map(|home| PathBuf::from(home).join(".config"));
        let folder = configured.filter(|path| path.is_absolute()).or(home);
        Ok(folder.map_or(Self::Nowhere, |folder| Self::Own(folder.join(FOLDER).join(NAME))))
    }
    /// Whether the file lies below a folder, going by the paths.
    pub(crate) fn lies_in(&self, folder: &Path) -> bool {
        match self {
            Self::Own(path) | Self::Credential(path) => path.starts_with(folder),
            Self::Nowhere => false,
        }
    }
}
