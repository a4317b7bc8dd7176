use std::error::Error as StdError;

use super::*;

#[test]
fn display_prints_one_level_and_the_chain_carries_the_rest() {
    let below = Error::new(ErrorKind::NoEntropy, "draw random bytes");
    let above = Error::new(ErrorKind::Corrupt, "read account document").about("a.json").caused_by(below);

    assert_eq!(above.to_string(), "read account document \"a.json\": the document is damaged");
    let source = above.source().unwrap().to_string();
    assert_eq!(source, "draw random bytes: the operating system gave no random bytes");
}

#[test]
fn a_reason_replaces_the_general_sentence() {
    let error = Error::new(ErrorKind::InvalidArgument, "read role").because("expected ADMIN");
    assert_eq!(error.to_string(), "read role: expected ADMIN");
    assert_eq!(error.reason(), Some("expected ADMIN"));
}

#[test]
fn a_hostile_subject_is_shortened() {
    let error = Error::new(ErrorKind::UnknownClient, "look up client").about(&"й".repeat(100_000));
    assert!(error.to_string().chars().count() < SUBJECT_CHARS_MAX + 100);
}
