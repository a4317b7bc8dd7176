//! A change whose query is not understood is not made.
//!
//! s3s routes by the parameters that it knows and ignores the rest: `DELETE /bucket/key?retention` would
//! delete the object, `PUT /bucket/key?renameObject` would overwrite it.

use http::Method;

use crate::refusal::{Answer, Code, Refusal};

const CHANGES: [Method; 3] = [Method::PUT, Method::POST, Method::DELETE];

/// Parameters that s3s understands in a request of a method; the last says nothing about what to do.
const UNDERSTOOD: [(&str, &[Method]); 12] = [
    ("acl", &[Method::PUT]),
    ("delete", &[Method::POST]),
    ("lifecycle", &[Method::PUT, Method::DELETE]),
    ("notification", &[Method::PUT]),
    ("partNumber", &[Method::PUT]),
    ("restore", &[Method::POST]),
    ("tagging", &[Method::PUT, Method::DELETE]),
    ("uploadId", &CHANGES),
    ("uploads", &[Method::POST]),
    ("versioning", &[Method::PUT]),
    ("versionId", &CHANGES),
    ("x-id", &CHANGES),
];

/// Refuses a PUT, POST or DELETE with a parameter, of those named, that no served change understands.
///
/// *Errors*: `NotImplemented`, naming it.
pub(super) fn check<'a>(method: &Method, mut names: impl Iterator<Item = &'a str>) -> Answer<()> {
    if !CHANGES.contains(method) {
        return Ok(());
    }
    let is_understood = |name: &&str| {
        let mut understood = UNDERSTOOD.iter();
        let is_known = understood.any(|(known, methods)| known == name && methods.contains(method));
        is_known || name.starts_with("X-Amz-")
    };
    match names.find(|name| !is_understood(name)) {
        None => Ok(()),
        Some(name) => Err(Refusal::because(
            Code::NotImplemented,
            format!("A query parameter you provided implies functionality that is not implemented: {name}"),
        )),
    }
}
