use proptest::prelude::*;

use super::*;

#[test]
fn a_generated_id_reads_back() {
    let id = AccountId::generate(1_795_132_800_000).unwrap();
    assert_eq!(id.as_str().parse::<AccountId>().unwrap(), id);
    assert_eq!(id.as_str().len(), 36);
}

#[test]
fn ids_sort_by_creation_time() {
    let early = AccountId::generate(1_000).unwrap();
    let late = AccountId::generate(1_001).unwrap();
    assert!(early < late);
}

#[test]
fn two_ids_of_one_millisecond_differ() {
    assert_ne!(AccountId::generate(7).unwrap(), AccountId::generate(7).unwrap());
}

#[test]
fn only_the_canonical_form_of_version_7_is_read() {
    let refused = [
        "",
        "0199f0c0-0000-4000-8000-000000000000",
        "0199F0C0-0000-7000-8000-00000000000A",
        "0199f0c0000070008000000000000000",
        "{0199f0c0-0000-7000-8000-000000000000}",
        "0199f0c0-0000-7000-8000-000000000000\n",
        "../0199f0c0-0000-7000-8000-00000000000",
    ];
    for text in refused {
        let error = text.parse::<AccountId>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
    }
    assert!("0199f0c0-0000-7000-8000-00000000000a".parse::<AccountId>().is_ok());
}

proptest! {
    #[test]
    fn reading_never_panics_and_keeps_the_text(text in ".{0,60}") {
        if let Ok(id) = text.parse::<AccountId>() {
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
