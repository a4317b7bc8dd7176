//! The file of the first credentials: what aws-cli reads as its shared credentials file.
//!
//! Source: AWS CLI user guide, "Configuration and credential file settings". Its `s3` setting is read from here as
//! well: aws-cli 1 and boto3 presign links by Signature Version 2 in us-east-1 unless they are told otherwise.

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
         aws_secret_access_key = {}\n\
         s3 =\n\
         \x20 signature_version = s3v4\n",
        account.client_id,
        secret.reveal()
    )
}
