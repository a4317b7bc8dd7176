//! Headers that a presigned URL carries in its query (API page "Authenticating Requests: Using Query
//! Parameters"): SDKs move `x-amz-*` headers there, where the signature covers them. s3s reads headers.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Query;
use crate::refusal::{Answer, Code, Refusal};

const PREFIX: &str = "x-amz-";

/// Whether a parameter is a header that was moved.
pub(super) fn is_one(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Puts the headers that the query carries among the headers. What describes a body is passed over: whoever
/// made the URL had none, and some SDKs put the checksum of no bytes there.
///
/// *Errors*: `InvalidArgument` for what no header can hold, and for a header that says another thing.
pub(super) fn take_back(query: &Query, headers: &mut HeaderMap) -> Answer<()> {
    for (name, value) in query.pairs().filter(|(name, _)| is_one(name) && !describes_a_body(name)) {
        let invalid =
            || Refusal::because(Code::InvalidArgument, format!("The parameter {name} is no header"));
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?;
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        match headers.get(&name) {
            Some(known) if *known != value => return Err(invalid()),
            Some(_) => {}
            None => {
                headers.insert(name, value);
            }
        }
    }
    Ok(())
}

fn describes_a_body(name: &str) -> bool {
    name.starts_with("x-amz-checksum-")
        || [
            "x-amz-sdk-checksum-algorithm",
            "x-amz-content-sha256",
            "x-amz-decoded-content-length",
            "x-amz-trailer",
        ]
        .contains(&name)
}
