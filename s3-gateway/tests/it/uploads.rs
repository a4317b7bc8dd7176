//! Uploads in parts.

use super::door::{Answer, Door};

const PART: usize = 5 * 1024 * 1024;

async fn begin(door: &Door, key: &str) -> String {
    let answer = door.send(door.user.post(&format!("/docs/{key}?uploads")).sign()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.element("UploadId").expect("an upload id").to_owned()
}

async fn part(door: &Door, key: &str, id: &str, number: u16, body: Vec<u8>) -> String {
    let path = format!("/docs/{key}?partNumber={number}&uploadId={id}");
    let answer = door.send(door.user.put(&path).body(body).sign()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("etag").expect("an ETag").to_owned()
}

async fn complete(door: &Door, key: &str, id: &str, parts: &[(u16, &str)]) -> Answer {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
        .collect();
    let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    door.send(door.user.post(&format!("/docs/{key}?uploadId={id}")).body(document).sign()).await
}

#[tokio::test]
async fn parts_become_one_object() {
    let door = Door::with_bucket().await;
    let (one, two) = (vec![b'a'; PART], vec![b'b'; 100]);
    let id = begin(&door, "k").await;
    let first = part(&door, "k", &id, 1, one.clone()).await;
    let second = part(&door, "k", &id, 2, two.clone()).await;
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");

    let parts = door.send(door.user.get(&format!("/docs/k?uploadId={id}")).sign()).await;
    assert_eq!(parts.elements("PartNumber"), ["1", "2"]);
    assert_eq!(parts.elements("Size"), [PART.to_string().as_str(), "100"]);
    let open = door.send(door.user.get("/docs?uploads").sign()).await;
    assert_eq!((open.elements("Key"), open.elements("UploadId")), (vec!["k"], vec![id.as_str()]));

    let answer = complete(&door, "k", &id, &[(1, &first), (2, &second)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.element("ETag").expect("an ETag").contains("-2"));
    let read = door.send(door.user.get("/docs/k").sign()).await;
    assert!(read.body == [one, two.clone()].concat() && !read.is_broken);
    let share = door.send(door.user.get("/docs/k?partNumber=2").sign()).await;
    assert_eq!((share.status, share.header("x-amz-mp-parts-count")), (206, Some("2")));
    assert!(share.body == two);
    door.send(door.user.get("/docs/k?partNumber=3").sign()).await.refused(400, "InvalidPart");
    let open = door.send(door.user.get("/docs?uploads").sign()).await;
    assert_eq!(open.elements("UploadId").len(), 0);
}

#[tokio::test]
async fn a_completion_must_name_what_is_there() {
    let door = Door::with_bucket().await;
    let id = begin(&door, "k").await;
    let first = part(&door, "k", &id, 1, vec![b'a'; 100]).await;
    let second = part(&door, "k", &id, 2, vec![b'b'; 100]).await;
    complete(&door, "k", &id, &[(1, "\"00000000000000000000000000000000\"")])
        .await
        .refused(400, "InvalidPart");
    complete(&door, "k", &id, &[(3, &first)]).await.refused(400, "InvalidPart");
    complete(&door, "k", &id, &[(2, &second), (1, &first)]).await.refused(400, "InvalidPartOrder");
    complete(&door, "k", &id, &[(1, &first), (2, &second)]).await.refused(400, "EntityTooSmall");
    complete(&door, "k", &id, &[]).await.refused(400, "MalformedXML");
    complete(&door, "k", &"0".repeat(32), &[(1, &first)]).await.refused(404, "NoSuchUpload");
    door.send(door.user.get("/docs/k").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn an_aborted_upload_is_gone() {
    let door = Door::with_bucket().await;
    let id = begin(&door, "k").await;
    part(&door, "k", &id, 1, vec![b'a'; 100]).await;
    let abort = format!("/docs/k?uploadId={id}");
    assert_eq!(door.send(door.user.delete(&abort).sign()).await.status, 204);
    door.send(door.user.get(&abort).sign()).await.refused(404, "NoSuchUpload");
    door.send(door.user.delete(&abort).sign()).await.refused(404, "NoSuchUpload");
    let late = door.user.put(&format!("{abort}&partNumber=1")).body("1").sign();
    door.send(late).await.refused(404, "NoSuchUpload");
}

#[tokio::test]
async fn numbers_of_parts_are_from_1_to_10000() {
    let door = Door::with_bucket().await;
    let id = begin(&door, "k").await;
    for number in ["0", "10001", "-1", "x"] {
        let request = door.user.put(&format!("/docs/k?partNumber={number}&uploadId={id}")).body("1").sign();
        door.send(request).await.refused(400, "InvalidArgument");
    }
    part(&door, "k", &id, 10_000, b"1".to_vec()).await;
}

#[tokio::test]
async fn a_part_must_be_what_the_client_claims() {
    let door = Door::with_bucket().await;
    let id = begin(&door, "k").await;
    let request = door.user.put(&format!("/docs/k?partNumber=1&uploadId={id}")).body("hello");
    let request = request.header("x-amz-checksum-crc32", "AAAAAA==").sign();
    door.send(request).await.refused(400, "BadDigest");
    let parts = door.send(door.user.get(&format!("/docs/k?uploadId={id}")).sign()).await;
    assert_eq!(parts.elements("PartNumber").len(), 0);
}

#[tokio::test]
async fn a_checksum_serves_the_types_that_s3_says() {
    let door = Door::with_bucket().await;
    for (algorithm, kind, is_served) in [
        ("CRC32", "COMPOSITE", true),
        ("CRC32", "FULL_OBJECT", true),
        ("CRC64NVME", "FULL_OBJECT", true),
        ("CRC64NVME", "COMPOSITE", false),
        ("SHA256", "COMPOSITE", true),
        ("SHA256", "FULL_OBJECT", false),
        ("MD4", "COMPOSITE", false),
    ] {
        let request = door.user.post("/docs/k?uploads").header("x-amz-checksum-algorithm", algorithm);
        let answer = door.send(request.header("x-amz-checksum-type", kind).sign()).await;
        if is_served {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.header("x-amz-checksum-type"), Some(kind));
        } else {
            answer.refused(400, "InvalidRequest");
        }
    }
}
