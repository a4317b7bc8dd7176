//! Listings: prefixes, delimiters, pages, spellings, and arguments that are none.

use super::door::Door;

async fn filled() -> Door {
    let door = Door::with_bucket().await;
    for key in ["a b", "dir/one", "dir/two", "dir/sub/three", "other/x", "ы", "z"] {
        door.store(key, "1").await;
    }
    door
}

#[tokio::test]
async fn keys_come_in_bytewise_order() {
    let door = filled().await;
    for query in ["", "?list-type=2"] {
        let listed = door.send(door.user.get(&format!("/docs{query}")).sign()).await;
        let keys = ["a b", "dir/one", "dir/sub/three", "dir/two", "other/x", "z", "ы"];
        assert_eq!(listed.elements("Key"), keys);
        assert_eq!(listed.element("IsTruncated"), Some("false"));
        assert_eq!(listed.elements("StorageClass").len(), 7, "XML always tells the class");
        assert_eq!(listed.element("ETag"), Some("\"c4ca4238a0b923820dcc509a6f75849b\""));
    }
}

#[tokio::test]
async fn a_delimiter_rolls_up() {
    let door = filled().await;
    let listed = door.send(door.user.get("/docs?list-type=2&delimiter=/").sign()).await;
    assert_eq!(listed.elements("Key"), ["a b", "z", "ы"]);
    assert!(listed.text().contains("<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>"));
    assert_eq!(listed.element("KeyCount"), Some("5"));
    let below = door.send(door.user.get("/docs?list-type=2&delimiter=/&prefix=dir/").sign()).await;
    assert_eq!(below.elements("Key"), ["dir/one", "dir/two"]);
    assert!(below.text().contains("<CommonPrefixes><Prefix>dir/sub/</Prefix></CommonPrefixes>"));
}

#[tokio::test]
async fn pages_join_to_the_whole() {
    let door = filled().await;
    for size in 1..=6 {
        let (mut keys, mut prefixes, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let mut request =
                door.user.get("/docs?list-type=2&delimiter=/").query("max-keys", &size.to_string());
            if let Some(token) = &token {
                request = request.query("continuation-token", token);
            }
            let page = door.send(request.sign()).await;
            keys.extend(page.elements("Key").into_iter().map(str::to_owned));
            prefixes += page.elements("CommonPrefixes").len();
            token = page.element("NextContinuationToken").map(str::to_owned);
            assert_eq!(page.element("IsTruncated"), Some(if token.is_some() { "true" } else { "false" }));
            if token.is_none() {
                break;
            }
        }
        assert_eq!((keys.join(","), prefixes), ("a b,z,ы".to_owned(), 2), "pages of {size}");
    }
}

#[tokio::test]
async fn a_marker_passes_over_what_is_before_it() {
    let door = filled().await;
    let page = door.send(door.user.get("/docs?delimiter=/&max-keys=2").sign()).await;
    assert_eq!(page.element("NextMarker"), Some("dir/"));
    let next = door.send(door.user.get("/docs?delimiter=/&marker=dir/").sign()).await;
    assert_eq!(next.elements("Key"), ["z", "ы"]);
    assert_eq!(next.element("Marker"), Some("dir/"));
    let after = door.send(door.user.get("/docs?list-type=2&start-after=other/x").sign()).await;
    assert_eq!(after.elements("Key"), ["z", "ы"]);
}

#[tokio::test]
async fn names_are_encoded_on_demand() {
    let door = filled().await;
    let listed = door.send(door.user.get("/docs?list-type=2&encoding-type=url").sign()).await;
    let keys = ["a%20b", "dir/one", "dir/sub/three", "dir/two", "other/x", "z", "%D1%8B"];
    assert_eq!(listed.elements("Key"), keys);
    assert_eq!(listed.element("EncodingType"), Some("url"));
}

#[tokio::test]
async fn the_owner_is_told_where_it_belongs() {
    let door = filled().await;
    let fetched = door.send(door.user.get("/docs?list-type=2&fetch-owner=true").sign()).await;
    assert_eq!(fetched.elements("ID").len(), 7);
    assert_eq!(fetched.element("ID"), Some(door.user.id.as_str()));
    let plain = door.send(door.user.get("/docs?list-type=2").sign()).await;
    assert_eq!(plain.elements("ID").len(), 0);
    let first = door.send(door.user.get("/docs").sign()).await;
    assert_eq!(first.elements("ID").len(), 7);
}

#[tokio::test]
async fn sizes_of_pages_are_understood_as_in_s3() {
    let door = filled().await;
    let none = door.send(door.user.get("/docs?max-keys=0").sign()).await;
    assert_eq!((none.elements("Key").len(), none.element("IsTruncated")), (0, Some("false")));
    let many = door.send(door.user.get("/docs?list-type=2&max-keys=5000").sign()).await;
    assert_eq!(many.element("MaxKeys"), Some("1000"));
    for query in ["max-keys=-1", "max-keys=ten", "max-keys=", "encoding-type=base64"] {
        for kind in ["", "list-type=2&"] {
            let request = door.user.get(&format!("/docs?{kind}{query}")).sign();
            door.send(request).await.refused(400, "InvalidArgument");
        }
    }
    let request = door.user.get("/docs?list-type=2&continuation-token=bm8").sign();
    door.send(request).await.refused(400, "InvalidArgument");
    let empty = door.send(door.user.get("/docs?list-type=2&continuation-token=").sign()).await;
    assert_eq!(empty.elements("Key").len(), 7, "an empty token is none");
}

#[tokio::test]
async fn every_object_is_listed_as_its_version() {
    let door = Door::with_bucket().await;
    for key in ["a", "b/1", "b/2", "c d"] {
        door.store(key, "1").await;
    }
    let all = door.send(door.user.get("/docs?versions").sign()).await;
    assert_eq!(all.elements("Key"), ["a", "b/1", "b/2", "c d"], "{}", all.text());
    assert_eq!(all.elements("VersionId"), ["null"; 4]);
    assert_eq!((all.elements("IsLatest"), all.element("IsTruncated")), (vec!["true"; 4], Some("false")));
    assert_eq!(all.elements("StorageClass"), ["STANDARD"; 4]);
    let rolled = door.send(door.user.get("/docs?versions&delimiter=/&encoding-type=url").sign()).await;
    assert_eq!(rolled.elements("Key"), ["a", "c%20d"]);
    assert!(rolled.text().contains("<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"));

    let (mut key, mut version, mut keys) = (String::new(), String::new(), Vec::new());
    for _ in 0..4 {
        let page = door
            .user
            .get("/docs?versions&max-keys=1")
            .query("key-marker", &key)
            .query("version-id-marker", &version);
        let page = door.send(page.sign()).await;
        keys.extend(page.elements("Key").into_iter().map(str::to_owned));
        key = page.element("NextKeyMarker").unwrap_or_default().to_owned();
        version = page.element("NextVersionIdMarker").unwrap_or_default().to_owned();
    }
    assert_eq!(keys, ["a", "b/1", "b/2", "c d"]);
    assert_eq!((key, version), (String::new(), String::new()), "the last page is the last");
    let lonely = door.user.get("/docs?versions").query("version-id-marker", "null").sign();
    door.send(lonely).await.refused(400, "InvalidArgument");
    let foreign = door.send(door.other.get("/docs?versions").sign()).await;
    foreign.refused(403, "AccessDenied");
}

#[tokio::test]
async fn a_prefix_that_xml_can_hold_is_repeated_as_it_is_by_the_first_version() {
    let door = Door::with_bucket().await;
    for (prefix, shown) in [("a b", "a b"), ("\u{1}", "%01")] {
        let list = door.user.get("/docs?encoding-type=url").query("prefix", prefix);
        assert_eq!(door.send(list.sign()).await.element("Prefix"), Some(shown));
        let list = door.user.get("/docs?list-type=2&encoding-type=url").query("prefix", prefix);
        assert_ne!(door.send(list.sign()).await.element("Prefix"), Some("a b"));
    }
}
