//! Uploads by forms: what a signed policy lets in, and that nothing else gets in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::door::{Account, Answer, Door};
use super::draft::Signed;
use super::signature::Scope;

const FUTURE: &str = "2099-01-01T12:00:00.000Z";
const BOUNDARY: &str = "----form-boundary";

/// A form in the making.
#[derive(Clone)]
struct FormDraft {
    path: String,
    expiration: String,
    conditions: Vec<String>,
    fields: Vec<(String, String)>,
    file_name: String,
    file: Vec<u8>,
    behind: Vec<(String, String)>,
}

impl FormDraft {
    /// A form that stores `hello` under the key `k` of the bucket `docs`.
    fn new() -> Self {
        Self {
            path: "/docs".to_owned(),
            expiration: FUTURE.to_owned(),
            conditions: vec![
                "{\"bucket\": \"docs\"}".to_owned(),
                "[\"starts-with\", \"$key\", \"\"]".to_owned(),
            ],
            fields: vec![("key".to_owned(), "k".to_owned())],
            file_name: "letter.txt".to_owned(),
            file: b"hello".to_vec(),
            behind: Vec::new(),
        }
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn condition(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// A field with the condition that allows it.
    fn allowed(self, name: &str, value: &str) -> Self {
        self.field(name, value).condition(&format!("[\"eq\", \"${name}\", \"{value}\"]"))
    }

    fn file(mut self, file: &[u8]) -> Self {
        self.file = file.to_vec();
        self
    }

    fn signed(self, account: &Account) -> Signed {
        let scope = Scope::now();
        self.signed_at(account, &scope)
    }

    fn signed_at(self, account: &Account, scope: &Scope) -> Signed {
        let credential = format!("{}/{}", account.key.id, scope.text());
        let date_time = scope.date_time.clone();
        let form = self
            .allowed("x-amz-algorithm", "AWS4-HMAC-SHA256")
            .allowed("x-amz-credential", &credential)
            .allowed("x-amz-date", &date_time);
        let policy = form.policy();
        let signature = account.key.sign_text(scope, &policy);
        form.field("policy", &policy).field("x-amz-signature", &signature).request()
    }

    fn policy(&self) -> String {
        let json = format!(
            "{{\"expiration\": \"{}\", \"conditions\": [{}]}}",
            self.expiration,
            self.conditions.join(", ")
        );
        STANDARD.encode(json)
    }

    fn request(&self) -> Signed {
        let mut body = Vec::new();
        let part = |body: &mut Vec<u8>, head: &str, value: &[u8]| {
            body.extend_from_slice(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
            );
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.fields {
            part(&mut body, &format!("name=\"{name}\""), value.as_bytes());
        }
        let head = format!("name=\"file\"; filename=\"{}\"\r\nContent-Type: text/plain", self.file_name);
        part(&mut body, &head, &self.file);
        for (name, value) in &self.behind {
            part(&mut body, &format!("name=\"{name}\""), value.as_bytes());
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        http::Request::post(&self.path)
            .header("host", "localhost")
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .header("content-length", body.len())
            .body(http_body_util::Full::new(body.into()))
            .expect("a request")
    }
}

async fn sent(door: &Door, form: FormDraft) -> Answer {
    door.send(form.signed(&door.user)).await
}

async fn nothing_stored(door: &Door) {
    let listed = door.send(door.user.get("/docs").sign()).await;
    assert!(listed.elements("Key").is_empty(), "{}", listed.text());
}

#[tokio::test]
async fn a_form_stores_its_file_with_what_its_fields_say() {
    let door = Door::with_bucket().await;
    let form = FormDraft::new()
        .allowed("Content-Type", "text/x-letter")
        .allowed("x-amz-meta-Author", "Иванов")
        .allowed("Cache-Control", "no-store")
        .allowed("x-amz-storage-class", "STANDARD_IA")
        .condition("[\"starts-with\", \"$tagging\", \"<Tagging>\"]")
        .field("tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>");
    let answer = sent(&door, form).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (204, Some("http://localhost/docs/k")),
        "{answer:?}"
    );
    let read = door.send(door.user.get("/docs/k").sign()).await;
    assert_eq!((read.text(), read.header("etag")), ("hello", answer.header("etag")));
    for (name, value) in [
        ("content-type", "text/x-letter"),
        ("cache-control", "no-store"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-tagging-count", "1"),
    ] {
        assert_eq!(read.header(name), Some(value), "{name}");
    }
    let metadata = read.headers.get("x-amz-meta-author").expect("metadata").as_bytes();
    assert!(!metadata.is_empty());
}

#[tokio::test]
async fn the_answer_is_the_one_asked_for() {
    let door = Door::with_bucket().await;
    let ask = |name: &str, value: &str| FormDraft::new().allowed(name, value);
    for (status, expected) in [("200", 200), ("201", 201), ("204", 204), ("404", 204), ("abc", 204)] {
        assert_eq!(sent(&door, ask("success_action_status", status)).await.status, expected, "{status}");
    }
    let created = sent(&door, ask("success_action_status", "201")).await;
    assert_eq!(created.element("Location"), Some("http://localhost/docs/k"));
    assert_eq!((created.element("Bucket"), created.element("Key")), (Some("docs"), Some("k")));
    let redirected = sent(&door, ask("success_action_redirect", "https://example.com/done?x=1")).await;
    let etag = "%225d41402abc4b2a76b9719d911017c592%22";
    let target = format!("https://example.com/done?x=1&bucket=docs&key=k&etag={etag}");
    assert_eq!((redirected.status, redirected.header("location")), (303, Some(target.as_str())));
    let nowhere = sent(&door, ask("success_action_redirect", "javascript:alert(1)")).await;
    assert_eq!(nowhere.status, 204);
}

#[tokio::test]
async fn the_key_takes_the_name_of_the_file() {
    let door = Door::with_bucket().await;
    for (file_name, key) in
        [("a b.txt", "in/a b.txt"), ("C:\\Documents\\c.txt", "in/c.txt"), ("../../d", "in/d")]
    {
        let mut form = FormDraft::new().field("key", "in/${filename}");
        form.file_name = file_name.replace('\\', "\\\\");
        assert_eq!(sent(&door, form).await.status, 204);
        assert_eq!(door.send(door.user.get(&format!("/docs/{key}")).sign()).await.text(), "hello", "{key}");
    }
}

#[tokio::test]
async fn a_file_larger_than_a_piece_arrives_whole() {
    let door = Door::with_bucket().await;
    let file: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    assert_eq!(sent(&door, FormDraft::new().file(&file)).await.status, 204);
    assert_eq!(door.send(door.user.get("/docs/k").sign()).await.body, file);
}

#[tokio::test]
async fn a_policy_bounds_the_length_of_the_file() {
    let door = Door::with_bucket().await;
    let range =
        |min: u64, max: u64| FormDraft::new().condition(&format!("[\"content-length-range\", {min}, {max}]"));
    sent(&door, range(0, 4)).await.refused(400, "EntityTooLarge");
    sent(&door, range(6, 10)).await.refused(400, "EntityTooSmall");
    nothing_stored(&door).await;
    assert_eq!(sent(&door, range(5, 5)).await.status, 204);
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_denied() {
    let door = Door::with_bucket().await;
    let cases = [
        ("a field that no condition names", FormDraft::new().field("Content-Type", "text/html")),
        ("metadata that no condition names", FormDraft::new().field("x-amz-meta-a", "b")),
        ("a class that no condition names", FormDraft::new().field("x-amz-storage-class", "STANDARD_IA")),
        ("another key", FormDraft::new().condition("[\"eq\", \"$key\", \"other\"]")),
        ("another prefix", FormDraft::new().condition("[\"starts-with\", \"$key\", \"user/\"]")),
        ("a field that is missing", FormDraft::new().condition("{\"acl\": \"private\"}")),
        ("another bucket", FormDraft::new().condition("{\"bucket\": \"other\"}")),
        ("a bucket field that lies", FormDraft::new().field("bucket", "other")),
        ("case of a value", FormDraft::new().condition("[\"eq\", \"$key\", \"K\"]")),
        (
            "one of several types",
            FormDraft::new()
                .field("Content-Type", "image/png,text/html")
                .condition("[\"starts-with\", \"$Content-Type\", \"image/\"]"),
        ),
    ];
    for (name, form) in cases {
        let answer = sent(&door, form).await;
        assert_eq!((answer.status, answer.element("Code")), (403, Some("AccessDenied")), "{name}");
        assert!(answer.text().contains("Invalid according to Policy"), "{name}: {}", answer.text());
    }
    nothing_stored(&door).await;
}

#[tokio::test]
async fn an_expired_policy_is_denied() {
    let door = Door::with_bucket().await;
    let mut form = FormDraft::new();
    form.expiration = "2020-01-01T00:00:00Z".to_owned();
    sent(&door, form).await.refused(403, "AccessDenied");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_policy_that_is_none_is_refused() {
    let door = Door::with_bucket().await;
    for (expiration, condition) in [
        ("soon", "{\"a\": \"b\"}"),
        (FUTURE, "\"all\""),
        (FUTURE, "[\"contains\", \"$key\", \"k\"]"),
        (FUTURE, "[\"content-length-range\", 1]"),
        (FUTURE, "[\"content-length-range\", -1, 10]"),
        (FUTURE, "[\"eq\", \"key\", \"k\"]"),
        (FUTURE, "{\"key\": 1}"),
        (FUTURE, "}"),
    ] {
        let mut form = FormDraft::new().condition(condition);
        form.expiration = expiration.to_owned();
        let answer = sent(&door, form).await;
        assert_eq!(answer.element("Code"), Some("InvalidPolicyDocument"), "{expiration} {condition}");
    }
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_signature_that_is_not_the_accounts_is_refused() {
    let door = Door::with_bucket().await;
    // The policy of one form with the signature of another.
    let mut scope = Scope::now();
    let form = FormDraft::new().allowed("x-amz-signature", &"0".repeat(64));
    let unsigned = FormDraft { fields: form.fields.clone(), ..form.clone() };
    let credential = format!("{}/{}", door.user.key.id, scope.text());
    let invented = unsigned
        .allowed("x-amz-algorithm", "AWS4-HMAC-SHA256")
        .allowed("x-amz-credential", &credential)
        .allowed("x-amz-date", &scope.date_time);
    let policy = invented.policy();
    door.send(invented.field("policy", &policy).request()).await.refused(403, "SignatureDoesNotMatch");
    // The signing key is that of a day and a region: neither may be another than what is said.
    scope.region = "eu-west-1".to_owned();
    door.send(FormDraft::new().signed_at(&door.user, &scope)).await.refused(400, "InvalidArgument");
    scope = Scope::now();
    scope.service = "sts".to_owned();
    door.send(FormDraft::new().signed_at(&door.user, &scope)).await.refused(400, "InvalidArgument");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_form_without_signature_or_of_version_2_is_refused() {
    let door = Door::with_bucket().await;
    door.send(FormDraft::new().request()).await.refused(403, "AccessDenied");
    let policy = FormDraft::new().policy();
    let version_2 = FormDraft::new()
        .field("AWSAccessKeyId", &door.user.key.id)
        .field("policy", &policy)
        .field("signature", "c2lnbmF0dXJl");
    door.send(version_2.request()).await.refused(400, "InvalidRequest");
    let only_policy = FormDraft::new().field("policy", &policy);
    door.send(only_policy.request()).await.refused(400, "InvalidArgument");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_form_acts_with_the_rights_of_its_signer() {
    let door = Door::with_bucket().await;
    door.send(FormDraft::new().signed(&door.other)).await.refused(403, "AccessDenied");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_form_that_is_signed_in_its_head_too_is_refused() {
    let door = Door::with_bucket().await;
    let mut request = FormDraft::new().signed(&door.user);
    request.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 x".parse().expect("a header's value"));
    door.send(request).await.refused(400, "InvalidArgument");
    let mut form = FormDraft::new();
    form.path = "/docs?X-Amz-Signature=a".to_owned();
    sent(&door, form).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_form_goes_to_a_bucket() {
    let door = Door::with_bucket().await;
    for path in ["/docs/key", "/"] {
        let mut form = FormDraft::new();
        form.path = path.to_owned();
        sent(&door, form).await.refused(405, "MethodNotAllowed");
    }
}

#[tokio::test]
async fn a_form_is_read_up_to_its_file_and_no_further() {
    let door = Door::with_bucket().await;
    let mut form = FormDraft::new();
    form.behind = vec![("acl".to_owned(), "public-read".to_owned())];
    assert_eq!(sent(&door, form).await.status, 204);
}

#[tokio::test]
async fn fields_are_bounded_and_stand_once() {
    let door = Door::with_bucket().await;
    let long = FormDraft::new().field("x-ignore-a", &"a".repeat(21 * 1024));
    sent(&door, long).await.refused(400, "MaxPostPreDataLengthExceededError");
    let mut many = FormDraft::new();
    many.fields.extend((0..200).map(|at| (format!("x-ignore-{at}"), String::new())));
    sent(&door, many).await.refused(400, "MaxPostPreDataLengthExceededError");
    let mut twice = FormDraft::new();
    twice.fields.push(("KEY".to_owned(), "other".to_owned()));
    sent(&door, twice).await.refused(400, "InvalidArgument");
    let mut without_key = FormDraft::new();
    without_key.conditions.pop();
    without_key.fields.clear();
    sent(&door, without_key).await.refused(400, "InvalidArgument");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn a_form_that_breaks_off_stores_nothing() {
    let door = Door::with_bucket().await;
    let request = FormDraft::new().file(&vec![b'a'; 100_000]).signed(&door.user);
    let (head, body) = request.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.expect("a body").to_bytes();
    let short = http_body_util::Full::new(body.slice(..body.len() - 50_000));
    let answer = door.send(http::Request::from_parts(head, short)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    nothing_stored(&door).await;
}

#[tokio::test]
async fn the_claims_of_a_form_are_compared() {
    let door = Door::with_bucket().await;
    let right = FormDraft::new().allowed("x-amz-checksum-crc32", "NhCmhg==");
    assert_eq!(sent(&door, right).await.status, 204);
    let wrong = FormDraft::new().field("key", "wrong").allowed("x-amz-checksum-crc32", "AAAAAA==");
    sent(&door, wrong).await.refused(400, "BadDigest");
    door.send(door.user.get("/docs/wrong").sign()).await.refused(404, "NoSuchKey");
}
