//! Copies: what they are, what they keep, and that damage is not copied.

use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use md5::Digest as _;

use super::{Fixture, caller, content, find_data, get, key, put, put_part};
use crate::archive::Archive;
use crate::archive::multipart::{CompletedPart, Completion, NewUpload, UploadRef};
use crate::archive::put::{PutDetails, PutTarget, Stored, WriteConditions};
use crate::digest::{Checksum, ChecksumAlgorithm, ChecksumType, ContentHasher};
use crate::name::BucketName;
use crate::{ErrorKind, Result};

fn fixture() -> (Fixture, Archive) {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    (fixture, archive)
}

fn copy(
    archive: &Archive,
    bucket: &BucketName,
    (from, to): (&str, &str),
    class: Option<&str>,
    checksum: Option<ChecksumAlgorithm>,
) -> Result<Stored> {
    let source = archive.read(bucket, &key(from), None)?;
    let length = Some(source.object().size);
    let target = PutTarget { bucket: bucket.clone(), key: key(to), class: class.map(str::to_owned), length };
    let admission = archive.admit(target)?;
    let details = PutDetails { owner: Arc::from("0199-account"), ..Default::default() };
    archive.copy(&caller(), source, admission, checksum, details)
}

fn begin(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
) -> UploadRef {
    let new = NewUpload {
        bucket: bucket.clone(),
        key: key(name),
        class: None,
        attributes: Default::default(),
        owner: Arc::from("0199-account"),
        checksum,
    };
    archive.create_upload(&caller(), new).unwrap().upload
}

fn complete(archive: &Archive, upload: &UploadRef) -> Stored {
    let parts = archive.parts(upload, None, 1000).unwrap().parts.into_iter();
    let parts = parts.map(|part| CompletedPart { number: part.number, etag: part.etag, checksum: None });
    let completion = Completion {
        upload: upload.clone(),
        parts: parts.collect(),
        conditions: WriteConditions::default(),
        checksum: None,
        size: None,
    };
    archive.complete_upload(&caller(), completion).unwrap()
}

fn checksum_of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
    let mut hasher = ContentHasher::new(&[algorithm]);
    hasher.update(bytes);
    hasher.finish().checksum(algorithm).unwrap().clone()
}

fn md5_of(bytes: &[u8]) -> String {
    hex::encode(md5::Md5::digest(bytes))
}

/// A copy has the source's bytes and their MD5 as ETag, whatever the source's size and the element, and
/// one checksum over everything: of the algorithm asked for, else CRC-64/NVME.
#[test]
fn a_copy_is_an_object_in_one_piece() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    for size in [0, 700, 65_536, 65_537, 3_000_000] {
        let bytes = content(size, 3);
        put(&archive, bucket, "from", None, &bytes).unwrap();
        for (class, algorithm) in [
            (None, None),
            (None, Some(ChecksumAlgorithm::Sha256)),
            (None, Some(ChecksumAlgorithm::Crc32)),
            (Some("STANDARD_IA"), None),
        ] {
            let to = format!("to-{size}-{}", class.unwrap_or_default());
            let stored = copy(&archive, bucket, ("from", &to), class, algorithm).unwrap();
            assert_eq!(stored.etag, md5_of(&bytes), "{to}");
            let algorithm = algorithm.unwrap_or(ChecksumAlgorithm::Crc64Nvme);
            assert_eq!(stored.checksums, [checksum_of(algorithm, &bytes)], "{to}");
            let object = archive.object(bucket, &key(&to), None).unwrap();
            assert_eq!(object.modified_ms, stored.modified_ms, "{to}");
            assert_eq!(object.checksums, stored.checksums, "{to}");
            assert_eq!(get(&archive, bucket, &to).unwrap(), bytes, "{to}");
        }
    }
}

/// The source of a copy may have come in parts, with a checksum of checksums: the copy has neither.
#[test]
fn a_copy_of_parts_has_none() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    let kind = (ChecksumAlgorithm::Crc32c, ChecksumType::Composite);
    let upload = begin(&archive, bucket, "from", Some(kind));
    let pieces = [content(5 << 20, 1), content(100_000, 2)];
    put_part(&archive, &upload, 1, &pieces[0]);
    put_part(&archive, &upload, 2, &pieces[1]);
    assert!(complete(&archive, &upload).etag.ends_with("-2"));
    let stored = copy(&archive, bucket, ("from", "to"), None, None).unwrap();
    let bytes = pieces.concat();
    assert_eq!(stored.etag, md5_of(&bytes));
    assert_eq!(stored.checksums, [checksum_of(ChecksumAlgorithm::Crc32c, &bytes)]);
    assert_eq!(stored.checksum_type, ChecksumType::FullObject);
    assert!(archive.object(bucket, &key("to"), None).unwrap().parts.is_empty());
    assert_eq!(get(&archive, bucket, "to").unwrap(), bytes);
    // Onto itself, which gives the opened source's place away before the copy is there.
    let stored = copy(&archive, bucket, ("from", "from"), None, None).unwrap();
    assert_eq!(stored.etag, md5_of(&bytes));
    assert_eq!(get(&archive, bucket, "from").unwrap(), bytes);
}

/// What is damaged is not copied: neither an object nor a part comes of it.
#[test]
fn damage_is_not_copied() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    for (name, size) in [("small", 700), ("large", 3_000_000)] {
        put(&archive, bucket, name, None, &content(size, 9)).unwrap();
        let data = fixture.folder.path().join("data/elements/edit-01");
        let mut options = std::fs::File::options();
        #[expect(clippy::disallowed_methods, reason = "the test damages the file behind the engine's back")]
        let file = options.write(true).open(find_data(&data, name)).unwrap();
        file.write_at(b"XX", size as u64 - 10).unwrap();
        for algorithm in [None, Some(ChecksumAlgorithm::Sha1)] {
            let refused = copy(&archive, bucket, (name, "to"), None, algorithm).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Corrupt, "{name}");
        }
        assert_eq!(get(&archive, bucket, "to").unwrap_err().kind(), ErrorKind::NoSuchKey);
        let upload = begin(&archive, bucket, name, None);
        let source = archive.read(bucket, &key(name), None).unwrap();
        let refused = archive.copy_part(&upload, 1, &source, 0..size as u64).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "{name}");
        assert_eq!(archive.parts(&upload, None, 10).unwrap().parts, []);
    }
}

/// Bytes that are not those of the SHA-256 in the sidecar are not copied although their blocks match:
/// the block digests of a large object are derived, and only the sidecar's digest is the truth.
#[test]
fn what_was_hashed_is_compared() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    put(&archive, bucket, "from", None, &content(100_000, 9)).unwrap();
    let mut source = archive.read(bucket, &key("from"), None).unwrap();
    let object = Arc::make_mut(&mut source.object);
    object.sha256 = [7; 32];
    object.checksums.clear();
    let target = PutTarget { bucket: bucket.clone(), key: key("to"), class: None, length: Some(100_000) };
    let admission = archive.admit(target).unwrap();
    let refused = archive.copy(&caller(), source, admission, None, PutDetails::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
}

/// Parts are copied from any span of an object, and keep the bytes that were opened although the key is
/// overwritten; a span beyond the object is refused.
#[test]
fn parts_are_copied_from_spans() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    let bytes = content(11_000_000, 4);
    put(&archive, bucket, "from", None, &bytes).unwrap();
    let source = archive.read(bucket, &key("from"), None).unwrap();
    put(&archive, bucket, "from", None, b"other").unwrap();
    let upload = begin(&archive, bucket, "to", Some((ChecksumAlgorithm::Sha256, ChecksumType::Composite)));
    for (number, span) in [(1, 0..5_500_000), (2, 5_500_001..10_900_000), (3, 17..18)] {
        let part = archive.copy_part(&upload, number, &source, span.clone()).unwrap();
        let bytes = &bytes[span.start as usize..span.end as usize];
        assert_eq!((part.size, &part.etag), (bytes.len() as u64, &md5_of(bytes)), "{number}");
        assert_eq!(part.checksum, Some(checksum_of(ChecksumAlgorithm::Sha256, bytes)), "{number}");
    }
    for span in [5..5, 10_999_999..11_000_001, 11_000_000..11_000_000] {
        let refused = archive.copy_part(&upload, 4, &source, span).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    }
    complete(&archive, &upload);
    let whole = [&bytes[..5_500_000], &bytes[5_500_001..10_900_000], &bytes[17..18]].concat();
    assert_eq!(get(&archive, bucket, "to").unwrap(), whole);
}

/// A copy onto what is final is refused, and its repeat answered as the first was.
#[test]
fn a_copy_is_final_as_a_put_is() {
    let (fixture, archive) = fixture();
    let bucket = &fixture.bucket;
    put(&archive, bucket, "one", None, b"one").unwrap();
    put(&archive, bucket, "two", None, b"two").unwrap();
    let first = copy(&archive, bucket, ("one", "final"), Some("STANDARD_IA"), None).unwrap();
    let again = copy(&archive, bucket, ("one", "final"), Some("STANDARD_IA"), None).unwrap();
    assert_eq!((again.etag, again.modified_ms), (first.etag, first.modified_ms));
    let refused = copy(&archive, bucket, ("two", "final"), Some("STANDARD_IA"), None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ModeForbids);
    assert_eq!(get(&archive, bucket, "final").unwrap(), b"one");
}
