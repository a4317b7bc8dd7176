//! Tags of objects.

use super::door::{Answer, Door};

fn document(tags: &[(&str, &str)]) -> String {
    let tags: String = tags
        .iter()
        .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"))
        .collect();
    format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
}

async fn put(door: &Door, tags: &[(&str, &str)]) -> Answer {
    door.send(door.user.put("/docs/k?tagging").body(document(tags)).sign()).await
}

async fn get(door: &Door) -> Answer {
    door.send(door.user.get("/docs/k?tagging").sign()).await
}

#[tokio::test]
async fn tags_are_put_replaced_and_removed_and_nothing_else_changes() {
    let door = Door::with_bucket().await;
    for class in ["STANDARD", "STANDARD_IA"] {
        let store = door.user.put("/docs/k").header("x-amz-storage-class", class).header("x-amz-meta-a", "b");
        let stored = door.send(store.body("hello").sign()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let before = door.send(door.user.head("/docs/k").sign()).await;
        assert!(get(&door).await.element("Key").is_none());
        assert_eq!(put(&door, &[("b", "2"), ("a", "1")]).await.status, 200);
        let tags = get(&door).await;
        assert_eq!((tags.elements("Key"), tags.elements("Value")), (vec!["a", "b"], vec!["1", "2"]));
        assert_eq!(put(&door, &[("клиент", "Иванов & Co".replace('&', "&amp;").as_str())]).await.status, 200);
        assert_eq!(get(&door).await.elements("Key"), ["клиент"]);
        let after = door.send(door.user.get("/docs/k").sign()).await;
        assert_eq!((after.text(), after.header("x-amz-tagging-count")), ("hello", Some("1")));
        for name in ["etag", "last-modified", "x-amz-meta-a", "x-amz-storage-class"] {
            assert_eq!(after.header(name), before.header(name), "{name}");
        }
        assert_eq!(door.send(door.user.delete("/docs/k?tagging").sign()).await.status, 204);
        assert!(get(&door).await.element("Key").is_none());
        assert_eq!(
            door.send(door.user.get("/docs/k").sign()).await.text(),
            "hello",
            "the object is still there"
        );
    }
}

#[tokio::test]
async fn tags_that_break_the_rules_change_nothing() {
    let door = Door::with_bucket().await;
    door.store("k", "hello").await;
    assert_eq!(put(&door, &[("a", "1")]).await.status, 200);
    let names: Vec<String> = (0..11).map(|at| at.to_string()).collect();
    let eleven: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    put(&door, &eleven).await.refused(400, "InvalidTag");
    put(&door, &[(&"k".repeat(129), "1")]).await.refused(400, "InvalidTag");
    put(&door, &[("k", &"v".repeat(257))]).await.refused(400, "InvalidTag");
    put(&door, &[("a", "1"), ("a", "2")]).await.refused(400, "InvalidTag");
    let no_document = door.user.put("/docs/k?tagging").body("<Tags>").sign();
    door.send(no_document).await.refused(400, "MalformedXML");
    assert_eq!(get(&door).await.elements("Value"), ["1"]);
}

#[tokio::test]
async fn tags_are_of_an_object_that_is_there_and_of_who_may() {
    let door = Door::with_bucket().await;
    get(&door).await.refused(404, "NoSuchKey");
    put(&door, &[("a", "1")]).await.refused(404, "NoSuchKey");
    door.store("k", "hello").await;
    for request in [door.other.get("/docs/k?tagging"), door.other.delete("/docs/k?tagging")] {
        door.send(request.sign()).await.refused(403, "AccessDenied");
    }
    let foreign = door.other.put("/docs/k?tagging").body(document(&[("a", "1")])).sign();
    door.send(foreign).await.refused(403, "AccessDenied");
    // Those of a bucket are not served, and must not become an object's or a bucket.
    let of_bucket = door.user.put("/docs?tagging").body(document(&[("a", "1")])).sign();
    door.send(of_bucket).await.refused(501, "NotImplemented");
    door.send(door.user.delete("/docs?tagging").sign()).await.refused(501, "NotImplemented");
}
