//! Where a webhook sends to: an `http` or `https` URL, read once.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// Most bytes of a URL.
const BYTES_MAX: usize = 2048;

/// A URL that can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Endpoint {
    text: String,
    /// Whether it is `https`.
    pub(super) is_tls: bool,
    /// Host name or address, an IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The `Host` header.
    pub(super) authority: String,
    /// What is asked for: path and query.
    pub(super) path: String,
}

impl FromStr for Endpoint {
    type Err = Error;

    /// *Errors*: `Failed` for what is no URL of http or https, or names a user.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: &'static str| {
            Error::new(ErrorKind::Failed, "read the URL of a webhook")
                .about(text.chars().take(200).collect::<String>())
                .because(reason)
                .remedy("give one such as https://example.org/events")
        };
        if text.len() > BYTES_MAX {
            return Err(refused("it has more than 2,048 bytes"));
        }
        let uri: Uri = text.parse().map_err(|_| refused("it is no URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refused("it does not begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| refused("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("it names a user: a receiver checks the signature instead"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refused("it names no host"));
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { text: text.to_owned(), is_tls, host, port, authority: authority.to_string(), path })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.text
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
