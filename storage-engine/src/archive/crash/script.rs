//! The steps that suites run, and the scripts made of them.

use crate::archive::bucket::Versioning;
use crate::mode::Mode;

/// The bucket that objects of scripts are in.
pub(super) const BUCKET: &str = "archive";

/// What an archive target is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept {
    InFolder,
    InBucket,
}

/// One call of a client.
#[derive(Clone, Debug)]
pub(super) enum Step {
    CreateBucket(&'static str),
    DeleteBucket(&'static str),
    Put {
        key: &'static str,
        size: usize,
        fill: u8,
        note: usize,
        class: Option<&'static str>,
    },
    Delete {
        key: &'static str,
    },
    SetVersioning(Versioning),
    /// Lets objects expire after so many days; `None` takes the lifecycle away.
    SetLifecycle(Option<u32>),
    /// Deletes the version at a place from the newest.
    DeleteVersion {
        key: &'static str,
        nth: usize,
    },
    /// Annotates the version at a place from the newest.
    AnnotateVersion {
        key: &'static str,
        nth: usize,
        fill: u8,
        note: usize,
    },
    Copy {
        from: &'static str,
        key: &'static str,
        class: Option<&'static str>,
    },
    Annotate {
        key: &'static str,
        fill: u8,
        note: usize,
    },
    /// Moves the current object to an element of this mode.
    Transfer {
        key: &'static str,
        to: Mode,
    },
    /// Makes the element of mode ar, with its target.
    MakeShelf(Kept),
    /// Disposes of the current object.
    Dispose {
        key: &'static str,
    },
    /// Gives an element a target of its own.
    SetTarget {
        element: &'static str,
        kept: Kept,
    },
    /// Stores what is to be archived, and releases it.
    Archive,
    /// Asks for the bytes of the current object for a day.
    Restore {
        key: &'static str,
    },
    /// Brings the bytes that have been asked for.
    Recall,
    /// Lets the days of all restored copies go by, and removes them.
    Expire,
    /// Moves an element on to this mode.
    SetMode {
        element: &'static str,
        to: Mode,
    },
    CreateUpload {
        key: &'static str,
    },
    PutPart {
        key: &'static str,
        number: u16,
        size: usize,
        fill: u8,
    },
    CopyPart {
        from: &'static str,
        span: (usize, usize),
        key: &'static str,
        number: u16,
    },
    Complete {
        key: &'static str,
    },
    Abort {
        key: &'static str,
    },
    PutControl {
        name: &'static str,
        size: usize,
        fill: u8,
    },
    RemoveControl {
        name: &'static str,
    },
    /// Sets the clock forward, or back.
    MoveClock {
        hours: i64,
    },
    /// A clean stop and start.
    Reopen,
}

const SMALL: usize = 700;
/// Above what rides in the log record: staged, with block digests of two blocks.
const LARGE: usize = 70_000;
/// Above what a sidecar holds.
const LONG_NOTE: usize = 4000;

const fn put(key: &'static str, size: usize, fill: u8) -> Step {
    Step::Put { key, size, fill, note: 10, class: None }
}

/// What an archive holds before a script begins: every kind of object, for the script to overwrite.
pub(super) fn before() -> Vec<Step> {
    vec![
        Step::CreateBucket(BUCKET),
        Step::CreateBucket("empty"),
        put("kept", SMALL, 1),
        put("kept/large", LARGE, 2),
        put("small", SMALL, 3),
        put("large", LARGE, 4),
        Step::Put { key: "noted", size: SMALL, fill: 5, note: LONG_NOTE, class: None },
        Step::Put { key: "final", size: SMALL, fill: 6, note: 10, class: Some("STANDARD_IA") },
        Step::CreateUpload { key: "kept upload" },
        Step::PutPart { key: "kept upload", number: 1, size: SMALL, fill: 7 },
        Step::PutControl { name: "settings", size: SMALL, fill: 8 },
    ]
}

/// Objects: each kind is made, overwritten by each other kind, and deleted.
pub(super) fn objects() -> Vec<Step> {
    vec![
        put("new", SMALL, 20),
        put("new/large", LARGE, 21),
        put("small", LARGE, 22),
        put("large", SMALL, 23),
        put("empty", 0, 24),
        Step::Put { key: "noted", size: LARGE, fill: 25, note: LONG_NOTE, class: None },
        Step::Put { key: "new/final", size: LARGE, fill: 26, note: LONG_NOTE, class: Some("STANDARD_IA") },
        Step::Delete { key: "small" },
        Step::Delete { key: "noted" },
        Step::Delete { key: "never was" },
        put("small", SMALL, 27),
    ]
}

/// Copies of objects that nobody changes: small and large, onto an existing key, to another element,
/// in parts.
pub(super) fn copies() -> Vec<Step> {
    let copy = |from, key, class| Step::Copy { from, key, class };
    vec![
        copy("kept", "new", None),
        copy("kept/large", "new/large", None),
        copy("kept", "large", None),
        copy("kept/large", "noted", None),
        copy("kept/large", "new/final", Some("STANDARD_IA")),
        copy("final", "small", None),
        Step::CreateUpload { key: "in parts" },
        Step::CopyPart { from: "kept/large", span: (100, LARGE), key: "in parts", number: 1 },
        Step::CopyPart { from: "kept/large", span: (0, LARGE), key: "in parts", number: 1 },
        Step::Complete { key: "in parts" },
    ]
}

/// Annotations with and without an overflow sidecar, one beyond the other, before and after other changes.
pub(super) fn annotations() -> Vec<Step> {
    let annotate = |key, fill, note| Step::Annotate { key, fill, note };
    vec![
        annotate("small", 70, 20),
        annotate("small", 71, LONG_NOTE),
        annotate("small", 72, LONG_NOTE),
        annotate("small", 72, LONG_NOTE),
        annotate("small", 73, 20),
        annotate("large", 74, LONG_NOTE),
        annotate("final", 75, LONG_NOTE),
        put("large", SMALL, 76),
        annotate("noted", 77, LONG_NOTE),
        annotate("noted", 5, LONG_NOTE),
        Step::Delete { key: "noted" },
        annotate("large", 78, 30),
    ]
}

/// Versions and markers in each state of versioning, over objects from before it; the last of them on rw.
pub(super) fn versions() -> Vec<Step> {
    let delete_version = |key, nth| Step::DeleteVersion { key, nth };
    vec![
        Step::SetVersioning(Versioning::Enabled),
        Step::SetLifecycle(Some(30)),
        put("small", LARGE, 100),
        Step::Delete { key: "small" },
        Step::Delete { key: "final" },
        delete_version("small", 0),
        Step::AnnotateVersion { key: "small", nth: 1, fill: 101, note: LONG_NOTE },
        delete_version("small", 1),
        Step::Complete { key: "kept upload" },
        Step::SetVersioning(Versioning::Suspended),
        Step::SetLifecycle(Some(7)),
        put("small", SMALL, 102),
        put("small", LARGE, 103),
        Step::Delete { key: "small" },
        Step::Delete { key: "large" },
        put("large", SMALL, 104),
        Step::Reopen,
        Step::SetVersioning(Versioning::Enabled),
        Step::SetLifecycle(None),
        Step::Copy { from: "kept", key: "final", class: Some("STANDARD_IA") },
        Step::Delete { key: "large" },
        delete_version("small", 0),
    ]
}

/// Transfers of each kind of object, over a change of the element's mode; one has a file of block digests.
pub(super) fn transfers() -> Vec<Step> {
    let transfer = |key, to| Step::Transfer { key, to };
    vec![
        put("huge", 33 * 65_536, 150),
        put("short", SMALL, 151),
        transfer("huge", Mode::Rw),
        transfer("short", Mode::Rw),
        transfer("noted", Mode::Rw),
        transfer("short", Mode::Rw),
        Step::Annotate { key: "short", fill: 152, note: LONG_NOTE },
        Step::SetVersioning(Versioning::Enabled),
        put("small", LARGE, 153),
        transfer("small", Mode::Rw),
        transfer("large", Mode::Rw),
        Step::SetMode { element: "rw-01", to: Mode::Ro },
        put("small", SMALL, 154),
        Step::Reopen,
        transfer("small", Mode::Ro),
        transfer("kept/large", Mode::Ro),
        Step::Delete { key: "large" },
    ]
}

/// Documents that are archived one by one and with a whole element, restored and expired.
pub(super) fn archiving(kept: Kept) -> Vec<Step> {
    let transfer = |key, to| Step::Transfer { key, to };
    vec![
        Step::SetVersioning(Versioning::Enabled),
        Step::MakeShelf(kept),
        put("huge", 33 * 65_536, 170),
        transfer("huge", Mode::Ar),
        transfer("small", Mode::Ar),
        transfer("noted", Mode::Ar),
        Step::Restore { key: "noted" },
        Step::Recall,
        Step::Archive,
        Step::Restore { key: "small" },
        Step::Recall,
        Step::Reopen,
        Step::Restore { key: "huge" },
        transfer("large", Mode::Ar),
        Step::Recall,
        Step::Archive,
        Step::SetMode { element: "rw-01", to: Mode::Ro },
        Step::SetTarget { element: "rw-01", kept },
        Step::SetMode { element: "rw-01", to: Mode::Ar },
        Step::Expire,
        Step::Restore { key: "final" },
        Step::Archive,
        Step::Recall,
    ]
}

/// Documents of each kind that are disposed of, in rw and in ar: one of them restored, one not archived yet.
pub(super) fn disposals(kept: Kept) -> Vec<Step> {
    let transfer = |key, to| Step::Transfer { key, to };
    vec![
        Step::SetVersioning(Versioning::Enabled),
        Step::MakeShelf(kept),
        put("huge", 33 * 65_536, 190),
        put("small", LARGE, 191),
        transfer("huge", Mode::Rw),
        transfer("noted", Mode::Rw),
        transfer("large", Mode::Ar),
        transfer("kept/large", Mode::Ar),
        Step::Archive,
        Step::Restore { key: "large" },
        Step::Recall,
        transfer("small", Mode::Ar),
        Step::Dispose { key: "huge" },
        Step::Dispose { key: "noted" },
        Step::Dispose { key: "large" },
        Step::Reopen,
        Step::Dispose { key: "small" },
        Step::Archive,
        Step::Dispose { key: "kept/large" },
        Step::Dispose { key: "final" },
        put("final", SMALL, 192),
    ]
}

/// Buckets, control documents and a clean stop between changes.
pub(super) fn buckets() -> Vec<Step> {
    vec![
        Step::CreateBucket("another"),
        Step::DeleteBucket("empty"),
        Step::PutControl { name: "settings", size: 2 * SMALL, fill: 30 },
        Step::PutControl { name: "accounts", size: SMALL, fill: 31 },
        put("small", SMALL, 32),
        Step::Reopen,
        put("small", LARGE, 33),
        Step::RemoveControl { name: "settings" },
        Step::CreateBucket("empty"),
        Step::DeleteBucket("another"),
    ]
}

/// Uploads in parts: completed over an object, aborted, a part sent twice.
pub(super) fn uploads() -> Vec<Step> {
    vec![
        Step::CreateUpload { key: "small" },
        Step::PutPart { key: "small", number: 1, size: LARGE, fill: 40 },
        Step::PutPart { key: "small", number: 1, size: LARGE + 1, fill: 41 },
        Step::Complete { key: "small" },
        Step::CreateUpload { key: "given up" },
        Step::PutPart { key: "given up", number: 3, size: SMALL, fill: 42 },
        Step::Abort { key: "given up" },
        Step::Complete { key: "kept upload" },
        put("small", SMALL, 43),
    ]
}

/// An upload of two parts, the first of which is as large as S3 asks for.
pub(super) fn large_upload() -> Vec<Step> {
    let first = 5 * 1024 * 1024;
    vec![
        Step::CreateUpload { key: "large" },
        Step::PutPart { key: "large", number: 1, size: first, fill: 50 },
        Step::PutPart { key: "large", number: 2, size: LARGE, fill: 51 },
        Step::Complete { key: "large" },
        Step::Delete { key: "large" },
    ]
}

/// Sidecars of one byte less than the bound, of just the bound and of one more, the first made by a note of
/// `note` bytes; made anew, and one from the other by an annotation.
pub(super) fn limits(note: usize) -> Vec<Step> {
    let put = |note, fill| Step::Put { key: "small", size: SMALL, fill, note, class: None };
    let annotate = |note, fill| Step::Annotate { key: "small", fill, note };
    vec![
        put(note, 110),
        put(note + 1, 111),
        put(note + 2, 112),
        annotate(note + 1, 113),
        annotate(note + 2, 114),
        annotate(note, 115),
        Step::Delete { key: "small" },
    ]
}

/// Versions made while the clock jumps, by hours and by years, forward and back, and over a start.
pub(super) fn clock() -> Vec<Step> {
    let years = 24 * 365;
    vec![
        put("small", LARGE, 120),
        Step::MoveClock { hours: -5 },
        Step::SetVersioning(Versioning::Enabled),
        put("small", SMALL, 121),
        Step::MoveClock { hours: -20 * years },
        put("small", LARGE, 122),
        Step::Complete { key: "kept upload" },
        Step::MoveClock { hours: 60 * years },
        Step::Delete { key: "small" },
        Step::Annotate { key: "large", fill: 123, note: 20 },
        Step::Reopen,
        Step::MoveClock { hours: -40 * years - 1 },
        put("small", SMALL, 124),
        Step::DeleteVersion { key: "small", nth: 2 },
        Step::Copy { from: "kept", key: "large", class: None },
    ]
}

/// One short script for suites that try many things at each call.
pub(super) fn short() -> Vec<Step> {
    vec![
        put("small", SMALL, 60),
        put("large", LARGE, 61),
        Step::Delete { key: "kept" },
        put("new", SMALL, 62),
    ]
}

/// A change on each element, that says whether it takes any after an error.
pub(super) fn probes() -> [Step; 2] {
    [None, Some("STANDARD_IA")].map(|class| Step::Put {
        key: if class.is_some() { "probe/final" } else { "probe" },
        size: 300,
        fill: 140,
        note: 10,
        class,
    })
}
