//! Versions through the door.

use super::door::{Answer, Door};

async fn set(door: &Door, status: &str) -> Answer {
    let document = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
    door.send(door.user.put("/docs?versioning").body(document).sign()).await
}

async fn state(door: &Door) -> Option<String> {
    door.send(door.user.get("/docs?versioning").sign()).await.element("Status").map(str::to_owned)
}

fn version(answer: &Answer) -> String {
    answer.header("x-amz-version-id").expect("a version id").to_owned()
}

#[tokio::test]
async fn versioning_is_switched_on_and_suspended_and_never_off() {
    let door = Door::with_bucket().await;
    assert_eq!(state(&door).await, None);
    for status in ["Enabled", "Suspended", "Suspended", "Enabled"] {
        assert_eq!(set(&door, status).await.status, 200);
        assert_eq!(state(&door).await.as_deref(), Some(status));
    }
    set(&door, "Disabled").await.refused(400, "MalformedXML");
    let mfa = "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>";
    door.send(door.user.put("/docs?versioning").body(mfa).sign()).await.refused(501, "NotImplemented");
    let foreign = door.other.put("/docs?versioning").body("<VersioningConfiguration/>").sign();
    assert!([400, 403].contains(&door.send(foreign).await.status));
    assert_eq!(state(&door).await.as_deref(), Some("Enabled"));
}

#[tokio::test]
async fn overwriting_and_deleting_keep_what_was_there() {
    let door = Door::with_bucket().await;
    door.store("k", "zero").await;
    assert_eq!(set(&door, "Enabled").await.status, 200);
    let (one, two) = (version(&door.store("k", "one").await), version(&door.store("k", "two").await));
    let deleted = door.send(door.user.delete("/docs/k").sign()).await;
    assert_eq!((deleted.status, deleted.header("x-amz-delete-marker")), (204, Some("true")));
    let marker = version(&deleted);
    let gone = door.send(door.user.get("/docs/k").sign()).await;
    gone.refused(404, "NoSuchKey");
    assert_eq!(gone.header("x-amz-delete-marker"), Some("true"), "it was deleted, and can come back");
    assert_eq!(version(&gone), marker);
    for (id, text) in [("null", "zero"), (one.as_str(), "one"), (two.as_str(), "two")] {
        let read = door.send(door.user.get(&format!("/docs/k?versionId={id}")).sign()).await;
        assert_eq!((read.text(), version(&read).as_str()), (text, id));
    }
    let named = door.send(door.user.get(&format!("/docs/k?versionId={marker}")).sign()).await;
    named.refused(405, "MethodNotAllowed");
    assert_eq!(version(&named), marker);
    let listed = door.send(door.user.get("/docs?versions").sign()).await;
    // Delete markers come first in the document, each kind in its order.
    assert_eq!(listed.elements("VersionId"), [&marker, two.as_str(), &one, "null"]);
    assert_eq!(listed.elements("IsLatest"), ["true", "false", "false", "false"]);
    door.send(door.user.delete("/docs").sign()).await.refused(409, "BucketNotEmpty");
    let removed = door.send(door.user.delete(&format!("/docs/k?versionId={marker}")).sign()).await;
    assert_eq!((removed.status, removed.header("x-amz-delete-marker")), (204, Some("true")));
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "two");
    let removed = door.send(door.user.delete(&format!("/docs/k?versionId={two}")).sign()).await;
    assert_eq!((removed.status, version(&removed)), (204, two));
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "one");
}

#[tokio::test]
async fn a_suspended_bucket_has_one_null_version() {
    let door = Door::with_bucket().await;
    assert_eq!(set(&door, "Enabled").await.status, 200);
    let kept = version(&door.store("k", "kept").await);
    assert_eq!(set(&door, "Suspended").await.status, 200);
    for text in ["one", "two"] {
        assert_eq!(version(&door.store("k", text).await), "null");
    }
    let listed = door.send(door.user.get("/docs?versions").sign()).await;
    assert_eq!(listed.elements("VersionId"), ["null", kept.as_str()]);
    let deleted = door.send(door.user.delete("/docs/k").sign()).await;
    assert_eq!(version(&deleted), "null");
    let listed = door.send(door.user.get("/docs?versions").sign()).await;
    assert_eq!(listed.elements("VersionId"), ["null", kept.as_str()], "the marker took its place");
    assert_eq!(listed.text().matches("<DeleteMarker>").count(), 1);
}

/// In a suspended bucket a copy of a version onto itself is the `null` version: the other stays as it was.
#[tokio::test]
async fn a_copy_onto_itself_leaves_a_version_alone() {
    let door = Door::with_bucket().await;
    set(&door, "Enabled").await;
    let kept = version(&door.store("k", "1").await);
    set(&door, "Suspended").await;
    let replace = |note: &str| {
        let copy = door.user.put("/docs/k").header("x-amz-copy-source", "/docs/k");
        copy.header("x-amz-metadata-directive", "REPLACE").header("x-amz-meta-note", note).sign()
    };
    for note in ["one", "two"] {
        let copied = door.send(replace(note)).await;
        assert_eq!(version(&copied), "null");
        let current = door.send(door.user.get("/docs/k").sign()).await;
        assert_eq!((current.text(), current.header("x-amz-meta-note")), ("1", Some(note)));
    }
    let of_version = door.send(door.user.get(&format!("/docs/k?versionId={kept}")).sign()).await;
    assert_eq!((of_version.text(), of_version.header("x-amz-meta-note")), ("1", None));
    let listed = door.send(door.user.get("/docs?versions").sign()).await;
    assert_eq!(listed.elements("VersionId"), ["null", kept.as_str()]);
}

#[tokio::test]
async fn a_version_is_copied_and_tagged_by_its_id() {
    let door = Door::with_bucket().await;
    assert_eq!(set(&door, "Enabled").await.status, 200);
    let one = version(&door.store("k", "one").await);
    door.store("k", "two").await;
    let from = format!("/docs/k?versionId={one}");
    let copied = door.send(door.user.put("/docs/k").header("x-amz-copy-source", &from).sign()).await;
    assert_eq!((copied.status, copied.header("x-amz-copy-source-version-id")), (200, Some(one.as_str())));
    assert_ne!(version(&copied), one, "what was old is current again, as a new version");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "one");
    let touched = door
        .user
        .put("/docs/k")
        .header("x-amz-copy-source", "/docs/k")
        .header("x-amz-metadata-directive", "REPLACE")
        .header("x-amz-meta-a", "b");
    let touched = door.send(touched.sign()).await;
    assert_ne!(version(&touched), version(&copied), "a copy onto itself is a new version here");

    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let tagged = door.user.put("/docs/k?tagging").query("versionId", &one).body(tags).sign();
    assert_eq!(version(&door.send(tagged).await), one);
    let count = |answer: &Answer| answer.header("x-amz-tagging-count").map(str::to_owned);
    let old = door.send(door.user.head(&format!("/docs/k?versionId={one}")).sign()).await;
    assert_eq!(count(&old).as_deref(), Some("1"));
    assert_eq!(count(&door.send(door.user.head("/docs/k").sign()).await), None);
}

/// What is final keeps its bytes: a new version goes where new objects go, and a marker hides it.
#[tokio::test]
async fn a_versioned_bucket_lets_new_versions_stand_before_final_ones() {
    let door = Door::with_bucket().await;
    assert_eq!(set(&door, "Enabled").await.status, 200);
    let put = door.user.put("/docs/k").header("x-amz-storage-class", "STANDARD_IA").body("final");
    let last = version(&door.send(put.sign()).await);
    assert_eq!(door.store("k", "new").await.status, 200);
    let read = door.send(door.user.get(&format!("/docs/k?versionId={last}")).sign()).await;
    assert_eq!((read.text(), read.header("x-amz-storage-class")), ("final", Some("STANDARD_IA")));
    let refused = door.send(door.user.delete(&format!("/docs/k?versionId={last}")).sign()).await;
    refused.refused(403, "AccessDenied");
    assert_eq!(refused.header("x-artstore-mode"), Some("rw"));
    assert_eq!(door.send(door.user.delete("/docs/k").sign()).await.status, 204);
    assert_eq!(door.send(door.user.get(&format!("/docs/k?versionId={last}")).sign()).await.text(), "final");
}
