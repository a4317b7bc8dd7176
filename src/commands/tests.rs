//! Claims about what commands show.

use std::path::Path;

use auth::Role;
use storage_engine::archive::status::WhenFull;
use storage_engine::fsck::{Counts, Finding, FindingKind, Report, Severity};
use storage_engine::mode::Mode;
use storage_engine::retention::TermSetting;
use storage_engine::target::{ArchiveClass, ArchiveTarget, TargetPlace};

use super::welcome::{Addresses, reachable, welcome};
use super::{account, element, fsck};
use crate::administration::{AccountDocument, ElementDocument, FirstStart};

/// Lines and columns of a terminal that nobody made larger.
const SCREEN: (usize, usize) = (24, 80);

fn made(credentials: &str) -> FirstStart {
    FirstStart {
        account: "admin-service".to_owned(),
        role: "ADMIN",
        credentials: credentials.into(),
        master_key: Some("/home/ivan/.config/artstore/master.key".into()),
    }
}

fn addresses(s3: &str) -> Addresses {
    Addresses { s3: s3.parse().expect("an address"), api: "127.0.0.1:8000".parse().expect("an address") }
}

#[test]
fn the_first_start_fits_a_screen_and_says_what_to_type_next() {
    let text =
        welcome(addresses("127.0.0.1:9000"), Path::new("/srv/archive"), &made("/srv/archive/credentials"));
    assert!(text.lines().count() <= SCREEN.0, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= SCREEN.1), "{text}");
    for part in [
        "http://127.0.0.1:9000",
        "http://127.0.0.1:8000/health/ready",
        "export AWS_PROFILE=artstore\n",
        "export AWS_SHARED_CREDENTIALS_FILE=/srv/archive/credentials\n",
        "aws --endpoint-url http://127.0.0.1:9000 s3 mb s3://docs\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn what_is_to_be_typed_survives_a_shell_and_leads_to_this_machine() {
    let text = welcome(addresses("0.0.0.0:9000"), Path::new("/x"), &made("/my data/it's/credentials"));
    assert!(text.contains(r"FILE='/my data/it'\''s/credentials'"), "{text}");
    assert!(text.contains("--endpoint-url http://127.0.0.1:9000"), "{text}");
    assert_eq!(reachable("[::]:1".parse().expect("an address")).to_string(), "[::1]:1");
    assert_eq!(reachable("10.0.0.1:1".parse().expect("an address")).to_string(), "10.0.0.1:1");
}

#[test]
fn an_absent_element_is_listed_with_what_is_known() {
    let absent = ElementDocument {
        name: "tape".to_owned(),
        id: "7a980ebb-e6c3-4595-ba3f-f7d6e116febe".to_owned(),
        mode: None,
        state: "absent".to_owned(),
        root: "/mnt/tape".into(),
        max_size_bytes: None,
        priority: None,
        reserve_bytes: None,
        when_full: Default::default(),
        retention: None,
        archive_target: None,
        free_bytes: 0,
    };
    let ready = ElementDocument {
        name: "rw-01".to_owned(),
        mode: Some(Mode::Rw),
        state: "ready".to_owned(),
        max_size_bytes: Some(1 << 30),
        priority: Some(100),
        retention: Some(TermSetting { days: 3650, warn_days: 7 }),
        when_full: WhenFull::Ro,
        archive_target: Some(
            ArchiveTarget { place: TargetPlace::Directory("/mnt/lto".into()), class: ArchiveClass::Glacier }
                .into(),
        ),
        free_bytes: 3 << 30,
        ..absent.clone()
    };
    assert_eq!(
        element::table(&[ready, absent]),
        "NAME   MODE  STATE   PRIORITY  QUOTA    FREE     TERM       WHEN FULL  ROOT       ARCHIVE TARGET\n\
         rw-01  rw    ready   100       1.0 GiB  3.0 GiB  3650 days  ro         /mnt/tape  /mnt/lto\n\
         tape   -     absent  -         -        0 B      -          -          /mnt/tape  -\n"
    );
}

/// The field names are what programs read; they stay.
#[test]
fn an_account_is_listed_without_its_secret() {
    let listed = AccountDocument {
        name: "backup".to_owned(),
        id: "01a1f965-01c4-7235-a2c7-c95ab72290c6".to_owned(),
        client_id: "AS1".to_owned(),
        role: Role::User,
        is_system: false,
        disabled: true,
        description: "nightly".to_owned(),
        created_at_ms: 1,
    };
    assert_eq!(
        account::table(std::slice::from_ref(&listed)),
        "NAME    ROLE  CLIENT ID  STATE     DESCRIPTION\nbackup  USER  AS1        disabled  nightly\n"
    );
    let json = serde_json::to_value(&listed).expect("it is JSON");
    let fields: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        ["client_id", "created_at_ms", "description", "disabled", "id", "is_system", "name", "role"]
    );
}

#[test]
fn a_finding_is_shown_with_its_remedy_and_cannot_steer_the_terminal() {
    let kind = FindingKind::ForeignFile;
    let finding = Finding {
        kind,
        severity: Severity::Inconsistent,
        element: None,
        path: "a\u{1b}[2Jb".to_owned(),
        detail: "it does not belong".to_owned(),
        remedy: kind.remedy(),
        outcome: None,
    };
    let counts = Counts { inconsistent: 3, ..Counts::default() };
    let report = Report {
        elements: Vec::new(),
        findings: vec![finding],
        counts,
        is_content_verified: false,
        outcomes: None,
        open: 3,
        state: None,
    };
    assert_eq!(
        fsck::text(&report),
        "ELEMENT  OBJECTS  MARKERS  SIZE  PENDING  UPLOADS\n\
         \n\
         inconsistent: foreign_file a\u{fffd}[2Jb\n  it does not belong\n  what to do: move it out of the element\n\
         \n\
         2 more findings are not listed\n\
         \n\
         0 damaged, 3 inconsistent, 0 notes\n\
         Content was not compared with its digests (--no-content).\n"
    );
}
