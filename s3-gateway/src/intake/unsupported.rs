//! Headers of a write that ask for what is not there. To pass over them would promise it.

use http::HeaderMap;

use crate::refusal::{Answer, Code, Refusal};

/// Canned ACLs that mean what holds anyway: the bucket's owner has the object.
const ACLS_HELD: [&[u8]; 2] = [b"private", b"bucket-owner-full-control"];

/// Refuses encryption, ACLs, Object Lock, redirects and appending.
///
/// *Errors*: `NotImplemented`, `AccessControlListNotSupported`, `InvalidRequest`.
pub(crate) fn refuse_unsupported(headers: &HeaderMap) -> Answer<()> {
    if headers.get("x-amz-acl").is_some_and(|acl| !ACLS_HELD.contains(&acl.as_bytes())) {
        return Err(Refusal::new(Code::AccessControlListNotSupported));
    }
    for name in headers.keys().map(http::HeaderName::as_str) {
        if name.starts_with("x-amz-grant-") {
            return Err(Refusal::new(Code::AccessControlListNotSupported));
        }
        if name.starts_with("x-amz-object-lock-") {
            let message = "Bucket is missing Object Lock Configuration";
            return Err(Refusal::because(Code::InvalidRequest, message));
        }
        let is_unserved = name.starts_with("x-amz-server-side-encryption")
            || name.starts_with("x-amz-website-redirect-location")
            || name == "x-amz-write-offset-bytes";
        if is_unserved {
            let message =
                format!("A header you provided implies functionality that is not implemented: {name}");
            return Err(Refusal::because(Code::NotImplemented, message));
        }
    }
    Ok(())
}
