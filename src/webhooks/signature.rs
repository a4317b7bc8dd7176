//! The signature of what is sent: `v1=` and the HMAC-SHA256 (RFC 2104) in hex of the timestamp, a dot and the body,
//! keyed with the webhook's secret. The timestamp in it lets a receiver refuse what is old.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `x-artstore-signature`; `timestamp` is in seconds since 1970.
pub(super) fn sign(secret: &str, timestamp: u64, body: &[u8]) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}
