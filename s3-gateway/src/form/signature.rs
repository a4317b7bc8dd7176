//! The signature of a form: Signature Version 4 over its policy (API page "Authenticating Requests in
//! Browser-Based Uploads Using POST").

use auth::{Accounts, Principal};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::fields::Fields;
use crate::guard::{Credential, Place, VERSION_4};
use crate::refusal::{Answer, Code, Refusal};

/// Length of `YYYYMMDD`.
const DATE_CHARS: usize = 8;

/// Verifies that the policy of a form is signed by the account that it names, and tells who that is.
///
/// *Errors*: `AccessDenied` for a form that is not signed, `InvalidRequest` for a signature of version 2,
/// `InvalidArgument` for what is missing, `AuthorizationQueryParametersError` for a credential of another
/// region or service, `InvalidAccessKeyId`, `SignatureDoesNotMatch`.
pub(super) fn verify(fields: &Fields, accounts: &Accounts, region: &str) -> Answer<Principal> {
    if fields.get("awsaccesskeyid").is_some() || fields.get("signature").is_some() {
        return Err(Refusal::version_2());
    }
    if fields.get("policy").is_none() && fields.get("x-amz-signature").is_none() {
        return Err(Refusal::new(Code::AccessDenied));
    }
    let algorithm = required(fields, "x-amz-algorithm")?;
    if algorithm != VERSION_4 {
        let message = format!("X-Amz-Algorithm only supports \"{VERSION_4}\"");
        return Err(Refusal::because(Code::InvalidArgument, message));
    }
    let credential = Credential::parse(required(fields, "x-amz-credential")?, region, Place::Form)?;
    let date_time = required(fields, "x-amz-date")?;
    if date_time.get(..DATE_CHARS) != Some(credential.date) {
        let message = "The date of x-amz-credential is not that of x-amz-date";
        return Err(Refusal::because(Code::InvalidArgument, message));
    }
    let signature = hex::decode(required(fields, "x-amz-signature")?);
    let signature = signature.map_err(|_| Refusal::new(Code::SignatureDoesNotMatch))?;
    let policy = required(fields, "policy")?;
    let (principal, secret) = accounts
        .authenticate_lookup(credential.access_key)
        .map_err(|_| Refusal::new(Code::InvalidAccessKeyId))?;
    let mut key = format!("AWS4{}", secret.reveal()).into_bytes();
    for part in [credential.date, region, "s3", "aws4_request"] {
        key = keyed(&key, part.as_bytes())?.finalize().into_bytes().to_vec();
    }
    keyed(&key, policy.as_bytes())?
        .verify_slice(&signature)
        .map_err(|_| Refusal::new(Code::SignatureDoesNotMatch))?;
    Ok(principal)
}

fn required<'a>(fields: &'a Fields, name: &str) -> Answer<&'a str> {
    fields.get(name).ok_or_else(|| {
        let message = format!("Bucket POST must contain a field named '{name}'.");
        Refusal::because(Code::InvalidArgument, message).with_element("ArgumentName", name)
    })
}

/// HMAC-SHA256 (RFC 2104) of `message`. It takes a key of any length, so that no key is refused.
fn keyed(key: &[u8], message: &[u8]) -> Answer<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Refusal::new(Code::InternalError))?;
    mac.update(message);
    Ok(mac)
}
