//! The table of operations by mode in docs/SEMANTICS.md, cell by cell.

use std::pin::Pin;

use storage_engine::archive::restore::{RestoreRequest, Tier};
use storage_engine::archive::status::NewElement;
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName, ObjectKey, VersionId};

use super::door::{Answer, Door, caller};
use super::draft::Draft;

const DOCUMENT: &str = include_str!("../../../docs/SEMANTICS.md");
/// The modes in the order of the table's columns, and whether the archived object is restored.
const STATES: [State; 5] = [
    State { mode: Mode::Edit, is_restored: false },
    State { mode: Mode::Rw, is_restored: false },
    State { mode: Mode::Ro, is_restored: false },
    State { mode: Mode::Ar, is_restored: false },
    State { mode: Mode::Ar, is_restored: true },
];
const BODY: &str = "what was stored first";

/// What an object is when something is done to it.
#[derive(Clone, Copy)]
struct State {
    mode: Mode,
    is_restored: bool,
}

/// One cell: an object in a mode, and what is done to it.
struct Cell<'a> {
    door: &'a Door,
    mode: Mode,
    is_restored: bool,
    bucket: &'static str,
    key: String,
}

type Asked<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// A row: its name in the document, the bucket its object is in, and the request. A row that is not here has no
/// test, and one that is not in the document no promise: both are refused.
type Row = (&'static str, &'static str, for<'a> fn(&'a Cell<'a>) -> Asked<'a>);

/// A bucket that never had versioning, and one that has.
const PLAIN: &str = "plain";
const VERSIONED: &str = "versioned";

const ROWS: [Row; 27] = [
    ("GetObject", PLAIN, |cell| cell.send(cell.get(""))),
    ("GetObject, a range", PLAIN, |cell| cell.send(cell.get("").header("range", "bytes=0-3"))),
    ("HeadObject", PLAIN, |cell| cell.send(cell.door.user.head(&cell.path()))),
    ("GetObjectAttributes", PLAIN, |cell| {
        cell.send(cell.get("?attributes").header("x-amz-object-attributes", "StorageClass,ETag"))
    }),
    ("GetObjectTagging", PLAIN, |cell| cell.send(cell.get("?tagging"))),
    ("CopyObject from it", PLAIN, |cell| cell.send(cell.copy_to(&format!("{}-copy", cell.path())))),
    ("UploadPartCopy from it", PLAIN, |cell| Box::pin(cell.copied_as_part())),
    ("PutObject, a new key with its class", PLAIN, |cell| {
        let put = cell.door.user.put(&format!("{}-beside", cell.path())).body("new");
        cell.send(put.header("x-amz-storage-class", cell.mode.storage_class().as_str()))
    }),
    ("PutObject over it", PLAIN, |cell| cell.send(cell.put("other"))),
    ("PutObject, the same again", PLAIN, |cell| {
        let class = if cell.mode == Mode::Edit { "STANDARD" } else { "STANDARD_IA" };
        cell.send(cell.put(BODY).header("x-amz-storage-class", class))
    }),
    ("PutObject over it, `If-None-Match: *`", PLAIN, |cell| {
        cell.send(cell.put("other").header("if-none-match", "*"))
    }),
    ("PutObject over it, `If-Match` with its ETag", PLAIN, |cell| Box::pin(cell.put_if_match())),
    ("CompleteMultipartUpload over it", PLAIN, |cell| Box::pin(cell.complete_over())),
    ("CopyObject over it", PLAIN, |cell| Box::pin(cell.copy_over())),
    ("CopyObject onto itself, other metadata", PLAIN, |cell| {
        let copy = cell.copy_to(&cell.path()).header("x-amz-metadata-directive", "REPLACE");
        cell.send(copy.header("x-amz-meta-case", "42"))
    }),
    ("CopyObject onto itself that changes nothing", PLAIN, |cell| cell.send(cell.copy_to(&cell.path()))),
    ("CopyObject onto itself, the next stricter class", PLAIN, |cell| {
        let class = match cell.mode {
            Mode::Edit => "STANDARD_IA",
            Mode::Rw => "GLACIER_IR",
            Mode::Ro | Mode::Ar => "GLACIER",
        };
        cell.send(cell.copy_to(&cell.path()).header("x-amz-storage-class", class))
    }),
    ("CopyObject onto itself, class STANDARD", PLAIN, |cell| {
        cell.send(cell.copy_to(&cell.path()).header("x-amz-storage-class", "STANDARD"))
    }),
    ("PutObjectTagging", PLAIN, |cell| {
        let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
        cell.send(cell.door.user.put(&format!("{}?tagging", cell.path())).body(tags))
    }),
    ("DeleteObjectTagging", PLAIN, |cell| {
        cell.send(cell.door.user.delete(&format!("{}?tagging", cell.path())))
    }),
    ("DeleteObject", PLAIN, |cell| cell.send(cell.door.user.delete(&cell.path()))),
    ("DeleteObjects", PLAIN, |cell| Box::pin(cell.delete_many())),
    ("RestoreObject", PLAIN, |cell| {
        let restore = "<RestoreRequest><Days>1</Days></RestoreRequest>";
        cell.send(cell.door.user.post(&format!("{}?restore", cell.path())).body(restore))
    }),
    ("PutObject over it, versioned bucket", VERSIONED, |cell| cell.send(cell.put("other"))),
    ("DeleteObject, versioned bucket", VERSIONED, |cell| cell.send(cell.door.user.delete(&cell.path()))),
    ("DeleteObject of its version", VERSIONED, |cell| Box::pin(cell.delete_version())),
    ("DeleteObject of a delete marker over it", VERSIONED, |cell| Box::pin(cell.delete_marker())),
];

impl Cell<'_> {
    fn path(&self) -> String {
        format!("/{}/{}", self.bucket, self.key)
    }

    fn get(&self, query: &str) -> Draft {
        self.door.user.get(&format!("{}{query}", self.path()))
    }

    fn put(&self, body: &'static str) -> Draft {
        self.door.user.put(&self.path()).body(body)
    }

    fn copy_to(&self, path: &str) -> Draft {
        self.door.user.put(path).header("x-amz-copy-source", self.path())
    }

    fn send(&self, draft: Draft) -> Asked<'_> {
        Box::pin(self.door.send(draft.sign()))
    }

    async fn put_if_match(&self) -> Answer {
        let head = self.send(self.door.user.head(&self.path())).await;
        let etag = head.header("etag").expect("an ETag").to_owned();
        self.send(self.put("other").header("if-match", etag)).await
    }

    async fn begin(&self, path: &str) -> String {
        let begun = self.send(self.door.user.post(&format!("{path}?uploads"))).await;
        begun.element("UploadId").expect("an upload").to_owned()
    }

    async fn copied_as_part(&self) -> Answer {
        let path = format!("{}-parts", self.path());
        let upload = self.begin(&path).await;
        self.send(self.copy_to(&format!("{path}?partNumber=1&uploadId={upload}"))).await
    }

    async fn complete_over(&self) -> Answer {
        let upload = self.begin(&self.path()).await;
        let part = format!("{}?partNumber=1&uploadId={upload}", self.path());
        let part = self.send(self.door.user.put(&part).body("other")).await;
        let etag = part.header("etag").expect("an ETag");
        let parts = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
        );
        self.send(self.door.user.post(&format!("{}?uploadId={upload}", self.path())).body(parts)).await
    }

    async fn copy_over(&self) -> Answer {
        let other = format!("{}-other", self.path());
        assert_eq!(self.send(self.door.user.put(&other).body("other")).await.status, 200);
        self.send(self.door.user.put(&self.path()).header("x-amz-copy-source", other)).await
    }

    async fn delete_many(&self) -> Answer {
        let keys = format!("<Delete><Object><Key>{}</Key></Object></Delete>", self.key);
        let delete = self.door.user.post(&format!("/{}?delete", self.bucket));
        self.send(delete.body(keys)).await
    }

    async fn delete_version(&self) -> Answer {
        let head = self.send(self.door.user.head(&self.path())).await;
        let version = head.header("x-amz-version-id").expect("a version").to_owned();
        self.send(self.door.user.delete(&format!("{}?versionId={version}", self.path()))).await
    }

    async fn delete_marker(&self) -> Answer {
        let marked = self.send(self.door.user.delete(&self.path())).await;
        let marker = marked.header("x-amz-version-id").expect("a marker").to_owned();
        self.send(self.door.user.delete(&format!("{}?versionId={marker}", self.path()))).await
    }

    /// Stores the object and brings it to the mode; its version.
    async fn prepare(&self) -> Option<String> {
        let class = if self.mode == Mode::Edit { "STANDARD" } else { "STANDARD_IA" };
        let stored = self.send(self.put(BODY).header("x-amz-storage-class", class)).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let bucket = BucketName::parse(self.bucket).expect("a bucket");
        let key = ObjectKey::parse(&self.key).expect("a key");
        if self.mode > Mode::Rw {
            self.door.bring_to(&caller(), self.bucket, &self.key, self.mode);
        }
        if self.is_restored {
            let request = RestoreRequest { version: None, days: 1, tier: Tier::Standard };
            self.door.archive.restore(&caller(), &bucket, &key, &request).expect("it is asked for");
            self.door.recall_all();
        }
        stored.header("x-amz-version-id").map(str::to_owned)
    }

    /// What was stored first is there, whatever was answered.
    fn first_is_there(&self, version: Option<&str>) -> bool {
        let bucket = BucketName::parse(self.bucket).expect("a bucket");
        let key = ObjectKey::parse(&self.key).expect("a key");
        let version = version.map(|version| VersionId::parse(version).expect("a version"));
        let Ok(object) = self.door.archive.object(&bucket, &key, version) else { return false };
        if object.mode == Mode::Ar && !self.is_restored {
            return object.size == BODY.len() as u64;
        }
        let reader = self.door.archive.read(&bucket, &key, version);
        reader.and_then(|reader| reader.read_at(0, BODY.len() + 1)).is_ok_and(|bytes| bytes == BODY)
    }
}

/// A door before elements of all modes, with the two buckets.
async fn door() -> Door {
    let door = Door::open();
    for bucket in [PLAIN, VERSIONED] {
        assert_eq!(door.send(door.user.put(&format!("/{bucket}")).sign()).await.status, 200);
    }
    let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let versioning = door.user.put(&format!("/{VERSIONED}?versioning")).body(document);
    assert_eq!(door.send(versioning.sign()).await.status, 200);
    let name = ElementName::parse("ro-01").expect("a name");
    let new = NewElement { name: name.clone(), mode: Mode::Rw, root: None, max_size_bytes: None };
    door.archive.create_element(&caller(), new).expect("an element is made");
    door.archive.set_mode(&caller(), &name, Mode::Ro).expect("it becomes ro");
    door.make_shelf(&caller());
    door
}

/// The rows of the document's table: name and cells.
fn promised() -> Vec<(&'static str, Vec<&'static str>)> {
    let section = DOCUMENT.split("\n## S3 × mode\n").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("a section ends");
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[0], cells[1..].to_vec())).collect()
}

/// What of an answer is not as a cell says: the status it begins with, and the code in it; a 403 is the mode's unless
/// it names a code.
fn fault(cell: &str, mode: Mode, answer: &Answer) -> Option<String> {
    let status: u16 =
        cell.get(..3).and_then(|status| status.parse().ok()).expect("a cell begins with a status");
    if answer.status != status {
        return Some(format!("the status is {}", answer.status));
    }
    let code = cell.split('`').nth(1).or((status == 403).then_some("AccessDenied"));
    if let Some(code) = code
        && answer.element("Code") != Some(code)
    {
        return Some(format!("the code is {:?}", answer.element("Code")));
    }
    if status == 403
        && code == Some("AccessDenied")
        && answer.header("x-artstore-mode") != Some(mode.as_str())
    {
        return Some(format!("x-artstore-mode is {:?}", answer.header("x-artstore-mode")));
    }
    None
}

/// Every cell of the table holds; and in rw and ro what was stored first is there afterwards, whatever was asked,
/// and is read as before.
#[tokio::test(flavor = "multi_thread")]
async fn every_cell_holds() {
    let promised = promised();
    let named: Vec<&str> = promised.iter().map(|(name, _)| *name).collect();
    let tested: Vec<&str> = ROWS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(named, tested, "the rows of the document and those that are tested");
    let door = door().await;
    let mut broken = Vec::new();
    for ((name, cells), (number, (_, bucket, ask))) in promised.iter().zip(ROWS.iter().enumerate()) {
        assert_eq!(cells.len(), STATES.len(), "{name}");
        for (cell, State { mode, is_restored }) in cells.iter().zip(STATES) {
            let key = format!("{mode}-{number}-{is_restored}");
            let asked = Cell { door: &door, mode, is_restored, bucket, key };
            let version = asked.prepare().await;
            let answer = ask(&asked).await;
            if let Some(why) = fault(cell, mode, &answer) {
                broken.push(format!(
                    "{name}, {mode}, restored {is_restored}: {cell:?}, but {why}: {}",
                    String::from_utf8_lossy(&answer.body)
                ));
            }
            if mode != Mode::Edit && !asked.first_is_there(version.as_deref()) {
                broken.push(format!("{name}, {mode}: what was stored is gone"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
