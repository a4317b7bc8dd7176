use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "0199f0c0-0000-7000-8000-00000000000a";
const OTHER_ACCOUNT: &str = "0199f0c0-0000-7000-8000-00000000000b";

fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn key(digit: &str) -> MasterKey {
    MasterKey::from_text(&digit.repeat(64)).unwrap()
}

fn check_refused(text: &str, reason: &str) {
    let error = MasterKey::from_text(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidMasterKey, "{text:?}");
    assert_eq!(error.reason().unwrap(), reason, "{text:?}");
}

#[test]
fn the_text_form_reads_back() {
    let key = MasterKey::generate().unwrap();
    let text = key.to_text();
    assert!(text.ends_with('\n'));
    assert_eq!(*MasterKey::from_text(&text).unwrap().bytes, *key.bytes);
    assert_ne!(MasterKey::generate().unwrap().id(), key.id());
}

#[test]
fn a_bare_line_in_either_case_and_with_dos_line_ends_is_a_key() {
    let lower = MasterKey::from_text(&"ab".repeat(32)).unwrap();
    let upper = MasterKey::from_text(&format!("# mine\r\n\r\n {} \r\n", "AB".repeat(32))).unwrap();
    assert_eq!(*lower.bytes, *upper.bytes);
}

#[test]
fn a_text_that_is_no_key_is_refused_with_what_is_wrong() {
    check_refused("", "the text holds no key; expected one line of 64 hex digits");
    check_refused("# only a comment\n", "the text holds no key; expected one line of 64 hex digits");
    check_refused("abcd", "expected 64 hex digits, found 4");
    check_refused(&"a".repeat(63), "expected 64 hex digits, found 63");
    check_refused(&"a".repeat(66), "expected 64 hex digits, found 66");
    check_refused(&format!("aag{}", "a".repeat(61)), "character 3 of the key is not a hex digit");
    check_refused("aa\nbb", "the text holds more than one line; expected one key of 64 hex digits");
}

#[test]
fn the_key_id_is_the_head_of_the_sha256_of_the_key() {
    // printf '%064d' 0 | xxd -r -p | sha256sum
    assert_eq!(key("0").id().to_string(), "66687aad");
}

#[test]
fn another_key_is_named_beside_the_expected_one() {
    let sealed = key("0").seal(&ClientSecret::generate().unwrap(), &account(ACCOUNT)).unwrap();
    let error = key("1").open(&sealed, &account(ACCOUNT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongMasterKey);
    let present = key("1").id().to_string();
    assert!(error.to_string().contains("66687aad") && error.to_string().contains(&present), "{error}");
}

#[test]
fn a_forged_key_id_does_not_make_another_key_open() {
    let mut sealed = key("0").seal(&ClientSecret::generate().unwrap(), &account(ACCOUNT)).unwrap();
    sealed.key_id = key("1").id();
    assert_eq!(key("1").open(&sealed, &account(ACCOUNT)).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_secret_moved_to_another_account_does_not_open() {
    let sealed = key("0").seal(&ClientSecret::generate().unwrap(), &account(ACCOUNT)).unwrap();
    let error = key("0").open(&sealed, &account(OTHER_ACCOUNT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn sealing_twice_never_gives_the_same_bytes() {
    let secret = ClientSecret::generate().unwrap();
    let first = key("0").seal(&secret, &account(ACCOUNT)).unwrap();
    let second = key("0").seal(&secret, &account(ACCOUNT)).unwrap();
    assert_ne!(first.nonce, second.nonce);
    assert_ne!(first.ciphertext, second.ciphertext);
}

#[test]
fn debug_shows_neither_key_nor_ciphertext() {
    let master_key = MasterKey::from_text(&"5a".repeat(32)).unwrap();
    let sealed = master_key.seal(&ClientSecret::generate().unwrap(), &account(ACCOUNT)).unwrap();
    let shown = format!("{master_key:?} {sealed:?}");
    let id = master_key.id();
    let expected = format!(
        "MasterKey {{ id: KeyId({id}), .. }} \
         SealedSecret {{ algorithm: XChaCha20Poly1305, key_id: KeyId({id}), .. }}"
    );
    assert_eq!(shown, expected);
}

#[test]
fn the_json_form_is_the_documented_one() {
    let sealed = key("0").seal(&"correct-horse".parse().unwrap(), &account(ACCOUNT)).unwrap();
    let json = serde_json::to_value(&sealed).unwrap();
    assert_eq!(json["algorithm"], "xchacha20poly1305");
    assert_eq!(json["key_id"], "66687aad");
    assert_eq!(json["nonce"].as_str().unwrap().len(), 48);
    assert_eq!(json["ciphertext"].as_str().unwrap().len(), 2 * ("correct-horse".len() + 16));
    assert_eq!(serde_json::from_value::<SealedSecret>(json).unwrap(), sealed);
}

proptest! {
    #[test]
    fn what_was_sealed_opens(secret in "[!-~]{12,128}") {
        let secret: ClientSecret = secret.parse().unwrap();
        let sealed = key("7").seal(&secret, &account(ACCOUNT)).unwrap();
        prop_assert_eq!(key("7").open(&sealed, &account(ACCOUNT)).unwrap(), secret);
    }

    #[test]
    fn one_changed_bit_is_refused(secret in "[!-~]{12,40}", byte in any::<prop::sample::Index>(), bit in 0..8) {
        let mut sealed = key("7").seal(&secret.parse().unwrap(), &account(ACCOUNT)).unwrap();
        let nonce_or_ciphertext = byte.index(NONCE_BYTES + sealed.ciphertext.len());
        match nonce_or_ciphertext.checked_sub(NONCE_BYTES) {
            None => sealed.nonce[nonce_or_ciphertext] ^= 1_u8 << bit,
            Some(position) => sealed.ciphertext[position] ^= 1_u8 << bit,
        }
        let error = key("7").open(&sealed, &account(ACCOUNT)).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_shortened_ciphertext_is_refused(kept in 0_usize..28) {
        let mut sealed = key("7").seal(&"correct-horse".parse().unwrap(), &account(ACCOUNT)).unwrap();
        sealed.ciphertext.truncate(kept);
        let error = key("7").open(&sealed, &account(ACCOUNT)).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn reading_never_panics(text in "(?s).{0,200}") {
        if let Err(error) = MasterKey::from_text(&text) {
            prop_assert_eq!(error.kind(), ErrorKind::InvalidMasterKey);
        }
    }
}
