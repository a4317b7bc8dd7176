use proptest::prelude::*;

use super::*;

#[test]
fn a_generated_secret_is_long_and_fresh() {
    let secret = ClientSecret::generate().unwrap();
    assert_eq!(secret.reveal().len(), 40);
    assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_ne!(secret, ClientSecret::generate().unwrap());
}

#[test]
fn a_given_secret_is_checked_and_never_repeated() {
    assert!("correct-horse".parse::<ClientSecret>().is_ok());
    assert!("!".repeat(128).parse::<ClientSecret>().is_ok());
    for text in ["", "elevenchars", "with a space inside", "тайна-тайна-тайна", "line\nbreak-here"]
    {
        let error = text.parse::<ClientSecret>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(text.is_empty() || !format!("{error} {error:?}").contains(text), "{text:?}");
    }
    assert!("x".repeat(129).parse::<ClientSecret>().is_err());
}

#[test]
fn only_the_same_text_matches() {
    let secret: ClientSecret = "correct-horse".parse().unwrap();
    assert!(secret.matches("correct-horse"));
    for other in ["correct-hors", "correct-horsf", "correct-horse ", ""] {
        assert!(!secret.matches(other), "{other:?}");
    }
}

#[test]
fn debug_shows_nothing_of_the_secret() {
    let secret: ClientSecret = "correct-horse".parse().unwrap();
    assert_eq!(format!("{secret:?}"), "ClientSecret(redacted)");
}

proptest! {
    #[test]
    fn reading_never_panics_and_keeps_the_text(text in ".{0,140}") {
        if let Ok(secret) = text.parse::<ClientSecret>() {
            prop_assert_eq!(secret.reveal(), text);
        }
    }
}
