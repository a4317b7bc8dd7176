//! Lifecycle rules through the door: what is set is shown, what is not valid is refused, and the headers tell
//! what will happen.

use super::door::{Answer, Door};

const URL: &str = "/docs?lifecycle";

fn configuration(rules: &str) -> String {
    format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</LifecycleConfiguration>"
    )
}

async fn set(door: &Door, rules: &str) -> Answer {
    door.send(door.user.put(URL).body(configuration(rules)).sign()).await
}

async fn shown(door: &Door) -> Answer {
    door.send(door.user.get(URL).sign()).await
}

/// A rule with a filter and an action, enabled.
fn rule(id: &str, filter: &str, action: &str) -> String {
    format!("<Rule><ID>{id}</ID><Filter>{filter}</Filter><Status>Enabled</Status>{action}</Rule>")
}

const EXPIRES: &str = "<Expiration><Days>3</Days></Expiration>";

/// Whatever a configuration may say comes back as it was given, the older form in the older form.
#[tokio::test]
async fn what_is_set_is_shown() {
    let door = Door::with_bucket().await;
    let whole = [
        "<Rule><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        "<Expiration><Days>400</Days></Expiration><Filter><Prefix>logs/</Prefix></Filter><ID>all of it</ID>",
        "<NoncurrentVersionExpiration><NewerNoncurrentVersions>5</NewerNoncurrentVersions><NoncurrentDays>90</NoncurrentDays></NoncurrentVersionExpiration>",
        "<NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition>",
        "<Status>Enabled</Status>",
        "<Transition><Days>0</Days><StorageClass>STANDARD_IA</StorageClass></Transition>",
        "<Transition><Days>90</Days><StorageClass>GLACIER_IR</StorageClass></Transition>",
        "<Transition><Days>365</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule>",
        "<Rule><Expiration><Date>2031-02-01T00:00:00.000Z</Date></Expiration>",
        "<Filter><And><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan><ObjectSizeLessThan>20</ObjectSizeLessThan>",
        "<Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><ID>joined</ID><Status>Disabled</Status></Rule>",
        "<Rule><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
        "<Filter></Filter><ID>markers</ID><Status>Enabled</Status></Rule>",
        "<Rule><Expiration><Days>1</Days></Expiration><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><ID>tagged</ID><Status>Enabled</Status></Rule>",
    ]
    .concat();
    let answer = set(&door, &whole).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("x-amz-transition-default-minimum-object-size"),
        Some("all_storage_classes_128K")
    );
    let seen = shown(&door).await;
    assert_eq!(seen.status, 200);
    assert!(seen.text().contains(&whole), "{}", seen.text());
    assert_eq!(seen.header("x-amz-transition-default-minimum-object-size"), Some("all_storage_classes_128K"));
    let older = "<Rule><Expiration><Days>3</Days></Expiration><ID>o</ID><Prefix>old/</Prefix><Status>Enabled</Status></Rule>";
    let request =
        door.user.put(URL).header("x-amz-transition-default-minimum-object-size", "varies_by_storage_class");
    assert_eq!(door.send(request.body(configuration(older)).sign()).await.status, 200);
    let seen = shown(&door).await;
    assert!(seen.text().contains(older), "{}", seen.text());
    assert_eq!(seen.header("x-amz-transition-default-minimum-object-size"), Some("varies_by_storage_class"));
}

#[tokio::test]
async fn rules_are_removed_and_owned() {
    let door = Door::with_bucket().await;
    shown(&door).await.refused(404, "NoSuchLifecycleConfiguration");
    assert_eq!(door.send(door.user.delete(URL).sign()).await.status, 204, "as good without any");
    assert_eq!(set(&door, &rule("r", "", EXPIRES)).await.status, 200);
    for request in [
        door.other.put(URL).body(configuration(&rule("r", "", EXPIRES))),
        door.other.get(URL),
        door.other.delete(URL),
    ] {
        door.send(request.sign()).await.refused(403, "AccessDenied");
    }
    assert_eq!(shown(&door).await.elements("ID"), ["r"]);
    assert_eq!(door.send(door.user.delete(URL).sign()).await.status, 204);
    shown(&door).await.refused(404, "NoSuchLifecycleConfiguration");
    assert_eq!(door.send(door.user.get("/docs").sign()).await.status, 200, "the bucket is there");
    let elsewhere = door.user.put("/nowhere?lifecycle").body(configuration(&rule("r", "", EXPIRES))).sign();
    door.send(elsewhere).await.refused(404, "NoSuchBucket");
}

#[tokio::test]
async fn a_rule_without_an_id_gets_one() {
    let door = Door::with_bucket().await;
    let nameless = format!("<Rule><Filter/><Status>Enabled</Status>{EXPIRES}</Rule>");
    assert_eq!(set(&door, &format!("{nameless}{nameless}")).await.status, 200);
    let seen = shown(&door).await;
    let ids = seen.elements("ID");
    assert!(ids.len() == 2 && ids[0] != ids[1] && !ids[0].is_empty(), "{ids:?}");
}

/// What is refused leaves the rules before it.
#[tokio::test]
async fn what_is_not_valid_is_refused_by_its_code() {
    let door = Door::with_bucket().await;
    assert_eq!(set(&door, &rule("before", "", EXPIRES)).await.status, 200);
    let transition = |days: &str, class: &str| {
        format!("<Transition>{days}<StorageClass>{class}</StorageClass></Transition>")
    };
    let malformed = [
        String::new(),
        rule("r", "", "<Expiration/>"),
        rule("r", "", "<Expiration><Days>1</Days><Date>2031-02-01T00:00:00Z</Date></Expiration>"),
        rule("r", "", "<Expiration><Days>soon</Days></Expiration>"),
        rule("r", "", &transition("", "GLACIER")),
        rule("r", "", &transition("<Days>1</Days>", "STANDARD")),
        rule("r", "", &transition("<Days>1</Days>", "FREEZER")),
        rule("r", "", "<NoncurrentVersionExpiration/>"),
        rule("r", "", "<AbortIncompleteMultipartUpload/>"),
        rule("r", "<Prefix>a</Prefix><ObjectSizeLessThan>5</ObjectSizeLessThan>", EXPIRES),
        rule("r", "<And><Prefix>a</Prefix></And>", EXPIRES),
        format!("<Rule><ID>r</ID><Status>Enabled</Status>{EXPIRES}</Rule>"),
        format!("<Rule><ID>r</ID><Prefix/><Filter/><Status>Enabled</Status>{EXPIRES}</Rule>"),
        format!("<Rule><ID>r</ID><Filter/><Status>enabled</Status>{EXPIRES}</Rule>"),
        (0..1001).map(|number| rule(&number.to_string(), "", EXPIRES)).collect(),
    ];
    for rules in malformed {
        set(&door, &rules).await.refused(400, "MalformedXML");
    }
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    let arguments = [
        rule("r", "", "<Expiration><Days>0</Days></Expiration>"),
        rule("r", "", "<Expiration><Days>-1</Days></Expiration>"),
        rule("r", "", "<Expiration><Date>2031-02-01T10:00:00Z</Date></Expiration>"),
        rule("r", "", "<Expiration><Date>2031-02-01T00:00:00.0000001Z</Date></Expiration>"),
        rule(&"i".repeat(256), "", EXPIRES),
        rule("same", "", EXPIRES).repeat(2),
    ];
    for rules in arguments {
        set(&door, &rules).await.refused(400, "InvalidArgument");
    }
    let requests = [
        rule("r", "", ""),
        rule(
            "r",
            tag,
            "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        ),
        rule(
            "r",
            "",
            &transition("<Date>2031-02-01T00:00:00Z</Date>", "GLACIER")
                .replace("</Transition>", &format!("</Transition>{EXPIRES}")),
        ),
        rule("r", "", EXPIRES)
            + &format!("<Rule><ID>s</ID><Prefix/><Status>Enabled</Status>{EXPIRES}</Rule>"),
    ];
    for rules in requests {
        set(&door, &rules).await.refused(400, "InvalidRequest");
    }
    let request = door.user.put(URL).header("x-amz-transition-default-minimum-object-size", "tiny");
    let request = request.body(configuration(&rule("r", "", EXPIRES))).sign();
    door.send(request).await.refused(400, "InvalidArgument");
    assert_eq!(shown(&door).await.elements("ID"), ["before"]);
}

/// PUT, HEAD, GET, copies and completed uploads tell when the object will expire, as long as something will make it.
#[tokio::test]
async fn expiry_is_told_where_it_will_happen() {
    let door = Door::with_bucket().await;
    let dated = "<Expiration><Date>2041-02-01T00:00:00Z</Date></Expiration>";
    let rules = rule("by date &amp; prefix", "<Prefix>a/</Prefix>", dated)
        + &rule("tagged", "<Tag><Key>k</Key><Value>v</Value></Tag>", dated);
    assert_eq!(set(&door, &rules).await.status, 200);
    let told = "expiry-date=\"Fri, 01 Feb 2041 00:00:00 GMT\", rule-id=\"by%20date%20%26%20prefix\"";
    let expiration = |answer: &Answer| answer.header("x-amz-expiration").map(str::to_owned);
    assert_eq!(expiration(&door.store("a/1", "1").await).as_deref(), Some(told));
    for request in
        [door.user.head("/docs/a/1"), door.user.get("/docs/a/1"), door.user.get("/docs/a/1?versionId=null")]
    {
        assert_eq!(expiration(&door.send(request.sign()).await).as_deref(), Some(told));
    }
    assert_eq!(expiration(&door.store("b/1", "1").await), None);
    let copy = door.user.put("/docs/a/2").header("x-amz-copy-source", "/docs/b/1").sign();
    assert_eq!(expiration(&door.send(copy).await).as_deref(), Some(told));
    let tagged = door.user.put("/docs/t").header("x-amz-tagging", "k=v").body("1").sign();
    assert!(expiration(&door.send(tagged).await).is_some_and(|told| told.contains("rule-id=\"tagged\"")));
    assert!(expiration(&door.send(door.user.head("/docs/t").sign()).await).is_some());
    let other = door.user.put("/docs/t").header("x-amz-tagging", "k=w").body("1").sign();
    assert_eq!(expiration(&door.send(other).await), None);
    let last = door.user.put("/docs/a/final").header("x-amz-storage-class", "STANDARD_IA").body("1").sign();
    assert_eq!(expiration(&door.send(last).await), None, "what is final does not expire by itself");
    assert_eq!(expiration(&door.send(door.user.head("/docs/a/final").sign()).await), None);
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(door.send(door.user.put("/docs?versioning").body(versioning).sign()).await.status, 200);
    door.store("a/1", "2").await;
    let old = door.send(door.user.head("/docs/a/1?versionId=null").sign()).await;
    assert_eq!(expiration(&old), None, "it is not the current one");
}

/// An upload tells when it will end, and what it becomes when the object will expire.
#[tokio::test]
async fn uploads_tell_when_they_end() {
    let door = Door::with_bucket().await;
    let abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    let dated = "<Expiration><Date>2041-02-01T00:00:00Z</Date></Expiration>";
    assert_eq!(set(&door, &rule("r", "<Prefix>a/</Prefix>", &format!("{abort}{dated}"))).await.status, 200);
    let made = door.send(door.user.post("/docs/a/1?uploads").sign()).await;
    let id = made.element("UploadId").expect("an id").to_owned();
    let date = made.header("x-amz-abort-date").expect("it is told").to_owned();
    assert!(date.ends_with(" 00:00:00 GMT"), "{date}");
    assert_eq!(made.header("x-amz-abort-rule-id"), Some("r"));
    let part = door.user.put(&format!("/docs/a/1?partNumber=1&uploadId={id}")).body("1").sign();
    let etag = door.send(part).await.header("etag").expect("an ETag").to_owned();
    let listed = door.send(door.user.get(&format!("/docs/a/1?uploadId={id}")).sign()).await;
    assert_eq!(listed.header("x-amz-abort-date"), Some(date.as_str()));
    assert_eq!(listed.header("x-amz-abort-rule-id"), Some("r"));
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    let completed = door.send(door.user.post(&format!("/docs/a/1?uploadId={id}")).body(parts).sign()).await;
    assert_eq!(completed.status, 200, "{completed:?}");
    assert!(completed.header("x-amz-expiration").is_some_and(|told| told.contains("01 Feb 2041")));
    let other = door.send(door.user.post("/docs/b?uploads").sign()).await;
    assert_eq!(other.header("x-amz-abort-date"), None);
}
