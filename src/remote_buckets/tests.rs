//! What a bucket elsewhere may answer, and what is made of it. `tests/clients/test_bucket_target.py` has a whole service.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use storage_engine::name::BucketName;
use storage_engine::target::{BucketPlace, RemoteBody, RemoteBucket, RemoteBuckets as _};
use storage_engine::{Error, ErrorKind};
use tempfile::TempDir;

use super::Buckets;
use super::exchange::Limits;

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    stall: Duration::from_millis(300),
    store: Duration::from_secs(5),
    first_wait: Duration::from_millis(1),
};
const PART_BYTES: u64 = 1000;
const KEY: &str = "[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n";
const DONE: &str = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What a service does with a request.
#[derive(Clone)]
enum Act {
    /// Reads the request and writes this.
    Say(String),
    /// Closes the connection before the request is read.
    Hang,
    /// Reads the request, writes this, and leaves the connection open without a word until the end.
    Stall(&'static str),
}

/// A service that does what a script says, one connection each, and keeps what it was asked.
struct Service {
    _folder: TempDir,
    place: BucketPlace,
    thread: JoinHandle<Vec<String>>,
}

fn say(text: &str) -> Act {
    Act::Say(text.to_owned())
}

fn answer(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

fn refusal(status: &str, code: &str) -> Act {
    answer(status, "", &format!("<Error><Code>{code}</Code><Message>why\u{7}</Message></Error>"))
}

impl Service {
    fn with(script: Vec<Act>) -> Self {
        let folder = TempDir::new().unwrap();
        let credentials = folder.path().join("credentials");
        #[expect(clippy::disallowed_methods, reason = "an operator writes this file")]
        std::fs::write(&credentials, KEY).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let place = BucketPlace {
            endpoint,
            bucket: BucketName::parse("cold").unwrap(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            credentials,
            profile: "default".to_owned(),
        };
        let thread = std::thread::spawn(move || serve(&listener, script));
        Self { _folder: folder, place, thread }
    }

    fn open(&self) -> Box<dyn RemoteBucket> {
        Buckets::with(LIMITS, PART_BYTES).open(&self.place).unwrap()
    }

    /// What was asked, the signature left out.
    fn asked(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, script: Vec<Act>) -> Vec<String> {
    let (mut asked, mut open) = (Vec::new(), Vec::new());
    for act in script {
        let (mut stream, _) = listener.accept().unwrap();
        if matches!(act, Act::Hang) {
            asked.push("hung up".to_owned());
            continue;
        }
        asked.push(read_request(&mut stream));
        match act {
            Act::Say(text) => stream.write_all(text.as_bytes()).unwrap(),
            Act::Stall(text) => {
                stream.write_all(text.as_bytes()).unwrap();
                open.push(stream);
            }
            Act::Hang => {}
        }
    }
    asked
}

/// Method, path, what of the query is no signature, the headers that matter, and how many bytes came.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "a head ends: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&buffer[..count]);
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let header =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned);
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut come = bytes.len() - head - 4;
    while come < length {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        come += count;
    }
    let mut words = text.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap();
    assert!(query.contains("X-Amz-Signature="), "{target}");
    let rest: Vec<&str> = query.split('&').filter(|part| !part.starts_with("X-Amz-")).collect();
    let mut told = format!("{method} {path}?{} {come}", rest.join("&"));
    for name in ["range", "if-match"] {
        if let Some(value) = header(name) {
            told.push_str(&format!(" {name}={value}"));
        }
    }
    told
}

fn put(bucket: &dyn RemoteBucket, content: &[u8]) -> Result<(), Error> {
    let read = |at: u64| {
        let rest = &content[usize::try_from(at).unwrap()..];
        Ok(Bytes::copy_from_slice(&rest[..rest.len().min(400)]))
    };
    bucket.put("2026/a", &RemoteBody { size: content.len() as u64, read: &read, is_stopped: &|| false })
}

fn get(bucket: &dyn RemoteBucket) -> Result<Option<Vec<u8>>, Error> {
    let mut content = Vec::new();
    let is_there = bucket.get("2026/a", &|| false, &mut |piece| {
        content.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(is_there.then_some(content))
}

/// What passes is tried again from the beginning; what does not is told at once, with what to do.
#[test]
fn what_passes_is_tried_again() {
    let service = Service::with(vec![say(BUSY), Act::Hang, Act::Stall(""), say(DONE)]);
    let limits = Limits { store: Duration::from_millis(500), ..LIMITS };
    let bucket = Buckets::with(limits, PART_BYTES).open(&service.place).unwrap();
    put(&*bucket, &[7; 900]).unwrap();
    let asked = service.asked();
    assert_eq!(asked, ["PUT /cold/2026/a? 900", "hung up", "PUT /cold/2026/a? 900", "PUT /cold/2026/a? 900"]);

    let service = Service::with(vec![refusal("403 Forbidden", "InvalidAccessKeyId")]);
    let error = put(&*service.open(), b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let told = error.to_string();
    assert!(told.contains("403 InvalidAccessKeyId why: check the key in /"), "{told}");
    assert!(!told.contains("secret") && !told.contains("Signature"), "{told}");
    assert_eq!(service.asked().len(), 1);

    let service = Service::with(vec![say(BUSY); 4]);
    let error = put(&*service.open(), b"a").unwrap_err();
    assert!(error.to_string().contains("it answered 503"), "{error}");
    assert_eq!(service.asked().len(), 4);
}

/// A GET that breaks goes on where it was, of the same object.
#[test]
fn a_broken_get_goes_on() {
    let begun = "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 10\r\n\r\n0123";
    let more = "HTTP/1.1 206 Partial Content\r\nETag: \"e1\"\r\nContent-Length: 6\r\n\r\n45";
    let rest =
        "HTTP/1.1 206 Partial Content\r\nETag: \"e1\"\r\nContent-Length: 4\r\nConnection: close\r\n\r\n6789";
    let service = Service::with(vec![say(begun), Act::Stall(more), say(rest)]);
    assert_eq!(get(&*service.open()).unwrap().unwrap(), b"0123456789");
    let asked = service.asked();
    assert_eq!(asked[0], "GET /cold/2026/a? 0");
    assert_eq!(asked[1], "GET /cold/2026/a? 0 range=bytes=4- if-match=\"e1\"");
    assert_eq!(asked[2], "GET /cold/2026/a? 0 range=bytes=6- if-match=\"e1\"");

    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    let service = Service::with(vec![say(begun), say(whole)]);
    let error = get(&*service.open()).unwrap_err();
    assert!(error.to_string().contains("another part"), "{error}");
}

/// Only an object that is not there is missing; a bucket that is not there, or a class that is not read, is trouble.
#[test]
fn what_is_not_there_is_told_from_what_is_away() {
    let service = Service::with(vec![refusal("404 Not Found", "NoSuchKey")]);
    assert_eq!(get(&*service.open()).unwrap(), None);
    for (status, code, hint) in [
        ("404 Not Found", "NoSuchBucket", "make the bucket there"),
        ("403 Forbidden", "InvalidObjectState", "restore it in that bucket"),
        ("403 Forbidden", "RequestTimeTooSkewed", "set the clock"),
    ] {
        let service = Service::with(vec![refusal(status, code)]);
        let error = get(&*service.open()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(hint), "{error}");
    }
    let moved = answer("301 Moved Permanently", "x-amz-bucket-region: eu-west-1\r\n", "");
    let service = Service::with(vec![moved]);
    let error = get(&*service.open()).unwrap_err();
    assert!(error.to_string().contains("the bucket is in the region eu-west-1"), "{error}");
    let gone = BucketPlace { endpoint: "http://127.0.0.1:1".to_owned(), ..Service::with(Vec::new()).place };
    assert!(Buckets::with(LIMITS, PART_BYTES).open(&gone).is_err(), "its credentials went with the service");
}

/// A large object goes in parts that are put together at the end, whose answer may be lost or an error that begins
/// with 200; when a part cannot be sent, the upload is ended.
#[test]
fn large_objects_go_in_parts() {
    let created = answer(
        "200 OK",
        "",
        "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
    );
    let error = answer("200 OK", "", "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>");
    let over = refusal("404 Not Found", "NoSuchUpload");
    let size = say("HTTP/1.1 200 OK\r\nContent-Length: 2500\r\nConnection: close\r\n\r\n");
    let script =
        vec![created.clone(), say(DONE), say(BUSY), say(DONE), say(DONE), error, Act::Hang, over, size];
    let service = Service::with(script);
    put(&*service.open(), &[7; 2500]).unwrap();
    let asked = service.asked();
    let part = |number, bytes| format!("PUT /cold/2026/a?partNumber={number}&uploadId=u1 {bytes}");
    assert_eq!(asked[0], "POST /cold/2026/a?uploads=1 0");
    assert_eq!(asked[1..5], [part(1, 1000), part(2, 1000), part(2, 1000), part(3, 500)]);
    assert!(asked[5].starts_with("POST /cold/2026/a?uploadId=u1 "), "{}", asked[5]);
    assert_eq!(asked[6], "hung up");
    assert_eq!(asked[5], asked[7]);
    assert_eq!(asked[8], "HEAD /cold/2026/a? 0");

    let aborted = answer("204 No Content", "", "");
    let service = Service::with(vec![created, refusal("400 Bad Request", "EntityTooLarge"), aborted]);
    put(&*service.open(), &[7; 2500]).unwrap_err();
    assert_eq!(service.asked()[2], "DELETE /cold/2026/a?uploadId=u1 0");
}

/// Every version goes, and the markers; a bucket that keeps one is no success.
#[test]
fn a_removal_removes_every_version() {
    let version = |id: &str| answer("200 OK", &format!("x-amz-version-id: {id}\r\n"), "");
    let marker = |id: &str| {
        answer("404 Not Found", &format!("x-amz-delete-marker: true\r\nx-amz-version-id: {id}\r\n"), "")
    };
    let (gone, nothing) = (answer("204 No Content", "", ""), answer("404 Not Found", "", ""));
    let script = vec![marker("m1"), gone.clone(), version("v2"), gone.clone(), nothing.clone()];
    let service = Service::with(script);
    service.open().remove("2026/a", &|| false).unwrap();
    let asked = service.asked();
    assert_eq!(asked[1], "DELETE /cold/2026/a?versionId=m1 0");
    assert_eq!(asked[3], "DELETE /cold/2026/a?versionId=v2 0");

    let service = Service::with(vec![answer("200 OK", "", ""), gone.clone(), nothing]);
    service.open().remove("2026/a", &|| false).unwrap();
    assert_eq!(service.asked()[1], "DELETE /cold/2026/a? 0");

    let service = Service::with(vec![version("v1"), gone, version("v1")]);
    let error = service.open().remove("2026/a", &|| false).unwrap_err();
    assert!(error.to_string().contains("does the bucket lock objects"), "{error}");
}

/// The end of the server ends a request within moments, wherever it is.
#[test]
fn a_stop_ends_a_request() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123";
    let long = Limits { stall: Duration::from_secs(600), ..LIMITS };
    for act in [Act::Stall(begun), Act::Stall("")] {
        let service = Service::with(vec![act]);
        let bucket = Buckets::with(long, PART_BYTES).open(&service.place).unwrap();
        let (is_stopped, start) = (AtomicBool::new(false), Instant::now());
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| is_stopped.store(true, Ordering::Release));
            bucket.get("2026/a", &|| is_stopped.load(Ordering::Acquire), &mut |_| Ok(()))
        });
        assert!(stopped.unwrap_err().to_string().contains("the server is stopping"));
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

/// Profiles are told apart; what is missing is named, and nothing of the file is quoted.
#[test]
fn credentials_are_read_by_profile() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("credentials");
    let text = "# a comment\n[default]\naws_access_key_id=A1\naws_secret_access_key = s=e/c+1\n\n\
                [ cold ]\n  aws_access_key_id = A2\naws_secret_access_key = s2\naws_session_token = t2\nregion = x\n\
                [half]\naws_access_key_id = A3\naws_secret_access_key =\n";
    #[expect(clippy::disallowed_methods, reason = "an operator writes this file")]
    std::fs::write(&path, text).unwrap();
    let read = |profile| super::credentials::read(&path, profile);
    let found = read("default").unwrap();
    assert_eq!((found.key(), found.secret(), found.token()), ("A1", "s=e/c+1", None));
    let found = read("cold").unwrap();
    assert_eq!((found.key(), found.secret(), found.token()), ("A2", "s2", Some("t2")));
    for (profile, hint) in [("half", "needs aws_access_key_id and"), ("none", "no profile [none]")] {
        let error = read(profile).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(hint) && !error.to_string().contains("A3"), "{error}");
    }
    let missing = super::credentials::read(&PathBuf::from("/nowhere/credentials"), "default").unwrap_err();
    assert!(missing.to_string().contains("/nowhere/credentials"), "{missing}");
}
