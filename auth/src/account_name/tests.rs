use proptest::prelude::*;

use super::*;

#[test]
fn names_of_the_stated_form_are_read() {
    for text in ["a", "0", "admin-service", "ivan.petrov_2", &"x".repeat(64)] {
        assert_eq!(text.parse::<AccountName>().unwrap().as_str(), text);
    }
}

#[test]
fn other_names_are_refused() {
    for text in ["", "-a", ".a", "_a", "Admin", "a b", "a/b", "а", "a\n", &"x".repeat(65)] {
        let error = text.parse::<AccountName>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
    }
}

proptest! {
    #[test]
    fn the_rule_is_the_regular_expression(text in "[a-z0-9][a-z0-9._-]{0,63}") {
        prop_assert!(text.parse::<AccountName>().is_ok());
    }

    #[test]
    fn reading_never_panics_and_keeps_the_text(text in ".{0,80}") {
        if let Ok(name) = text.parse::<AccountName>() {
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
