//! Buckets in the name of the host.

use s3_gateway::Settings;

use super::door::Door;
use super::draft::Draft;

fn at(draft: Draft, host: &str) -> Draft {
    draft.host(host)
}

#[tokio::test]
async fn a_bucket_may_stand_in_the_host() {
    let door = Door::with_bucket().await;
    let host = "docs.localhost:9000";
    let stored = door.send(at(door.user.put("/a/b c"), host).body("hello").sign()).await;
    assert_eq!(stored.status, 200, "{stored:?}");
    assert_eq!(door.send(door.user.get("/docs/a/b c").sign()).await.text(), "hello");
    assert_eq!(door.send(at(door.user.get("/a/b c"), host).sign()).await.text(), "hello");
    assert_eq!(door.send(at(door.user.get("/a/b c"), host).presign("60")).await.text(), "hello");
    let listed = door.send(at(door.user.get("/?list-type=2"), host).sign()).await;
    assert_eq!((listed.element("Name"), listed.element("Key")), (Some("docs"), Some("a/b c")));
}

#[tokio::test]
async fn a_bucket_is_made_and_removed_by_its_host() {
    let door = Door::open();
    let host = "fresh.localhost";
    assert_eq!(door.send(at(door.user.put("/"), host).sign()).await.status, 200);
    assert_eq!(door.send(at(door.user.head("/"), host).sign()).await.status, 200);
    assert_eq!(door.send(at(door.user.delete("/"), host).sign()).await.status, 204);
    door.send(at(door.user.get("/"), host).sign()).await.refused(404, "NoSuchBucket");
}

#[tokio::test]
async fn a_completed_upload_tells_its_address_by_host() {
    let door = Door::with_bucket().await;
    let host = "docs.localhost:9000";
    let created = door.send(at(door.user.post("/k?uploads"), host).sign()).await;
    let upload = created.element("UploadId").expect("an upload").to_owned();
    let part = at(door.user.put(&format!("/k?partNumber=1&uploadId={upload}")), host).body("1").sign();
    let etag = door.send(part).await.header("etag").expect("an ETag").to_owned();
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    let complete = at(door.user.post(&format!("/k?uploadId={upload}")), host).body(document).sign();
    let completed = door.send(complete).await;
    assert_eq!(completed.element("Location"), Some("http://docs.localhost:9000/k"), "{completed:?}");
}

#[tokio::test]
async fn the_host_is_signed() {
    let door = Door::with_bucket().await;
    door.send(door.admin.put("/secret").sign()).await;
    let mut request = at(door.user.get("/k"), "docs.localhost").sign();
    request.headers_mut().insert("host", "secret.localhost".parse().expect("a header's value"));
    door.send(request).await.refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_host_that_is_no_subdomain_names_no_bucket() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for host in ["archive.lan:9000", "docs.example.com", "127.0.0.1:9000", "[::1]:9000"] {
        assert_eq!(door.send(at(door.user.get("/docs/k"), host).sign()).await.text(), "1", "{host}");
    }
    let settings = Settings { domains: vec!["s3.example.com".to_owned()], ..Settings::default() };
    let door = Door::with(settings);
    assert_eq!(door.send(at(door.user.put("/"), "docs.s3.example.com").sign()).await.status, 200);
    let answer = door.send(at(door.user.put("/"), "Wrong_Name.s3.example.com").sign()).await;
    answer.refused(400, "InvalidBucketName");
}
