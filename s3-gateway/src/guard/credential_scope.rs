//! The scope that a signature is made for: this region, and S3.
//!
//! s3s takes any region, and a scope of `sts` lets a request do without a digest of its body.

use super::authorization::{Authorization, Place};
use crate::refusal::{Answer, Code, Refusal};

/// What a credential says, once its region and service are the right ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    /// The access key.
    pub(crate) access_key: &'a str,
    /// The day of the signing key, `YYYYMMDD`.
    pub(crate) date: &'a str,
}

/// Checks the scope of a request's signature.
///
/// *Errors*: those of [`Credential::parse`].
pub(super) fn check(authorization: &Authorization<'_>, region: &str) -> Answer<()> {
    Credential::parse(authorization.credential, region, authorization.place).map(drop)
}

impl<'a> Credential<'a> {
    /// Reads `<access key>/<date>/<region>/s3/aws4_request`.
    ///
    /// *Errors*: by its place `AuthorizationHeaderMalformed`, `AuthorizationQueryParametersError` or
    /// `InvalidArgument`; a wrong region brings the right one.
    pub(crate) fn parse(text: &'a str, region: &str, place: Place) -> Answer<Self> {
        let (code, start) = match place {
            Place::Header => (Code::AuthorizationHeaderMalformed, "The authorization header is malformed"),
            Place::Query => {
                (Code::AuthorizationQueryParametersError, "Error parsing the X-Amz-Credential parameter")
            }
            Place::Form => (Code::InvalidArgument, "Error parsing the x-amz-credential field"),
        };
        // The access key comes first and may itself hold a slash, so the parts count from the end.
        let mut parts = text.rsplitn(5, '/');
        let (terminator, service, named) = (parts.next(), parts.next(), parts.next());
        let (Some(date), Some(access_key)) = (parts.next(), parts.next()) else {
            let rule = "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"";
            return Err(Refusal::because(code, format!("{start}; {rule}")));
        };
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
        Ok(Self { access_key, date })
    }
}
