//! What every answer carries, and how a refusal of the engine looks.

use super::door::Door;

#[tokio::test]
async fn every_answer_carries_ids_and_every_error_repeats_them() {
    let door = Door::with_bucket().await;
    let well = door.send(door.user.get("/docs").sign()).await;
    let denied = door.send(door.user.get("/docs/none").sign()).await;
    let stopped = door.send(door.user.get("/docs/none").unsigned()).await;
    let mut ids = Vec::new();
    for answer in [&well, &denied, &stopped] {
        let id = answer.header("x-amz-request-id").expect("a request id");
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
        assert!(answer.header("x-amz-id-2").is_some());
        assert_eq!(answer.header("server"), Some("ArtStore"));
        ids.push(id.to_owned());
    }
    for answer in [&denied, &stopped] {
        assert_eq!(answer.element("RequestId"), answer.header("x-amz-request-id"));
        assert_eq!(answer.element("HostId"), answer.header("x-amz-id-2"));
        assert_eq!(answer.element("Resource"), Some("/docs/none"));
        assert_eq!(answer.header("content-type"), Some("application/xml"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "no two requests share an id");
}

#[tokio::test]
async fn a_refusal_by_mode_names_the_mode() {
    let door = Door::with_bucket().await;
    let put = |body: &'static str| {
        door.user.put("/docs/final").header("x-amz-storage-class", "STANDARD_IA").body(body).sign()
    };
    assert_eq!(door.send(put("1")).await.status, 200);
    let seen = door.send(door.user.head("/docs/final").sign()).await;
    assert_eq!(seen.header("x-amz-storage-class"), Some("STANDARD_IA"));
    for request in [put("2"), door.user.delete("/docs/final").sign()] {
        let answer = door.send(request).await;
        answer.refused(403, "AccessDenied");
        assert_eq!(answer.header("x-artstore-mode"), Some("rw"));
        assert!(answer.element("Message").expect("a message").contains("mode rw"));
    }
    assert_eq!(door.send(put("1")).await.status, 200, "a repeat changes nothing");
    let document = "<Delete><Object><Key>final</Key></Object></Delete>";
    let many = door.send(door.user.post("/docs?delete").body(document).sign()).await;
    assert_eq!((many.status, many.element("Code")), (200, Some("AccessDenied")));
    assert_eq!(door.send(door.user.get("/docs/final").sign()).await.text(), "1");
}

#[tokio::test]
async fn a_closed_archive_is_unavailable() {
    let door = Door::with_bucket().await;
    door.archive.close().expect("an archive closes");
    let answer = door.send(door.user.put("/docs/k").body("1").sign()).await;
    answer.refused(503, "ServiceUnavailable");
}

#[tokio::test]
async fn an_absent_bucket_and_a_broken_version_id_are_told() {
    let door = Door::with_bucket().await;
    door.send(door.user.put("/none/k").body("1").sign()).await.refused(404, "NoSuchBucket");
    door.send(door.user.get("/docs/k?versionId=x").sign()).await.refused(400, "InvalidArgument");
}
