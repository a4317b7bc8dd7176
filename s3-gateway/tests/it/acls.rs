//! Access control lists: the owner has everything, and that cannot be changed.

use super::door::Door;

#[tokio::test]
async fn the_owner_has_full_control() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for path in ["/docs?acl", "/docs/k?acl"] {
        let acl = door.send(door.user.get(path).sign()).await;
        assert_eq!(acl.elements("ID"), [door.user.id.as_str(), door.user.id.as_str()], "{}", acl.text());
        assert_eq!(acl.elements("Permission"), ["FULL_CONTROL"]);
        assert!(acl.text().contains("xsi:type=\"CanonicalUser\""), "{}", acl.text());
        door.send(door.other.get(path).sign()).await.refused(403, "AccessDenied");
    }
    door.send(door.user.get("/docs/gone?acl").sign()).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn lists_cannot_be_put_and_change_nothing() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for path in ["/docs?acl", "/docs/k?acl"] {
        let put = door.user.put(path).header("x-amz-acl", "public-read").sign();
        door.send(put).await.refused(400, "AccessControlListNotSupported");
        let foreign = door.other.put(path).header("x-amz-acl", "public-read").sign();
        door.send(foreign).await.refused(403, "AccessDenied");
    }
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "1");
}
