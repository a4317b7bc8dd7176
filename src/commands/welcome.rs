//! What a person reads at the first start. It fits a screen.

use std::net::SocketAddr;
use std::path::Path;

use crate::administration::{FirstStart, PROFILE};

/// Addresses that the server listens at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) s3: SocketAddr,
    pub(super) api: SocketAddr,
}

/// The text of the first start.
pub(super) fn welcome(addresses: Addresses, data: &Path, made: &FirstStart) -> String {
    let s3 = reachable(addresses.s3);
    let key = made.master_key.as_deref().map_or_else(String::new, |path| {
        format!(
            "  key          {}\n               opens the accounts' secrets: keep a copy of it\n",
            path.display()
        )
    });
    format!(
        "ArtStore runs. It has made its archive.\n\
         \n\
         \x20 S3           http://{s3}\n\
         \x20 health       http://{api}/health/ready\n\
         \x20 data         {data}\n\
         \x20 account      {account}, role {role}\n\
         \x20 credentials  {credentials}\n\
         \x20              for first use: keep them elsewhere and remove the file\n\
         {key}\
         \n\
         Next, in another terminal:\n\
         \n\
         \x20 export AWS_PROFILE={PROFILE}\n\
         \x20 export AWS_SHARED_CREDENTIALS_FILE={quoted}\n\
         \x20 aws --endpoint-url http://{s3} s3 mb s3://docs\n\
         \n\
         Ctrl-C stops it; artstore --help shows what else there is.\n",
        api = reachable(addresses.api),
        data = data.display(),
        account = made.account,
        role = made.role,
        credentials = made.credentials.display(),
        quoted = quoted(&made.credentials),
    )
}

/// An address that a client on this machine can use: "any" is not one.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        address => address.ip(),
    };
    SocketAddr::new(ip, address.port())
}

/// The path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+,:@%".contains(character);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
