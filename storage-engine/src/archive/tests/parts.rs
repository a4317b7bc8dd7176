//! Uploads of many parts, parts sent again, and completions that meet.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Fixture, caller, content, get, key, put_part};
use crate::ErrorKind;
use crate::archive::multipart::{CompletedPart, Completion, NewUpload, PART_NUMBER_MAX, Part, UploadRef};
use crate::archive::put::WriteConditions;
use crate::archive::{Archive, OpenOptions};
use crate::digest::ClientDigests;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::name::BucketName;

fn open(machine: &Machine) -> Archive {
    let disks = Arc::new(machine.clone());
    Archive::open(OpenOptions { disks, ..OpenOptions::new(PathBuf::from("/data")) }).unwrap()
}

fn begin(archive: &Archive, bucket: &BucketName) -> UploadRef {
    let new = NewUpload {
        bucket: bucket.clone(),
        key: key("whole"),
        class: None,
        attributes: Default::default(),
        owner: Arc::from("0199-account"),
        checksum: None,
    };
    archive.create_upload(&caller(), new).unwrap().upload
}

fn simulated() -> (Machine, Archive, UploadRef) {
    let machine = Machine::new(Profile::Reordered, 5);
    let archive = open(&machine);
    let bucket = BucketName::parse("docs").unwrap();
    archive.create_bucket(&caller(), &bucket, "owner").unwrap();
    let upload = begin(&archive, &bucket);
    (machine, archive, upload)
}

/// Every part, over pages of 1,000.
fn all_parts(archive: &Archive, upload: &UploadRef) -> Vec<Part> {
    let (mut parts, mut after) = (Vec::new(), None);
    loop {
        let page = archive.parts(upload, after, 1000).unwrap();
        parts.extend(page.parts);
        after = page.next;
        if after.is_none() {
            return parts;
        }
    }
}

fn numbers(archive: &Archive, upload: &UploadRef) -> Vec<u16> {
    all_parts(archive, upload).iter().map(|part| part.number).collect()
}

fn completion(archive: &Archive, upload: &UploadRef) -> Completion {
    let named = |part: Part| CompletedPart { number: part.number, etag: part.etag, checksum: None };
    Completion {
        upload: upload.clone(),
        parts: all_parts(archive, upload).into_iter().map(named).collect(),
        conditions: WriteConditions::default(),
        checksum: None,
        size: None,
    }
}

/// As many parts as S3 allows are kept, in whatever order they arrive, listed over pages and survive a
/// power cut; what keeping them reads grows with their number, not with its square.
#[test]
fn ten_thousand_parts_cost_a_line_each() {
    let (machine, archive, upload) = simulated();
    // From both ends, so that hardly one comes behind its predecessor.
    let half = PART_NUMBER_MAX / 2;
    let before = machine.bytes_read();
    for number in 1..=half {
        put_part(&archive, &upload, PART_NUMBER_MAX + 1 - number, &[1]);
        put_part(&archive, &upload, number, &[2]);
    }
    let read = machine.bytes_read() - before;
    assert!(read < u64::from(PART_NUMBER_MAX) * 1000, "{read} bytes were read to keep the parts");
    let expected: Vec<u16> = (1..=PART_NUMBER_MAX).collect();
    assert_eq!(numbers(&archive, &upload), expected);
    machine.reboot();
    drop(archive);
    let archive = open(&machine);
    let before = machine.bytes_read();
    for number in 1..=100 {
        put_part(&archive, &upload, number, &[3, 3]);
    }
    assert_eq!(numbers(&archive, &upload), expected);
    assert!(all_parts(&archive, &upload).iter().take(100).all(|part| part.size == 2));
    assert!(machine.bytes_read() > before);
}

/// A part that is sent again and again neither fills the log nor leaves files behind.
#[test]
fn a_part_sent_again_and_again_takes_no_room() {
    let (machine, archive, upload) = simulated();
    for round in 0..1500_u32 {
        put_part(&archive, &upload, 1, &round.to_be_bytes());
    }
    put_part(&archive, &upload, 2, &[0; 9]);
    let disk = machine.disk("data/elements/edit-01").unwrap();
    let folder = format!(".artstore/uploads/{}", upload.id);
    let log = disk.open(&format!("{folder}/parts.log")).unwrap().len().unwrap();
    assert!(log < 200_000, "the log has {log} bytes");
    let files = disk.read_dir(&folder).unwrap();
    assert_eq!(files.len(), 4, "{files:?}: two parts, the log and the document");
    machine.reboot();
    drop(archive);
    let archive = open(&machine);
    let sizes: Vec<(u16, u64)> =
        all_parts(&archive, &upload).iter().map(|part| (part.number, part.size)).collect();
    assert_eq!(sizes, [(1, 4), (2, 9)]);
    assert_eq!(all_parts(&archive, &upload)[0].etag, md5_of(&1499_u32.to_be_bytes()));
}

fn md5_of(bytes: &[u8]) -> String {
    use md5::Digest as _;
    hex::encode(md5::Md5::digest(bytes))
}

/// A torn last line is passed over, and the line behind it is read.
#[test]
fn a_torn_line_hides_nothing() {
    let (machine, archive, upload) = simulated();
    put_part(&archive, &upload, 1, &[1]);
    archive.close().unwrap();
    drop(archive);
    let disk = machine.disk("data/elements/edit-01").unwrap();
    let log = disk.open_to_write(&format!(".artstore/uploads/{}/parts.log", upload.id)).unwrap();
    log.write_at(b"{\"number\":7,\"fi", log.len().unwrap()).unwrap();
    let archive = open(&machine);
    assert_eq!(numbers(&archive, &upload), [1]);
    put_part(&archive, &upload, 2, &[2]);
    put_part(&archive, &upload, 3, &[3]);
    assert_eq!(numbers(&archive, &upload), [1, 2, 3]);
}

/// After a call that failed, whichever it was, a part that is acknowledged survives a power cut, and so
/// do those before: no line is written behind one that may be in memory alone.
#[test]
fn a_failed_part_takes_no_other_with_it() {
    let keep = |archive: &Archive, upload: &UploadRef, number: u16| -> crate::Result<()> {
        let mut body = archive.begin_part(upload, number, None, &[])?;
        body.write(&bytes::Bytes::from_static(b"part"))?;
        archive.put_part(upload, number, body.finish(&ClientDigests::default())?).map(drop)
    };
    for restarts in [false, true] {
        for fault in [Fault::Io, Fault::NoSpace] {
            for call in 1.. {
                let (machine, mut archive, upload) = simulated();
                keep(&archive, &upload, 1).unwrap();
                machine.fail_at(machine.calls() + call, fault);
                let Err(_) = keep(&archive, &upload, 2) else { break };
                if restarts {
                    drop(archive);
                    machine.kill_processes();
                    archive = open(&machine);
                }
                keep(&archive, &upload, 3).unwrap();
                keep(&archive, &upload, 4).unwrap();
                machine.reboot();
                drop(archive);
                let archive = open(&machine);
                let mut found = numbers(&archive, &upload);
                found.retain(|number| *number != 2);
                assert_eq!(found, [1, 3, 4], "call {call} failed with {fault:?}, restart: {restarts}");
            }
        }
    }
}

/// Completions that meet make one object and have one answer, also after a start.
#[test]
fn completions_that_meet_make_one_object() {
    let fixture = Fixture::new();
    let (mut archive, bucket) = (fixture.open(), &fixture.bucket);
    archive.create_bucket(&caller(), bucket, "0199-account").unwrap();
    let pieces = [content(5 << 20, 1), content(1000, 2)];
    for restarts in [false, true] {
        let upload = begin(&archive, bucket);
        put_part(&archive, &upload, 9, &pieces[1]);
        put_part(&archive, &upload, 4, &pieces[0]);
        if restarts {
            archive.close().unwrap();
            drop(archive);
            archive = fixture.open();
        }
        let completion = completion(&archive, &upload);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let complete = || archive.complete_upload(&caller(), completion.clone());
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(complete)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
        });
        let first = &answers[0];
        for answer in &answers {
            assert_eq!((&answer.etag, answer.modified_ms), (&first.etag, first.modified_ms));
        }
        assert_eq!(get(&archive, bucket, "whole").unwrap(), pieces.concat());
        assert_eq!(archive.upload(&upload).unwrap_err().kind(), ErrorKind::NoSuchUpload);
    }
}
