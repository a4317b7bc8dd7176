use std::collections::BTreeMap;

use super::*;

#[test]
fn text_has_the_length_and_only_the_alphabet() {
    for length in [0, 1, 63, 64, 65, 200] {
        let text = random_text(b"abc", length).unwrap();
        assert_eq!(text.len(), length);
        assert!(text.chars().all(|symbol| "abc".contains(symbol)));
    }
}

#[test]
fn every_symbol_is_about_equally_likely() {
    let text = random_text(b"abcde", 50_000).unwrap();
    let mut counts = BTreeMap::<char, usize>::new();
    for symbol in text.chars() {
        *counts.entry(symbol).or_default() += 1;
    }
    assert_eq!(counts.len(), 5);
    // 10,000 expected, standard deviation below 90; a modulo over a byte would pass, one over the
    // eight masked values would give 6,250 or 12,500.
    assert!(counts.values().all(|count| (9_100..=10_900).contains(count)), "{counts:?}");
}

#[test]
fn two_draws_differ() {
    assert_ne!(*random_bytes::<16>().unwrap(), *random_bytes::<16>().unwrap());
}
