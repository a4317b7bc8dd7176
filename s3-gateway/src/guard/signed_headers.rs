//! Every `x-amz-*` header that arrives must be signed.
//!
//! s3s 0.14.1 honours unsigned ones: who holds a presigned URL could add, say, a storage class or a copy
//! source, and act with the signer's rights.

use http::HeaderMap;

use crate::refusal::{Answer, Code, Refusal};

/// Headers that describe only how the body travels. A wrong one makes the body fail its checks.
const EXEMPT: [&str; 5] = [
    "x-amz-content-sha256",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-checksum-algorithm",
    "x-amz-sdk-checksum-algorithm",
];

/// Compares the headers of a request with `signed`, names joined by `;`.
///
/// *Errors*: `AccessDenied`, naming the headers.
pub(super) fn check(headers: &HeaderMap, signed: &str) -> Answer<()> {
    let is_signed = |name: &str| signed.split(';').any(|signed| signed.eq_ignore_ascii_case(name));
    let unsigned: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-") && !EXEMPT.contains(name) && !is_signed(name))
        .collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    let message = "There were headers present in the request which were not signed";
    Err(Refusal::because(Code::AccessDenied, message).with_element("HeadersNotSigned", unsigned.join(", ")))
}
