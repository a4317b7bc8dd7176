//! Deleting a bucket ends its uploads, and its default mode counts where nobody names a class.

use std::sync::Barrier;

use super::*;
use crate::mode::StorageClass;

fn begin(archive: &Archive, bucket: &BucketName, name: &str) -> UploadRef {
    let new = NewUpload {
        bucket: bucket.clone(),
        key: key(name),
        class: None,
        attributes: Attributes::default(),
        owner: Arc::from("0199-account"),
        checksum: None,
    };
    archive.create_upload(&caller(), new).unwrap().upload
}

fn send_part(archive: &Archive, upload: &UploadRef) -> Result<String> {
    let mut body = archive.begin_part(upload, 1, None, &[])?;
    body.write(&Bytes::from_static(b"part"))?;
    Ok(archive.put_part(upload, 1, body.finish(&ClientDigests::default())?)?.etag)
}

/// Folders of uploads on the first element.
#[expect(clippy::disallowed_methods, reason = "the test looks at the files as a person would")]
fn upload_folders(fixture: &Fixture) -> usize {
    let uploads = fixture.folder.path().join("data/elements/edit-01/.artstore/uploads");
    std::fs::read_dir(uploads).unwrap().count()
}

#[test]
fn the_uploads_of_a_deleted_bucket_end_with_it() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    let upload = begin(&archive, &fixture.bucket, "k");
    send_part(&archive, &upload).unwrap();
    archive.delete_bucket(&caller(), &fixture.bucket).unwrap();
    assert_eq!(upload_folders(&fixture), 0, "nothing of the upload is left");
    assert_eq!(send_part(&archive, &upload).unwrap_err().kind(), ErrorKind::NoSuchUpload);
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    assert!(archive.upload(&upload).is_err(), "a new bucket of the name does not have it");
}

#[test]
fn an_upload_that_a_stop_left_without_its_bucket_is_swept() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    let kept = BucketName::parse("kept").unwrap();
    archive.create_bucket(&caller(), &kept, "0199-account").unwrap();
    let (gone, open) = (begin(&archive, &fixture.bucket, "k"), begin(&archive, &kept, "k"));
    drop(archive);
    let document = fixture.folder.path().join("data/elements/edit-01/buckets/docs.json");
    #[expect(clippy::disallowed_methods, reason = "the test leaves what a stop would leave")]
    std::fs::remove_file(document).unwrap();
    let archive = fixture.open();
    assert!(archive.upload(&gone).is_err() && archive.upload(&open).is_ok());
    assert_eq!(upload_folders(&fixture), 1);
}

#[test]
fn completion_and_the_end_of_the_bucket_do_not_wait_for_each_other() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    for _ in 0..20 {
        archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
        let upload = begin(&archive, &fixture.bucket, "k");
        let etag = send_part(&archive, &upload).unwrap();
        let completion = Completion {
            upload,
            parts: vec![CompletedPart { number: 1, etag, checksum: None }],
            conditions: WriteConditions::default(),
            checksum: None,
            size: None,
        };
        let both = Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                both.wait();
                let completed = archive.complete_upload(&caller(), completion);
                let kinds = [ErrorKind::NoSuchUpload, ErrorKind::NoSuchBucket];
                assert!(completed.is_ok() || kinds.contains(&completed.unwrap_err().kind()));
            });
            both.wait();
            let deleted = archive.delete_bucket(&caller(), &fixture.bucket);
            assert!(deleted.is_ok() || deleted.unwrap_err().kind() == ErrorKind::BucketNotEmpty);
        });
        if archive.bucket(&fixture.bucket).is_ok() {
            archive
                .delete(&caller(), &fixture.bucket, &key("k"), None, &DeleteConditions::default())
                .unwrap();
            archive.delete_bucket(&caller(), &fixture.bucket).unwrap();
        }
    }
}

/// What comes without a class is stored in the bucket's default mode, in one piece and in parts, after a kill and from
/// another element's document; what names a class, as it says.
#[test]
fn the_default_mode_counts_without_a_class() {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    put(&archive, &fixture.bucket, "before", None, b"1").unwrap();
    for mode in [Mode::Ro, Mode::Ar] {
        let refused = archive.set_default_mode(&caller(), &fixture.bucket, mode).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    }
    archive.set_default_mode(&caller(), &fixture.bucket, Mode::Rw).unwrap();
    let check = |archive: &Archive, name: &str, mode: Mode| {
        assert_eq!(archive.object(&fixture.bucket, &key(name), None).unwrap().mode, mode, "{name}");
    };
    put(&archive, &fixture.bucket, "after", None, b"1").unwrap();
    put(&archive, &fixture.bucket, "named", Some("STANDARD"), b"1").unwrap();
    assert_eq!(
        archive.upload(&begin(&archive, &fixture.bucket, "parts")).unwrap().class,
        StorageClass::StandardIa
    );
    check(&archive, "before", Mode::Edit);
    check(&archive, "after", Mode::Rw);
    check(&archive, "named", Mode::Edit);
    drop(archive);
    let archive = fixture.open();
    assert_eq!(archive.bucket(&fixture.bucket).unwrap().default_mode, Mode::Rw);
    put(&archive, &fixture.bucket, "later", None, b"1").unwrap();
    check(&archive, "later", Mode::Rw);
    archive.set_default_mode(&caller(), &fixture.bucket, Mode::Edit).unwrap();
    put(&archive, &fixture.bucket, "again", None, b"1").unwrap();
    check(&archive, "again", Mode::Edit);
}
