//! A presigned URL lives at most seven days (API page "Authenticating Requests: Using Query Parameters").

use crate::refusal::{Answer, Code, Refusal};

/// Longest life of a presigned URL, in seconds.
const EXPIRES_SECONDS_MAX: i64 = 604_800;

/// Checks the value of `X-Amz-Expires`. s3s then compares it with the clock.
///
/// *Errors*: `AuthorizationQueryParametersError`.
pub(super) fn check(expires: &str) -> Answer<()> {
    let complaint = match expires.parse::<i64>() {
        Err(_) => "X-Amz-Expires should be a number",
        Ok(seconds) if seconds < 0 => "X-Amz-Expires must be non-negative",
        Ok(seconds) if seconds > EXPIRES_SECONDS_MAX => {
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
             less than 604800 seconds"
        }
        Ok(_) => return Ok(()),
    };
    Err(Refusal::because(Code::AuthorizationQueryParametersError, complaint))
}
