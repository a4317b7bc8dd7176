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
async fn another_list_is_refused_and_changes_nothing() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for path in ["/docs?acl", "/docs/k?acl"] {
        let put = door.user.put(path).header("x-amz-acl", "public-read").sign();
        door.send(put).await.refused(400, "AccessControlListNotSupported");
        let unsaid = door.user.put(path).sign();
        door.send(unsaid).await.refused(400, "AccessControlListNotSupported");
        let foreign = door.other.put(path).header("x-amz-acl", "public-read").sign();
        door.send(foreign).await.refused(403, "AccessDenied");
    }
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "1");
}

/// Copying clients write what they read; a list that differs in anything is refused.
#[tokio::test]
async fn the_list_that_holds_is_taken() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    for path in ["/docs?acl", "/docs/k?acl"] {
        let shown = door.send(door.user.get(path).sign()).await.text().to_owned();
        let taken =
            [door.user.put(path).body(shown.clone()), door.user.put(path).header("x-amz-acl", "private")];
        for put in taken {
            let answer = door.send(put.sign()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let (id, other) = (&door.user.id, &door.other.id);
        let grant = &shown[shown.find("<Grant>").unwrap()..shown.find("</AccessControlList>").unwrap()];
        for changed in [
            shown.replace("FULL_CONTROL", "READ"),
            shown.replace(id, other),
            shown.replacen(id, other, 1),
            shown.replace(grant, ""),
            shown.replace(grant, &grant.repeat(2)),
        ] {
            assert_ne!(changed, shown);
            let put = door.user.put(path).body(changed).sign();
            door.send(put).await.refused(400, "AccessControlListNotSupported");
        }
    }
}
