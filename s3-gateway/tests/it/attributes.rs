//! GetObjectAttributes, and the checksums of parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::door::{Answer, Door};

const ALL: &str = "ETag,Checksum,ObjectParts,StorageClass,ObjectSize";
const PART_BYTES: usize = 5 * 1024 * 1024;

async fn attributes(door: &Door, headers: &[(&str, &str)]) -> Answer {
    let draft = door.user.get("/docs/k?attributes");
    door.send(headers.iter().fold(draft, |draft, (name, value)| draft.header(name, value)).sign()).await
}

/// Uploads three parts with SHA-256 checksums and returns those. The checksum beside the list of the parts is
/// that of the object.
async fn upload(door: &Door) -> Vec<String> {
    let create = door.user.post("/docs/k?uploads").header("x-amz-checksum-algorithm", "SHA256").sign();
    let upload = door.send(create).await.element("UploadId").expect("an upload").to_owned();
    let (mut sums, mut document) = (Vec::new(), String::from("<CompleteMultipartUpload>"));
    for (number, size) in [(1, PART_BYTES), (2, PART_BYTES), (3, 7)] {
        let path = format!("/docs/k?partNumber={number}&uploadId={upload}");
        let body = vec![number; size];
        let part = door.send(door.user.put(&path).body(body).sign()).await;
        let sum = part.header("x-amz-checksum-sha256").expect("a checksum").to_owned();
        let etag = part.header("etag").expect("an ETag");
        document.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{sum}</ChecksumSHA256></Part>"
        ));
        sums.push(sum);
    }
    document.push_str("</CompleteMultipartUpload>");
    let complete = || door.user.post(&format!("/docs/k?uploadId={upload}")).body(document.clone());
    let wrong = complete().header("x-amz-checksum-sha256", format!("{}-3", sums[0])).sign();
    door.send(wrong).await.refused(400, "BadDigest");
    let raw: Vec<u8> = sums.iter().flat_map(|sum| STANDARD.decode(sum).expect("base64")).collect();
    let whole = format!("{}-3", STANDARD.encode(Sha256::digest(raw)));
    let right = complete().header("x-amz-checksum-sha256", &whole).sign();
    let completed = door.send(right).await;
    assert_eq!(completed.element("ChecksumSHA256"), Some(whole.as_str()), "{completed:?}");
    sums
}

#[tokio::test]
async fn the_attributes_asked_for_are_told_and_no_others() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    let all = attributes(&door, &[("x-amz-object-attributes", ALL)]).await;
    assert_eq!(all.status, 200, "{all:?}");
    assert_eq!(all.element("ETag"), Some("5d41402abc4b2a76b9719d911017c592"), "without quotes");
    assert_eq!((all.element("ObjectSize"), all.element("StorageClass")), (Some("5"), Some("STANDARD")));
    assert_eq!(all.element("ChecksumType"), Some("FULL_OBJECT"));
    assert!(all.element("ChecksumCRC64NVME").is_some() && all.element("ObjectParts").is_none());
    assert!(all.header("last-modified").is_some());
    let length = all.header("content-length").map(|length| length.parse().expect("a number"));
    assert!(length.is_none_or(|length: usize| length == all.body.len()), "{all:?}");
    let one = attributes(&door, &[("x-amz-object-attributes", "ObjectSize")]).await;
    assert_eq!((one.element("ObjectSize"), one.element("ETag")), (Some("5"), None));
    attributes(&door, &[("x-amz-object-attributes", "ETag,Owner")]).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn the_parts_of_an_object_are_told_page_by_page() {
    let door = Door::with_bucket().await;
    let sums = upload(&door).await;
    let all = attributes(&door, &[("x-amz-object-attributes", ALL)]).await;
    assert_eq!(all.elements("PartNumber"), ["1", "2", "3"]);
    assert_eq!(all.elements("Size"), ["5242880", "5242880", "7"]);
    assert_eq!(all.element("PartsCount"), Some("3"), "{}", all.text());
    assert_eq!(all.element("ChecksumType"), Some("COMPOSITE"));
    for sum in &sums {
        assert!(all.elements("ChecksumSHA256").contains(&sum.as_str()));
    }
    let page = |max, after| {
        [
            ("x-amz-object-attributes", "ObjectParts"),
            ("x-amz-max-parts", max),
            ("x-amz-part-number-marker", after),
        ]
    };
    let second = attributes(&door, &page("1", "1")).await;
    assert_eq!(second.elements("PartNumber"), ["2"]);
    assert_eq!(
        (second.element("IsTruncated"), second.element("NextPartNumberMarker")),
        (Some("true"), Some("2"))
    );
    let last = attributes(&door, &page("1", "2")).await;
    assert_eq!((last.element("IsTruncated"), last.element("NextPartNumberMarker")), (Some("false"), None));
    attributes(&door, &page("-1", "0")).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_part_is_read_with_its_own_checksum() {
    let door = Door::with_bucket().await;
    let sums = upload(&door).await;
    for draft in [door.user.get("/docs/k?partNumber=2"), door.user.head("/docs/k?partNumber=2")] {
        let read = door.send(draft.header("x-amz-checksum-mode", "ENABLED").sign()).await;
        assert_eq!((read.status, read.header("x-amz-mp-parts-count")), (206, Some("3")));
        assert_eq!(read.header("x-amz-checksum-sha256"), Some(sums[1].as_str()));
        assert_eq!(read.header("x-amz-checksum-type"), Some("COMPOSITE"));
    }
    let range =
        door.user.get("/docs/k").header("range", "bytes=0-1").header("x-amz-checksum-mode", "ENABLED");
    assert_eq!(door.send(range.sign()).await.header("x-amz-checksum-sha256"), None);
}
