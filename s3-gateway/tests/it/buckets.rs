//! Buckets are made, seen, located and removed.

use s3_gateway::Settings;

use super::door::Door;

#[tokio::test]
async fn a_bucket_is_made_seen_and_removed() {
    let door = Door::open();
    let made = door.send(door.user.put("/docs").sign()).await;
    assert_eq!((made.status, made.header("location")), (200, Some("/docs")));
    let seen = door.send(door.user.head("/docs").sign()).await;
    assert_eq!((seen.status, seen.header("x-amz-bucket-region")), (200, Some("us-east-1")));
    let removed = door.send(door.user.delete("/docs").sign()).await;
    assert_eq!(removed.status, 204);
    door.send(door.user.get("/docs").sign()).await.refused(404, "NoSuchBucket");
    assert_eq!(door.send(door.user.head("/docs").sign()).await.status, 404);
}

#[tokio::test]
async fn a_bucket_that_exists_is_not_made_again() {
    let door = Door::with_bucket().await;
    door.store("k", "1").await;
    door.send(door.other.put("/docs").sign()).await.refused(409, "BucketAlreadyExists");
    assert_eq!(door.send(door.user.put("/docs").sign()).await.status, 200, "the answer of us-east-1");
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.text(), "1");

    let settings = Settings { region: "eu-west-1".to_owned(), ..Settings::default() };
    let door = Door::with(settings);
    let make = || {
        let mut draft = door.user.put("/docs");
        draft.scope.region = "eu-west-1".to_owned();
        draft.sign()
    };
    assert_eq!(door.send(make()).await.status, 200);
    door.send(make()).await.refused(409, "BucketAlreadyOwnedByYou");
}

#[tokio::test]
async fn a_bucket_that_holds_something_is_not_removed() {
    let door = Door::with_bucket().await;
    door.store("a", "1").await;
    door.send(door.user.delete("/docs").sign()).await.refused(409, "BucketNotEmpty");
}

#[tokio::test]
async fn the_location_of_the_first_region_is_empty() {
    let door = Door::with_bucket().await;
    let answer = door.send(door.user.get("/docs?location").sign()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("LocationConstraint"), "{}", answer.text());
    assert!(!answer.text().contains("us-east-1"), "{}", answer.text());
}

#[tokio::test]
async fn a_bucket_is_made_in_this_region_alone() {
    let door = Door::open();
    let configuration = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    let there = door.user.put("/docs").body(configuration("eu-west-1")).sign();
    door.send(there).await.refused(400, "InvalidLocationConstraint");
    let here = door.user.put("/docs").body(configuration("us-east-1")).sign();
    assert_eq!(door.send(here).await.status, 200);
}

#[tokio::test]
async fn versioning_was_never_enabled() {
    let door = Door::with_bucket().await;
    let answer = door.send(door.user.get("/docs?versioning").sign()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("VersioningConfiguration"), "{}", answer.text());
    assert_eq!(answer.element("Status"), None);
}

#[tokio::test]
async fn buckets_are_listed_in_pages() {
    let door = Door::open();
    for name in ["/one-1", "/one-2", "/one-3", "/two-1"] {
        assert_eq!(door.send(door.user.put(name).sign()).await.status, 200);
    }
    let first = door.send(door.user.get("/?prefix=one&max-buckets=2").sign()).await;
    assert_eq!(first.elements("Name"), ["one-1", "one-2"]);
    let token = first.element("ContinuationToken").expect("more follow").to_owned();
    let second = door.user.get("/?prefix=one&max-buckets=2").query("continuation-token", &token).sign();
    let second = door.send(second).await;
    assert_eq!(second.elements("Name"), ["one-3"]);
    assert_eq!(second.element("ContinuationToken"), None);
    let wrong = door.user.get("/?continuation-token=none").sign();
    door.send(wrong).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn names_that_break_the_rules_are_refused() {
    let door = Door::open();
    for name in ["/Docs", "/ab", "/192.168.1.1", "/a..b", "/xn--docs"] {
        door.send(door.user.put(name).sign()).await.refused(400, "InvalidBucketName");
    }
}
