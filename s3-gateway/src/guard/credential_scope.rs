//! The scope that a signature is made for: this region, and S3.
//!
//! s3s takes any region, and a scope of `sts` lets a request do without a digest of its body.

use super::authorization::{Authorization, Place};
use crate::refusal::{Answer, Code, Refusal};

/// Checks `<access key>/<date>/<region>/s3/aws4_request`.
///
/// *Errors*: `AuthorizationHeaderMalformed` or, for a presigned URL, `AuthorizationQueryParametersError`;
/// both name the region that is right.
pub(super) fn check(authorization: &Authorization<'_>, region: &str) -> Answer<()> {
    let (code, start) = match authorization.place {
        Place::Header => (Code::AuthorizationHeaderMalformed, "The authorization header is malformed"),
        Place::Query => {
            (Code::AuthorizationQueryParametersError, "Error parsing the X-Amz-Credential parameter")
        }
    };
    // The access key comes first and may itself hold a slash, so the parts count from the end.
    let mut parts = authorization.credential.rsplit('/');
    let (terminator, service, named) = (parts.next(), parts.next(), parts.next());
    if parts.count() < 2 {
        let rule =
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"";
        return Err(Refusal::because(code, format!("{start}; {rule}")));
    }
    if terminator != Some("aws4_request") || service != Some("s3") {
        let found = service.unwrap_or_default();
        return Err(Refusal::because(
            code,
            format!("{start}; incorrect service \"{found}\". This endpoint belongs to \"s3\""),
        ));
    }
    if named != Some(region) {
        let found = named.unwrap_or_default();
        let message = format!("{start}; the region '{found}' is wrong; expecting '{region}'");
        return Err(Refusal::because(code, message).with_element("Region", region));
    }
    Ok(())
}
