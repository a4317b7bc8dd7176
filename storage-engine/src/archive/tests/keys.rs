//! Keys that file systems, tools or the engine's own names could take amiss.

use super::{Fixture, caller, content, get, key, killed, names, put};
use crate::archive::{Archive, DeleteConditions};
use crate::name::{BucketName, ObjectKey};

/// Keys, each of which is another's neighbour: alike to a file system, an editor or a reader of sidecars.
fn keys() -> Vec<String> {
    let fixed = [
        "report",
        "report.attr.json",
        "report.attr.json.attr.json",
        "report.attr.ext.01234567.json",
        "report.tmp",
        "report.partial",
        "report ",
        "report  ",
        " report",
        "report.",
        "Report",
        "repo\u{301}rt",
        "repórt",
        "й",
        "и\u{306}",
        "a/b",
        "a/b/",
        "a//b",
        "a/./b",
        "a/../b",
        ".",
        "..",
        "../../escape",
        "element.json",
        "buckets/docs.json",
        ".artstore/wal/0000000000000001.log",
        "CON",
        "nul.txt",
        "line\nbreak",
        "tab\there",
        "\"quoted\"",
        "back\\slash",
        "-rf",
        "~",
        "*",
        "%2F",
        "\u{1}",
        "\u{202e}gpj",
        "\u{feff}bom",
    ];
    let lengths = [254, 255, 256, 257, 1023, 1024];
    let mut keys: Vec<String> = fixed.iter().map(ToString::to_string).collect();
    keys.extend(lengths.iter().map(|length| "n".repeat(*length)));
    keys.extend(lengths.iter().map(|length| format!("{}.attr.json", "m".repeat(length - 10))));
    keys.extend([199, 200, 201].iter().map(|letters| "Ж".repeat(*letters)));
    keys.extend(["ж".repeat(512), "𐍈".repeat(256), format!("{}/{}", "д".repeat(200), "ф".repeat(300))]);
    keys
}

fn sorted(keys: &[String]) -> Vec<String> {
    let mut sorted = keys.to_vec();
    sorted.sort();
    sorted
}

fn check(archive: &Archive, bucket: &BucketName, keys: &[String]) {
    assert_eq!(names(archive, bucket, "", None), sorted(keys));
    for (at, name) in keys.iter().enumerate() {
        assert_eq!(get(archive, bucket, name).unwrap(), content(100 + at, at as u8), "{name:?}");
    }
}

/// Each of these keys is an object of its own, listed and read as it was named: at once, after a kill, without a
/// catalog; and deleting half of them leaves the other half.
#[test]
fn keys_that_look_alike_are_kept_apart() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "owner").unwrap();
    let mut keys = keys();
    for (at, name) in keys.iter().enumerate() {
        put(&archive, &fixture.bucket, name, None, &content(100 + at, at as u8)).unwrap();
    }
    check(&archive, &fixture.bucket, &keys);
    let after = killed(&fixture);
    check(&after.open(), &after.bucket, &keys);
    remove_catalog(&after);
    let again = after.open();
    check(&again, &after.bucket, &keys);
    for name in keys.iter().skip(1).step_by(2) {
        again.delete(&caller(), &after.bucket, &key(name), None, &DeleteConditions::default()).unwrap();
    }
    let left: Vec<String> = keys.drain(..).step_by(2).collect();
    assert_eq!(names(&again, &after.bucket, "", None), sorted(&left));
    again.close().unwrap();
    drop(again);
    remove_catalog(&after);
    assert_eq!(names(&after.open(), &after.bucket, "", None), sorted(&left));
}

/// The longest key is 1,024 bytes, whatever its letters; one byte more is refused.
#[test]
fn a_key_is_bounded_in_bytes() {
    assert!(ObjectKey::parse(&"ж".repeat(512)).is_ok());
    assert!(ObjectKey::parse(&format!("{}a", "ж".repeat(512))).is_err());
}

#[expect(clippy::disallowed_methods, reason = "the test removes a file behind the engine's back")]
fn remove_catalog(fixture: &Fixture) {
    std::fs::remove_dir_all(fixture.folder.path().join("data/catalog")).unwrap();
}
