//! An archive in use is wounded, and scrubbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::fixture::{Place, bucket, caller, delete, flip, key, noted, put};
use super::{Pace, PassReport, ScrubEnd, ScrubStatus, Work};
use crate::archive::Archive;
use crate::archive::annotate::Annotation;
use crate::disk::SharedDisk;
use crate::error::ErrorKind;
use crate::log::WAL_DIR;

const BYTES_MAX: usize = 64 << 20;

fn free() -> Pace {
    Arc::new(|_| true)
}

/// Scrubs once; what the whole pass says.
fn scrub(archive: &Archive) -> PassReport {
    assert_eq!(archive.scrub(free()).unwrap(), ScrubEnd::Finished);
    archive.scrub_status().last.unwrap()
}

/// The findings of a pass, as kind and path.
fn found(pass: &PassReport) -> Vec<(String, String)> {
    pass.findings.iter().map(|finding| (finding.kind.clone(), finding.path.clone())).collect()
}

/// An archive in order has no finding, whether it has just been written, or opened with a log to replay; every
/// sidecar and every byte is read, and nothing is written but the record.
#[test]
fn an_archive_in_order_has_no_finding() {
    let (place, archive) = Place::filled();
    let calls = place.machine.calls();
    let pass = scrub(&archive);
    assert_eq!(found(&pass), []);
    assert_eq!((pass.sidecars, archive.scrub_status().versions), (6, 6));
    assert!(pass.bytes > 2_200_000, "{}", pass.bytes);
    let written: Vec<String> = place.machine.trace().split_off(usize::try_from(calls).unwrap());
    assert!(
        written.iter().all(|line| line.contains("scrub.json") || line.contains("sync_dir")),
        "{written:#?}"
    );
    drop(archive);
    place.machine.kill_processes();
    assert_eq!(found(&scrub(&place.open())), []);
}

/// Every wound of a file of an archive in use is named once, by the file that is wounded.
#[test]
fn every_wound_is_named_by_its_file() {
    type Wound = fn(&Place) -> (SharedDisk, String);
    let named = |kind: &str, wound: Wound| {
        let (place, archive) = Place::filled();
        let (_, path) = wound(&place);
        assert_eq!(found(&scrub(&archive)), [(kind.to_owned(), path)]);
        // The next pass, which does not remember it, finds it as well.
        assert_eq!(archive.scrub_status().current, None);
        assert_eq!(scrub(&archive).findings.len(), 1, "{kind}");
    };
    named("digest_mismatch", |place| {
        let path = place.find("2026", "small", "");
        flip(&place.element(), &path, 3);
        (place.element(), path)
    });
    named("digest_mismatch", |place| {
        let path = place.find("2026", "large", "");
        flip(&place.element(), &path, 1_999_999);
        (place.element(), path)
    });
    named("size_mismatch", |place| {
        let path = place.find("2026", "large", "");
        place.element().open_to_write(&path).unwrap().set_len(2_199_999).unwrap();
        (place.element(), path)
    });
    named("unreadable_sidecar", |place| {
        let path = place.find("2026", "small", ".attr.json");
        flip(&place.element(), &path, 200);
        (place.element(), path)
    });
    named("overflow_damaged", |place| {
        let path = place.find_overflow();
        flip(&place.element(), &path, 1000);
        (place.element(), path)
    });
    named("overflow_missing", |place| {
        let path = place.find_overflow();
        place.element().remove(&path).unwrap();
        (place.element(), path)
    });
    named("block_digests", |place| {
        let path = place.find(".artstore/blocks", "", "");
        flip(&place.element(), &path, 8);
        (place.element(), path)
    });
    named("orphan_sidecar", |place| {
        let path = place.find("2026", "small", "");
        place.element().remove(&path).unwrap();
        (place.element(), format!("{path}.attr.json"))
    });
    named("orphan_data", |place| {
        let path = place.find("2026", "small", "");
        let bytes = place.element().read_whole(&path, BYTES_MAX).unwrap();
        let hour = crate::disk::parent(&path).to_owned();
        let copy = format!("{hour}/other_ivanov_20261124T000000_12345678.txt");
        place.element().create(&copy).unwrap().write_at(&bytes, 0).unwrap();
        (place.element(), copy)
    });
    named("foreign_file", |place| {
        let path = "2026/notes.txt".to_owned();
        place.element().create(&path).unwrap();
        (place.element(), path)
    });
    named("bucket_document_damaged", |place| {
        flip(&place.element(), "buckets/docs.json", 60);
        (place.element(), "buckets/docs.json".to_owned())
    });
    named("bucket_document_missing", |place| {
        place.element().remove("buckets/versions.json").unwrap();
        (place.element(), "buckets/versions.json".to_owned())
    });
    named("element_document_damaged", |place| {
        flip(&place.element(), "element.json", 40);
        (place.element(), "element.json".to_owned())
    });
    named("control_document_damaged", |place| {
        flip(&place.data(), "control/archive.json", 30);
        (place.data(), "control/archive.json".to_owned())
    });
    named("control_document_damaged", |place| {
        flip(&place.data(), "control/sequence.0.json", 30);
        (place.data(), "control/sequence.0.json".to_owned())
    });
    named("upload_damaged", |place| {
        let path = place.find(".artstore/uploads", "0000", "");
        place.element().remove(&path).unwrap();
        (place.element(), path)
    });
    named("upload_damaged", |place| {
        let path = place.find(".artstore/uploads", "upload", ".json");
        flip(&place.element(), &path, 50);
        (place.element(), path)
    });
    named("log_damaged", |place| {
        let path = place.last_frame();
        flip(&place.element(), &path.0, path.1 + 50);
        (place.element(), WAL_DIR.to_owned())
    });
}

/// A sidecar that is gone is found from its data file and from the catalog.
#[test]
fn a_lost_sidecar_is_found_from_both_sides() {
    let (place, archive) = Place::filled();
    let path = place.find("2026", "small", ".attr.json");
    place.element().remove(&path).unwrap();
    let data = path.strip_suffix(".attr.json").unwrap().to_owned();
    let expected = [("orphan_data".to_owned(), data), ("sidecar_missing".to_owned(), path)];
    assert_eq!(found(&scrub(&archive)), expected);
}

/// A pair that the catalog does not know, and one that it knows otherwise, are named.
#[test]
fn a_catalog_that_is_out_of_step_is_found() {
    let (place, archive) = Place::filled();
    let entry = archive.inner.catalog.newest(&bucket("docs"), &key("small")).unwrap().unwrap();
    let remove = crate::catalog::Update::Remove {
        bucket: bucket("docs"),
        key: key("small"),
        version_seq: entry.seq,
        change_seq: 99,
    };
    archive.inner.catalog.apply(&[remove]).unwrap();
    let sidecar = place.find("2026", "small", ".attr.json");
    let pass = scrub(&archive);
    assert_eq!(found(&pass), [("catalog_behind".to_owned(), sidecar.clone())]);
    assert_eq!(pass.findings[0].severity, "inconsistent");
    let wrong = crate::catalog::Entry { size: entry.size + 1, ..entry };
    let put = crate::catalog::Update::Put {
        bucket: bucket("docs"),
        key: key("small"),
        entry: Box::new(wrong),
        change_seq: 100,
    };
    archive.inner.catalog.apply(&[put]).unwrap();
    assert_eq!(found(&scrub(&archive)), [("catalog_behind".to_owned(), sidecar)]);
}

/// An object that was found damaged is not opened any more, also by the next process, until its bytes are
/// back; others are.
#[test]
fn what_is_known_damaged_is_not_opened() {
    let (place, archive) = Place::filled();
    let path = place.find("2026", "large", "");
    flip(&place.element(), &path, 1_999_999);
    assert!(archive.read(&bucket("docs"), &key("large"), None).is_ok(), "its first blocks are whole");
    scrub(&archive);
    let known = archive.known_damaged();
    assert_eq!((known.len(), known[0].key.as_str(), known[0].block), (1, "large", Some(30)));
    let refused = |archive: &Archive| {
        archive.read(&bucket("docs"), &key("large"), None).err().map(|error| error.kind())
    };
    assert_eq!(refused(&archive), Some(ErrorKind::Corrupt));
    drop(archive);
    let archive = place.open();
    assert_eq!(refused(&archive), Some(ErrorKind::Corrupt), "the next process knows");
    assert!(archive.read(&bucket("docs"), &key("small"), None).is_ok());
    flip(&place.element(), &path, 1_999_999);
    assert_eq!(refused(&archive), None, "it was put right");
    assert_eq!(archive.known_damaged(), []);
}

/// A pass that is stopped after each piece of work, and its archive closed each time, comes to its end with
/// every finding once.
#[test]
fn a_stopped_pass_goes_on() {
    let (place, mut archive) = Place::filled();
    for name in ["small", "large"] {
        flip(&place.element(), &place.find("2026", name, ""), 3);
    }
    place.element().create("2026/notes.txt").unwrap();
    let mut calls = 0;
    loop {
        calls += 1;
        assert!(calls < 200, "the pass does not end: {:?}", archive.scrub_status());
        let left = AtomicU64::new(25);
        let pace: Pace = Arc::new(move |_: Work| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        });
        if archive.scrub(pace).unwrap() == ScrubEnd::Finished {
            break;
        }
        if calls % 2 == 0 {
            drop(archive);
            archive = place.open();
        }
    }
    assert!(calls > 3, "it was stopped: {calls}");
    let pass = archive.scrub_status().last.unwrap();
    let kinds: Vec<&str> = pass.findings.iter().map(|finding| finding.kind.as_str()).collect();
    assert_eq!(kinds, ["digest_mismatch", "digest_mismatch", "foreign_file"]);
    assert_eq!(pass.sidecars, 6, "each sidecar once");
}

/// What the last whole pass found is shown until the next one ends, and to who does not own the archive.
#[test]
fn findings_stay_until_the_next_pass_ends() {
    let (place, archive) = Place::filled();
    let path = place.find("2026", "small", "");
    flip(&place.element(), &path, 3);
    scrub(&archive);
    flip(&place.element(), &path, 3);
    let left = AtomicU64::new(30);
    let pace: Pace = Arc::new(move |_| left.fetch_sub(1, Ordering::Relaxed) > 1);
    assert_eq!(archive.scrub(pace).unwrap(), ScrubEnd::Stopped);
    let status = archive.scrub_status();
    assert_eq!((status.last.as_ref().unwrap().damage, status.current.as_ref().unwrap().damage), (1, 0));
    let read = ScrubStatus::read(&*place.data());
    assert_eq!((&read.last, &read.current, read.is_running), (&status.last, &status.current, false));
    scrub(&archive);
    assert_eq!(archive.scrub_status().last.unwrap().damage, 0);
}

/// A record that cannot be read begins a new pass, and stops no start.
#[test]
fn a_damaged_record_begins_a_new_pass() {
    let (place, archive) = Place::filled();
    scrub(&archive);
    drop(archive);
    flip(&place.data(), "scrub.json", 40);
    let archive = place.open();
    assert_eq!(archive.scrub_status().last, None);
    assert_eq!(found(&scrub(&archive)), []);
}

/// The record is kept every half minute of a pass, not at each name.
#[test]
fn the_record_is_kept_now_and_then() {
    let (place, archive) = Place::filled();
    let writes = |place: &Place| {
        place
            .machine
            .trace()
            .iter()
            .filter(|line| line.contains("replace") && line.contains("scrub.json"))
            .count()
    };
    scrub(&archive);
    assert_eq!(writes(&place), 1, "at the end");
    let clock = Arc::clone(&place.clock);
    let pace: Pace = Arc::new(move |work: Work| {
        clock.0.fetch_add(work.sidecars * 20_000, Ordering::Relaxed);
        true
    });
    archive.scrub(pace).unwrap();
    assert!((3..=8).contains(&writes(&place)), "{} writes over {} sidecars of 20 s", writes(&place), 6);
}

/// Puts, overwrites, annotations and deletes beside the scrub are never taken for damage.
#[test]
fn what_changes_is_no_finding() {
    let (place, archive) = Place::filled();
    let done = AtomicBool::new(false);
    let (archive, done) = (&archive, &done);
    std::thread::scope(|scope| {
        for worker in 0..3 {
            scope.spawn(move || {
                for round in 0..150_usize {
                    let name = format!("busy-{worker}-{}", round % 4);
                    let size = if round.is_multiple_of(5) { 90_000 } else { 900 };
                    put(archive, "docs", &name, None, &vec![round as u8; size], (round % 3) * 3000);
                    let object = archive.object(&bucket("docs"), &key(&name), None).unwrap();
                    let annotation = Annotation {
                        version: None,
                        revision: object.revision,
                        attributes: noted((round % 2) * 5000),
                        renews_time: false,
                    };
                    archive.annotate(&caller(), &bucket("docs"), &key(&name), annotation).unwrap();
                    if round.is_multiple_of(3) {
                        delete(archive, "docs", &name);
                    }
                }
                done.store(true, Ordering::Release);
            });
        }
        let mut passes = 0;
        while !done.load(Ordering::Acquire) || passes < 3 {
            assert_eq!(found(&scrub(archive)), []);
            passes += 1;
        }
    });
    drop(place);
}
