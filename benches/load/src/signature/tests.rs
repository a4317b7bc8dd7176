use super::{Signed, Signer, percent_encoded, sha256_hex};
use crate::credentials::Credentials;

/// 2013-05-24T00:00:00Z, the moment of the examples in the API reference.
const MOMENT: u64 = 1_369_353_600;

fn check(query: &str, signature: &str) {
    let credentials = Credentials {
        access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    };
    let mut signer = Signer::new(credentials, "us-east-1", "examplebucket.s3.amazonaws.com");
    let payload = sha256_hex(b"");
    let request = Signed { method: "GET", path: "/", query, payload: &payload };
    let mut headers = String::new();
    signer.sign_at(MOMENT, &request, &mut headers);
    assert!(headers.ends_with(&format!("Signature={signature}\r\n")), "{headers}");
}

/// "Example: GET Bucket Lifecycle" of the API reference.
#[test]
fn the_example_with_one_parameter_is_signed_as_published() {
    check("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

/// "Example: Get Bucket (List Objects)" of the API reference.
#[test]
fn the_example_of_a_listing_is_signed_as_published() {
    check("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/// A continuation token goes through a query whatever it holds.
#[test]
fn reserved_characters_are_encoded() {
    assert_eq!(percent_encoded("a/b+c=ж~"), "a%2Fb%2Bc%3D%D0%B6~");
}
