//! Signature Version 4, written from the API pages and independent of what is tested.

use sha2::{Digest as _, Sha256};
use storage_engine::clock::{Clock as _, SystemClock};
use time::OffsetDateTime;
use time::macros::format_description;

/// An access key and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The scope and time of a signature.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) date_time: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    pub(crate) fn now() -> Self {
        let seconds = i64::try_from(SystemClock.now_ms() / 1000).expect("a time of this age");
        let now = OffsetDateTime::from_unix_timestamp(seconds).expect("a time of this age");
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        Self {
            date_time: now.format(form).expect("a date"),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", &self.date_time[..8], self.region, self.service)
    }
}

impl Key {
    /// Signs a string in the form that all uses share.
    pub(crate) fn sign(&self, scope: &Scope, algorithm: &str, lines: &str) -> String {
        let to_sign = format!("{algorithm}\n{}\n{}\n{lines}", scope.date_time, scope.text());
        self.sign_text(scope, &to_sign)
    }

    /// Signs a text as it is: the policy of a form.
    pub(crate) fn sign_text(&self, scope: &Scope, text: &str) -> String {
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [&scope.date_time[..8], &scope.region, &scope.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes()).to_vec();
        }
        hex::encode(hmac(&key, text.as_bytes()))
    }

    /// Signs a canonical request.
    pub(crate) fn sign_request(&self, scope: &Scope, canonical: &str) -> String {
        self.sign(scope, "AWS4-HMAC-SHA256", &sha256(canonical.as_bytes()))
    }

    /// Signs a chunk of a streamed body.
    pub(crate) fn sign_chunk(&self, scope: &Scope, before: &str, data: &[u8]) -> String {
        let lines = format!("{before}\n{}\n{}", sha256(b""), sha256(data));
        self.sign(scope, "AWS4-HMAC-SHA256-PAYLOAD", &lines)
    }

    /// Signs the trailer of a streamed body.
    pub(crate) fn sign_trailer(&self, scope: &Scope, before: &str, trailer: &str) -> String {
        let lines = format!("{before}\n{}", sha256(trailer.as_bytes()));
        self.sign(scope, "AWS4-HMAC-SHA256-TRAILER", &lines)
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.map(|key| key ^ byte);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// Percent-encodes all but unreserved characters, and the slash where it is kept.
pub(crate) fn encode(text: &str, keeps_slash: bool) -> String {
    text.bytes().fold(String::new(), |encoded, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            encoded + &char::from(byte).to_string()
        }
        b'/' if keeps_slash => encoded + "/",
        _ => format!("{encoded}%{byte:02X}"),
    })
}

#[test]
fn the_signature_of_the_documented_example_is_the_documented_one() {
    // API page "Signature Calculations for the Authorization Header", example "GET Object".
    let key = Key {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    };
    let scope = Scope {
        date_time: "20130524T000000Z".to_owned(),
        region: "us-east-1".to_owned(),
        service: "s3".to_owned(),
    };
    let empty = sha256(b"");
    let canonical = format!(
        "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\nx-amz-content-sha256:{empty}\n\
         x-amz-date:20130524T000000Z\n\nhost;range;x-amz-content-sha256;x-amz-date\n{empty}"
    );
    let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    assert_eq!(key.sign_request(&scope, &canonical), expected);
}
