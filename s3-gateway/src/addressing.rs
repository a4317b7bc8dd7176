//! Where a request goes: to which bucket and key, by its path or, for virtual-hosted requests, by its host
//! (S3 user guide, "Virtual hosting of general purpose buckets").

use http::header::HOST;
use http::request::Parts;
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

use crate::percent::decode_path;
use crate::refusal::{Answer, Code, Refusal};

/// The domains whose direct subdomains are buckets. A host under none of them names no bucket, so that a
/// server reached by any other name or by an address is asked in path style.
#[derive(Clone, Debug)]
pub(crate) struct Domains(Vec<String>);

/// The bucket and the key that a request names; either is empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addressed {
    /// The bucket.
    pub(crate) bucket: String,
    /// The key.
    pub(crate) key: String,
}

impl Domains {
    /// Takes domains without ports, in either case.
    pub(crate) fn new(domains: &[String]) -> Self {
        Self(domains.iter().map(|domain| domain.to_ascii_lowercase()).collect())
    }

    /// The bucket that a host names, which may carry a port.
    pub(crate) fn bucket_of(&self, host: &str) -> Option<String> {
        let host = without_port(host).to_ascii_lowercase();
        let subdomain = |domain: &String| host.strip_suffix(domain.as_str())?.strip_suffix('.');
        // Of two domains of which one lies in the other, the longer one is meant.
        let bucket = self.0.iter().filter_map(subdomain).min_by_key(|bucket| bucket.len());
        bucket.map(str::to_owned)
    }

    /// Finds bucket and key of a request.
    ///
    /// *Errors*: `InvalidURI` where the path is not percent-encoded UTF-8.
    pub(crate) fn address(&self, head: &Parts) -> Answer<Addressed> {
        let path = decode_path(head.uri.path()).ok_or_else(|| Refusal::new(Code::InvalidUri))?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = match host_of(head).and_then(|host| self.bucket_of(host)) {
            Some(bucket) => (bucket, path),
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (bucket.to_owned(), key)
            }
        };
        Ok(Addressed { bucket, key: key.to_owned() })
    }
}

impl S3Host for Domains {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let parsed = VirtualHost::new(host);
        Ok(match self.bucket_of(host) {
            Some(bucket) => parsed.with_bucket(bucket),
            None => parsed,
        })
    }
}

/// The host that a request was sent to: HTTP/2 has it in the place of the header.
pub(crate) fn host_of(head: &Parts) -> Option<&str> {
    let in_header = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    in_header.or_else(|| head.uri.authority().map(http::uri::Authority::as_str))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
