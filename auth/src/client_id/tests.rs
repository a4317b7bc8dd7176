use proptest::prelude::*;

use super::*;

#[test]
fn a_generated_id_has_the_length_of_an_access_key() {
    let id = ClientId::generate().unwrap();
    assert_eq!(id.as_str().len(), 20);
    let random = id.as_str().strip_prefix("AS").unwrap();
    assert!(random.bytes().all(|byte| BASE32.contains(&byte)), "{id}");
    assert_ne!(id, ClientId::generate().unwrap());
}

#[test]
fn a_given_id_is_checked() {
    for text in ["abc", "admin-service", "AKIAIOSFODNN7EXAMPLE", &"x".repeat(128)] {
        assert_eq!(text.parse::<ClientId>().unwrap().as_str(), text);
    }
    for text in ["", "ab", "a/b/c", "a b c", "abc\n", "клиент", &"x".repeat(129)] {
        let error = text.parse::<ClientId>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_keeps_the_text(text in ".{0,140}") {
        if let Ok(id) = text.parse::<ClientId>() {
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
