//! A change whose query is not understood is not made.
//!
//! s3s routes by the parameters that it knows and ignores the rest: `DELETE /bucket/key?retention` would
//! delete the object, `PUT /bucket/key?renameObject` would overwrite it.

use http::Method;

use crate::refusal::{Answer, Code, Refusal};

/// Parameters that the served changes understand, and those that say nothing about what to do.
const UNDERSTOOD: [&str; 7] = ["delete", "partNumber", "tagging", "uploadId", "uploads", "versionId", "x-id"];

/// Refuses a PUT, POST or DELETE with a parameter, of those named, that no served change understands.
///
/// *Errors*: `NotImplemented`, naming it.
pub(super) fn check<'a>(method: &Method, mut names: impl Iterator<Item = &'a str>) -> Answer<()> {
    if ![Method::PUT, Method::POST, Method::DELETE].contains(method) {
        return Ok(());
    }
    let is_understood = |name: &&str| UNDERSTOOD.contains(name) || name.starts_with("X-Amz-");
    match names.find(|name| !is_understood(name)) {
        None => Ok(()),
        Some(name) => Err(Refusal::because(
            Code::NotImplemented,
            format!("A query parameter you provided implies functionality that is not implemented: {name}"),
        )),
    }
}
