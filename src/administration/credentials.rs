//! The file of the first credentials: what aws-cli reads as its shared credentials file.
//!
//! Source: AWS CLI user guide, "Configuration and credential file settings".

use auth::{Account, ClientSecret};

/// The file's name in the data directory.
pub(super) const FILE_NAME: &str = "credentials";
/// The profile in it.
pub(crate) const PROFILE: &str = "artstore";

/// The text of the file.
pub(super) fn to_text(account: &Account, secret: &ClientSecret) -> String {
    format!(
        "# For first use: keep these credentials in a safe place of yours, then remove this file; the server never reads it.\n\
         [{PROFILE}]\n\
         aws_access_key_id = {}\n\
         aws_secret_access_key = {}\n",
        account.client_id,
        secret.reveal()
    )
}
