//! Names keep their invariants, whatever people call their documents.

use proptest::prelude::*;
use uuid::Uuid;

use super::{BucketName, ElementName, ObjectKey, StoredName, StoredPath, VersionId};
use crate::ErrorKind;

const CREATED_MS: u64 = 1_795_174_200_123;
const LONGEST_SUFFIX: &str = ".attr.ext.a1b2c3d4.json";

fn id() -> Uuid {
    Uuid::parse_str("019a0000-1111-7222-8333-4444a1b2c3d4").unwrap()
}

fn stored(original: &str) -> String {
    StoredName::make(original, "ivanov", CREATED_MS, id()).as_str().to_owned()
}

/// What holds for every stored name.
fn check_stored(name: &str) {
    assert!(name.chars().count() <= 200, "{} characters: {name}", name.chars().count());
    assert!(name.len() + LONGEST_SUFFIX.len() <= 255, "{} bytes: {name}", name.len());
    assert!(!name.is_empty() && name != "." && name != "..");
    assert!(!name.contains(['/', '\0']) && !name.chars().any(char::is_control), "{name:?}");
    assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
    let path = StoredPath::new(CREATED_MS, &StoredName::make(name, "x", CREATED_MS, id()));
    assert_eq!(StoredPath::parse(path.data()).unwrap(), path, "what is made can be read");
}

#[test]
fn a_stored_name_says_what_who_and_when() {
    assert_eq!(stored("report.pdf"), "report_ivanov_20261120T113000_a1b2c3d4.pdf");
    assert_eq!(stored("Отчёт за год.docx"), "Отчёт за год_ivanov_20261120T113000_a1b2c3d4.docx");
    assert_eq!(stored("archive.tar.gz"), "archive.tar_ivanov_20261120T113000_a1b2c3d4.gz");
    assert_eq!(stored("Makefile"), "Makefile_ivanov_20261120T113000_a1b2c3d4");
}

#[test]
fn nothing_of_a_name_is_kept_that_hurts() {
    let tail = "_ivanov_20261120T113000_a1b2c3d4";
    for (original, expected) in [
        ("", format!("unnamed{tail}")),
        (".", format!("unnamed{tail}")),
        ("..", format!("unnamed{tail}")),
        ("...", format!("unnamed{tail}")),
        (" ", format!("unnamed{tail}")),
        (".bashrc", format!("bashrc{tail}")),
        ("-rf", format!("rf{tail}")),
        ("../../etc/passwd", format!("_.._etc_passwd{tail}")),
        ("a\nb\u{7}c.txt", format!("a_b_c{tail}.txt")),
        ("trailing blank ", format!("trailing blank{tail}")),
        ("ends with a dot.", format!("ends with a dot{tail}")),
        ("gpj.\u{202e}exe", format!("gpj._exe{tail}")),
        ("$(reboot) `x`.sh", format!("_(reboot) _x_{tail}.sh")),
        ("a.very-long extension", format!("a.very-long extension{tail}")),
        ("a.abcdefghijklmnopq", format!("a.abcdefghijklmnopq{tail}")),
    ] {
        assert_eq!(stored(original), expected, "{original:?}");
        check_stored(&stored(original));
    }
}

/// A document's own name never makes its data file look like one of ours.
#[test]
fn endings_of_ours_are_taken_apart() {
    for original in ["a.attr.json", "a.tmp", "a.attr.ext.a1b2c3d4.json", ".attr.json", "a.attr.json "] {
        let name = stored(original);
        assert!(!name.ends_with(".attr.json") && !name.contains(".attr.ext.a1b2c3d4.json"), "{name}");
        check_stored(&name);
    }
}

/// A name that consists of two-byte letters is cut in its stem alone, and keeps its extension.
#[test]
fn two_hundred_cyrillic_letters_are_cut_to_fit() {
    let name = stored(&format!("{}.pdf", "Ж".repeat(200)));
    check_stored(&name);
    let stem = name.strip_suffix("_ivanov_20261120T113000_a1b2c3d4.pdf").expect(&name);
    assert!(stem.chars().all(|character| character == 'Ж'));
    assert!(name.len() + LONGEST_SUFFIX.len() >= 254, "no more is cut than must be: {}", name.len());
}

#[test]
fn a_latin_name_is_cut_at_two_hundred_characters() {
    for length in 100..300 {
        let name = stored(&format!("{}.pdf", "n".repeat(length)));
        check_stored(&name);
        assert_eq!(name.len(), (length + "_ivanov_20261120T113000_a1b2c3d4.pdf".len()).min(200));
        assert!(name.ends_with(".pdf"));
    }
    assert_eq!(stored(&"n".repeat(400)).len(), 200);
}

/// The two Unicode forms of one name stay apart: the archive changes no letter.
#[test]
fn composed_and_decomposed_names_are_not_mixed_up() {
    assert_ne!(stored("\u{439}"), stored("\u{438}\u{306}"));
}

#[test]
fn simultaneous_uploads_of_one_name_are_kept_apart() {
    let other = Uuid::parse_str("019a0000-1111-7222-8333-4444a1b2c3d5").unwrap();
    assert_ne!(stored("a"), StoredName::make("a", "ivanov", CREATED_MS, other).as_str());
}

#[test]
fn a_time_beyond_all_calendars_still_makes_a_path() {
    for created_ms in [0, u64::MAX, 253_402_300_799_999, 253_402_300_800_000] {
        let path = StoredPath::new(created_ms, &StoredName::make("a", "u", created_ms, id()));
        assert_eq!(StoredPath::parse(path.data()).unwrap(), path);
    }
}

proptest! {
    #[test]
    fn every_stored_name_fits(
        original in "\\PC{0,400}",
        user in "\\PC{0,60}",
        created_ms in any::<u64>(),
        id in any::<u128>(),
    ) {
        check_stored(StoredName::make(&original, &user, created_ms, Uuid::from_u128(id)).as_str());
    }

    #[test]
    fn any_text_at_all_makes_a_stored_name(original in any::<String>(), user in any::<String>()) {
        check_stored(StoredName::make(&original, &user, CREATED_MS, id()).as_str());
    }

    #[test]
    fn wide_letters_fit_too(letters in 0..400_usize, extension in "\\p{Cyrillic}{1,16}", user in "𐍈{0,40}") {
        let name = StoredName::make(
            &format!("{}.{extension}", "𐍈".repeat(letters)), &user, CREATED_MS, id());
        check_stored(name.as_str());
    }

    #[test]
    fn a_short_extension_is_kept(stem in "[a-zа-я ]{1,300}", extension in "[a-zA-Z0-9]{1,16}") {
        let suffix = format!(".{extension}");
        let name = stored(&format!("x{stem}x{suffix}"));
        prop_assert!(name.ends_with(&suffix));
        check_stored(&name);
    }

    #[test]
    fn a_stored_path_is_refused_or_stays_in_its_hour(text in "[0-9/.a-z]{0,40}") {
        if let Ok(path) = StoredPath::parse(&text) {
            prop_assert_eq!(path.data(), &text);
            prop_assert_eq!(text.matches('/').count(), 4);
            prop_assert!(text.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
        }
    }

    #[test]
    fn version_ids_are_read_back(seq in any::<u64>(), nonce in any::<u64>()) {
        let id = VersionId::Unique { seq, nonce };
        prop_assert_eq!(VersionId::parse(&id.to_string()).unwrap(), id);
    }

    #[test]
    fn version_ids_sort_as_their_text(left in any::<(u64, u64)>(), right in any::<(u64, u64)>()) {
        let id = |(seq, nonce)| VersionId::Unique { seq, nonce };
        let (left, right) = (id(left), id(right));
        prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        for refused in [
            VersionId::parse(&text).err().map(|error| error.kind()),
            BucketName::parse(&text).err().map(|error| error.kind()),
            ElementName::parse(&text).err().map(|error| error.kind()),
            StoredPath::parse(&text).err().map(|error| error.kind()),
        ] {
            prop_assert!(refused != Some(ErrorKind::Io));
        }
    }
}

#[test]
fn a_stored_path_leads_nowhere_else() {
    let good = StoredPath::parse("2026/11/20/11/report_x_20261120T113000_a1b2c3d4.pdf").unwrap();
    assert_eq!(good.hour(), "2026/11/20/11");
    assert_eq!(good.name(), "report_x_20261120T113000_a1b2c3d4.pdf");
    assert_eq!(good.sidecar(), format!("{}.attr.json", good.data()));
    let long = format!("2026/11/20/11/{}", "n".repeat(256));
    for bad in [
        "",
        "report.pdf",
        "2026/11/20/11",
        "2026/11/20/11/",
        "2026/11/20/11/.",
        "2026/11/20/11/..",
        "2026/11/20/11/../../../../../etc/passwd",
        "2026/11/20/11/a/b",
        "2026/11/20/11//a",
        "2026/11/20/11/nul\0",
        "/026/11/20/11/a",
        "../../../../../a",
        "2026/../20/11/a",
        "2026-11-20-11-a",
        "2026/11/20/1ä/a",
        "202６/11/20/11/a",
        "2026/11/20/11\\a",
        long.as_str(),
    ] {
        assert_eq!(StoredPath::parse(bad).unwrap_err().kind(), ErrorKind::Corrupt, "{bad:?}");
        assert!(serde_json::from_value::<StoredPath>(bad.into()).is_err(), "{bad:?}");
    }
}

/// The rules of the S3 page "General purpose bucket naming rules".
#[test]
fn bucket_names_follow_the_rules_of_s3() {
    let longest = "b".repeat(63);
    for good in ["abc", "123", "my-bucket", "my.bucket.1", "a-b.c-d", "1.2.3.4.5", "256.1.1.1", &longest] {
        assert_eq!(BucketName::parse(good).expect(good).as_str(), good);
    }
    let too_long = "b".repeat(64);
    for bad in [
        "",
        "ab",
        &too_long,
        "Bucket",
        "my_bucket",
        "my bucket",
        "bücket",
        "-bucket",
        "bucket-",
        ".bucket",
        "bucket.",
        "my..bucket",
        "192.168.5.4",
        "0.0.0.0",
        "xn--bucket",
        "sthree-bucket",
        "sthree-configurator",
        "amzn-s3-demo-bucket",
        "bucket-s3alias",
        "bucket--ol-s3",
        "bucket.mrap",
        "bucket--x-s3",
        "bucket--table-s3",
        "a/b",
        "../etc",
        "abc\n",
    ] {
        assert_eq!(BucketName::parse(bad).unwrap_err().kind(), ErrorKind::InvalidBucketName, "{bad:?}");
        assert!(serde_json::from_value::<BucketName>(bad.into()).is_err(), "{bad:?}");
    }
}

#[test]
fn element_names_are_plain() {
    let longest = "e".repeat(64);
    for good in ["e", "edit-01", "0", &longest] {
        assert_eq!(ElementName::parse(good).expect(good).as_str(), good);
    }
    let too_long = "e".repeat(65);
    for bad in ["", "-e", "e-", "E", "e_1", "e.1", "../e", "e/f", "é", &too_long] {
        assert_eq!(ElementName::parse(bad).unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad:?}");
    }
}

/// A key is counted in bytes of UTF-8, and its characters are nobody's business.
#[test]
fn keys_have_at_most_1024_bytes() {
    let (latin, cyrillic) = ("k".repeat(1024), "к".repeat(512));
    for good in ["a", "/", "//", "a/../b", ".", "..", "a\u{0}\n\u{7f}", " ", "a/", &latin, &cyrillic] {
        assert_eq!(ObjectKey::parse(good).expect(good).as_str(), good);
    }
    for bad in ["k".repeat(1025), "к".repeat(512) + "k"] {
        assert_eq!(ObjectKey::parse(&bad).unwrap_err().kind(), ErrorKind::KeyTooLong);
    }
    assert_eq!(ObjectKey::parse("").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn the_last_segment_is_what_a_person_called_it() {
    for (key, last) in
        [("a", "a"), ("x/y/report.pdf", "report.pdf"), ("folder/", ""), ("/", ""), ("a//b", "b")]
    {
        assert_eq!(ObjectKey::parse(key).unwrap().last_segment(), last);
    }
}

/// S3 lists keys in the order of their UTF-8 bytes.
#[test]
fn keys_sort_by_bytes() {
    let key = |text: &str| ObjectKey::parse(text).unwrap();
    assert!(key("B") < key("a") && key("a") < key("a/") && key("z") < key("é") && key("\u{ffff}") < key("𐍈"));
}

#[test]
fn version_ids_have_one_form() {
    let id = VersionId::Unique { seq: 0x1f, nonce: 1 };
    assert_eq!(id.to_string(), "000000000000001f0000000000000001");
    assert!(VersionId::parse("null").unwrap().is_null() && !id.is_null());
    assert_eq!(VersionId::Null.to_string(), "null");
    for bad in [
        "",
        "Null",
        "000000000000001F0000000000000001",
        "000000000000001f000000000000001",
        "000000000000001f00000000000000011",
        "+00000000000001f0000000000000001",
        "0x0000000000001f0000000000000001",
        " 00000000000001f0000000000000001",
        "é00000000000001f000000000000001",
    ] {
        assert_eq!(VersionId::parse(bad).unwrap_err().kind(), ErrorKind::InvalidVersionId, "{bad:?}");
    }
}

/// A document that comes to an element has a path that no other placement of it had; only the digits change.
#[test]
fn each_placement_has_a_path_of_its_own() {
    let id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_a1b2_c3d4);
    for original in ["report.pdf", "report", "a_b.tar.gz", ".hidden", "имя.с.точками", "x.y_z"] {
        let name = StoredName::make(original, "ivanov", 1_795_174_200_000, id);
        let path = StoredPath::new(1_795_174_200_000, &name);
        let moved = path.for_placement(1_795_177_800_000, 0x5_0000_00ff);
        assert_eq!(moved.name(), path.name().replace("a1b2c3d4", "000000ff"), "{original}");
        assert_eq!(moved.hour(), "2026/11/20/12");
        assert!(StoredName::is_shaped(moved.name()));
        assert_ne!(moved.for_placement(1_795_177_800_000, 0x100), moved);
    }
}
