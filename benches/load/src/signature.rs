//! Signature Version 4 in the `Authorization` header (Amazon S3 API Reference, "Signature Calculations for
//! the Authorization Header").

#[cfg(test)]
mod tests;

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::timestamp;

/// What is signed of a request.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// Percent-encoded, with the slash in front.
    pub(crate) path: &'a str,
    /// Percent-encoded, in the order of names, without the question mark.
    pub(crate) query: &'a str,
    /// SHA-256 of the body in hex, or `UNSIGNED-PAYLOAD`.
    pub(crate) payload: &'a str,
}

/// Signs for one account, host and region; the key of the day is kept.
#[derive(Clone)]
pub(crate) struct Signer {
    credentials: Credentials,
    region: String,
    host: String,
    /// The second that `time` and `key` belong to.
    second: u64,
    time: String,
    day: String,
    key: Hmac<Sha256>,
    canonical: String,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials, region: &str, host: &str) -> Self {
        Self {
            credentials,
            region: region.to_owned(),
            host: host.to_owned(),
            second: u64::MAX,
            time: String::new(),
            day: String::new(),
            key: keyed(b""),
            canonical: String::new(),
        }
    }

    /// Appends the headers that carry the signature of this moment, `Host` among them.
    pub(crate) fn sign(&mut self, request: &Signed<'_>, headers: &mut String) {
        self.sign_at(timestamp::unix_seconds(), request, headers);
    }

    fn sign_at(&mut self, second: u64, request: &Signed<'_>, headers: &mut String) {
        self.turn_to(second);
        let Self { credentials, region, host, time, day, key, canonical, .. } = self;
        let Signed { method, path, query, payload } = request;
        canonical.clear();
        append(
            canonical,
            format_args!(
                "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{time}\n\n\
                 host;x-amz-content-sha256;x-amz-date\n{payload}"
            ),
        );
        let digest = sha256_hex(canonical.as_bytes());
        canonical.clear();
        append(canonical, format_args!("AWS4-HMAC-SHA256\n{time}\n{day}/{region}/s3/aws4_request\n{digest}"));
        let mut mac = key.clone();
        mac.update(canonical.as_bytes());
        let access_key = &credentials.access_key;
        append(
            headers,
            format_args!(
                "host: {host}\r\nx-amz-content-sha256: {payload}\r\nx-amz-date: {time}\r\n\
                 authorization: AWS4-HMAC-SHA256 Credential={access_key}/{day}/{region}/s3/aws4_request, \
                 SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
            ),
        );
        push_hex(headers, &mac.finalize().into_bytes());
        headers.push_str("\r\n");
    }

    fn turn_to(&mut self, second: u64) {
        if second == self.second {
            return;
        }
        self.second = second;
        self.time = timestamp::basic_format(second);
        let day = self.time.get(..8).unwrap_or_default();
        if day != self.day {
            self.day = day.to_owned();
            let secret = format!("AWS4{}", self.credentials.secret_key);
            let parts = [self.day.as_str(), &self.region, "s3", "aws4_request"];
            self.key = parts.iter().fold(keyed(secret.as_bytes()), |mut key, part| {
                key.update(part.as_bytes());
                keyed(&key.finalize().into_bytes())
            });
        }
    }
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    push_hex(&mut hex, &Sha256::digest(bytes));
    hex
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => append(&mut encoded, format_args!("%{byte:02X}")),
        }
    }
    encoded
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.push(char::from_digit(nibble.into(), 16).unwrap_or('?'));
    }
}

#[expect(clippy::expect_used, reason = "a String takes everything")]
fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes everything");
}
