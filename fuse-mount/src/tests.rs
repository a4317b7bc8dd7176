//! Names and segments, both ways.

use proptest::prelude::*;

use crate::name::{EntryName, Meaning, NAME_BYTES_MAX, NameFault};

/// Segments of every kind: ordinary, forbidden to file systems, near the longest name, and what looks like a marked name.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zа-я0-9 ._%-]{0,20}",
        "[.%\u{0}~a]{0,4}",
        "~artstore~(name|file|long|longfile)~[%0-9a-f~]{0,70}",
        ("[aя%\u{0}]", 60..300_usize).prop_map(|(text, count)| text.repeat(count)),
        ("~artstore~", "[bя]{200,250}").prop_map(|(mark, rest)| format!("{mark}{rest}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Every segment has a name that a file system takes and that means this segment alone, as a folder or beside one.
    #[test]
    fn every_segment_has_a_name(one in segment(), other in segment()) {
        for (of, is_file) in [(EntryName::of as fn(&str) -> EntryName, false), (EntryName::of_file_beside_folder, true)] {
            let name = of(&one);
            let text = name.as_str();
            prop_assert!((1..=NAME_BYTES_MAX).contains(&text.len()), "{text:?}");
            prop_assert!(!matches!(text, "." | "..") && !text.contains(['/', '\0']), "{text:?}");
            prop_assert_eq!(EntryName::parse(text.as_bytes()), Ok(name.clone()));
            match name.meaning().unwrap() {
                Meaning::Segment(found) => prop_assert_eq!((found, false), (one.clone(), is_file)),
                Meaning::File(found) => prop_assert_eq!((found, true), (one.clone(), is_file)),
                Meaning::Long { start, is_file: found } => {
                    prop_assert!(one.starts_with(&start) && !start.is_empty());
                    prop_assert_eq!(found, is_file);
                }
            }
            prop_assert_eq!(of(&other) == name, one == other);
        }
        prop_assert_ne!(EntryName::of(&one), EntryName::of_file_beside_folder(&other));
    }

    /// A name from outside means a segment that has this name, or is refused.
    #[test]
    fn every_name_means_one_segment(bytes in prop_oneof![
        segment().prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..300),
    ]) {
        match EntryName::parse(&bytes) {
            Err(NameFault::TooLong) => prop_assert!(bytes.len() > NAME_BYTES_MAX),
            Err(NameFault::Unknown) => prop_assert!(bytes.len() <= NAME_BYTES_MAX),
            Ok(name) => match name.meaning().unwrap() {
                Meaning::Segment(segment) => prop_assert_eq!(EntryName::of(&segment), name),
                Meaning::File(segment) => prop_assert_eq!(EntryName::of_file_beside_folder(&segment), name),
                Meaning::Long { .. } => prop_assert!(!name.is_plain()),
            },
        }
    }
}

/// The names of docs, as they are.
#[test]
fn names_are_as_documented() {
    let of = |segment: &str| EntryName::of(segment).to_string();
    assert_eq!(of("отчёт 100%.pdf"), "отчёт 100%.pdf");
    assert_eq!([of(""), of("."), of("..")], ["~artstore~name~", "~artstore~name~.", "~artstore~name~.."]);
    assert_eq!(of("a\0%"), "~artstore~name~a%00%25");
    assert_eq!(of("~artstore~x"), "~artstore~name~~artstore~x");
    assert_eq!(EntryName::of_file_beside_folder("docs").as_str(), "~artstore~file~docs");
    let long = of(&"я".repeat(128));
    assert!(long.starts_with("~artstore~long~") && long.len() > NAME_BYTES_MAX - 4, "{long}");
    for unknown in ["~artstore~", "~artstore~name~plain", "~artstore~name~%41", "~artstore~long~12~a"] {
        assert_eq!(EntryName::parse(unknown.as_bytes()), Err(NameFault::Unknown), "{unknown}");
    }
}
