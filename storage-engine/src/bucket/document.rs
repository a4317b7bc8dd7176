//! `buckets/<name>.json`: what is needed to be that bucket again. Every element that holds something
//! of the bucket carries one; the highest generation wins.

use std::io;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::notification::NotificationRule;
use crate::disk::{Disk, EntryKind};
use crate::document::{self, Fields, Members};
use crate::error::{Error, ErrorKind, Result};
use crate::lifecycle::Lifecycle;
use crate::mode::Mode;
use crate::name::BucketName;
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// The folder of bucket documents in an element.
pub(crate) const BUCKETS_DIR: &str = "buckets";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 1024 * 1024;
const ORDER: [&str; 8] =
    ["schema", "name", "owner", "created_at", "generation", "versioning", DEFAULT_MODE, LIFECYCLE];
const DEFAULT_MODE: &str = "default_mode";
const LIFECYCLE: &str = "lifecycle";

/// Whether overwriting and deleting keep what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It was never switched on: a key has one version, `null`.
    Never,
    /// Each PUT adds a version, a DELETE adds a marker.
    Enabled,
    /// New objects have the version `null`; older versions stay.
    Suspended,
}

/// What a bucket document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketDocument {
    pub(crate) name: BucketName,
    pub(crate) owner: Arc<str>,
    pub(crate) created_ms: u64,
    /// Number of the change that made the settings: of two documents the higher is the bucket, also where
    /// an element was away when the other changed.
    pub(crate) generation: u64,
    pub(crate) versioning: Versioning,
    /// The mode in which objects are stored whose class nobody names: edit or rw.
    pub(crate) default_mode: Mode,
    /// What expires and what moves; `None` where nothing was said, or nothing that this release can read.
    pub(crate) lifecycle: Option<Arc<Lifecycle>>,
    pub(crate) notification: Vec<NotificationRule>,
    unknown: Members,
}

impl Versioning {
    const ALL: [Self; 3] = [Self::Never, Self::Enabled, Self::Suspended];

    fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Enabled => "enabled",
            Self::Suspended => "suspended",
        }
    }
}

impl BucketDocument {
    /// The document of a bucket that change `seq` makes.
    pub(crate) fn new(name: BucketName, owner: &str, created_ms: u64, seq: u64) -> Self {
        Self {
            name,
            owner: owner.into(),
            created_ms,
            generation: seq,
            versioning: Versioning::Never,
            default_mode: Mode::Edit,
            lifecycle: None,
            notification: Vec::new(),
            unknown: Members::new(),
        }
    }

    /// The same as change `seq` leaves it, before anything is set.
    pub(crate) fn revised(&self, seq: u64) -> Self {
        Self { generation: seq.max(self.generation.saturating_add(1)), ..self.clone() }
    }

    /// Sets the lifecycle, or takes it away.
    pub(crate) fn set_lifecycle(&mut self, lifecycle: Option<Arc<Lifecycle>>) {
        self.unknown.remove(LIFECYCLE);
        self.lifecycle = lifecycle;
    }

    /// Where the document lies in an element.
    pub(crate) fn path(name: &BucketName) -> String {
        format!("{BUCKETS_DIR}/{name}.json")
    }

    /// The bytes of the document.
    pub(crate) fn encode(&self) -> Vec<u8> {
        document::render(&self.members(), &ORDER)
    }

    /// The members of the document.
    pub(crate) fn members(&self) -> Members {
        let mut members = self.unknown.clone();
        let fields: [(&str, Value); 6] = [
            ("schema", SCHEMA.into()),
            ("name", self.name.as_str().into()),
            ("owner", (*self.owner).into()),
            ("created_at", to_rfc3339(self.created_ms).into()),
            ("generation", self.generation.into()),
            ("versioning", self.versioning.as_str().into()),
        ];
        members.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        if self.default_mode != Mode::Edit {
            members.insert(DEFAULT_MODE.to_owned(), self.default_mode.as_str().into());
        }
        let lifecycle = self.lifecycle.as_deref().map(serde_json::to_value).and_then(Result::ok);
        members.extend(lifecycle.map(|lifecycle| (LIFECYCLE.to_owned(), lifecycle)));
        if !self.notification.is_empty() {
            members.insert("notification".to_owned(), serde_json::json!(self.notification));
        }
        members
    }

    /// Reads a document; `what` names it in errors.
    pub(crate) fn decode(bytes: &[u8], what: &str) -> Result<Self> {
        let mut fields = Fields::new(document::parse(bytes, SCHEMA, what)?, what);
        fields.value("schema");
        let (lifecycle, unread) = read_lifecycle(fields.value(LIFECYCLE), what);
        Ok(Self {
            name: fields.parsed("name", |text| BucketName::parse(text).ok())?,
            owner: fields.text("owner")?.into(),
            created_ms: fields.parsed("created_at", from_rfc3339)?,
            generation: fields.number("generation")?,
            versioning: fields.parsed("versioning", |text| {
                Versioning::ALL.into_iter().find(|known| known.as_str() == text)
            })?,
            default_mode: match fields.text_if(DEFAULT_MODE)? {
                None => Mode::Edit,
                Some(text) => Mode::parse(&text).map_err(|_| fields.corrupt(DEFAULT_MODE))?,
            },
            lifecycle,
            notification: match fields.value("notification").map(serde_json::from_value) {
                None => Vec::new(),
                Some(Ok(rules)) => rules,
                Some(Err(_)) => return Err(fields.corrupt("notification")),
            },
            unknown: fields.rest().into_iter().chain(unread).collect(),
        })
    }

    /// Reads the document at `path`.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn read(disk: &dyn Disk, path: &str) -> Result<Self> {
        let bytes = disk.read_whole(path, BYTES_MAX).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Error::new(ErrorKind::Corrupt, "read bucket document").about(path),
            _ => Error::io("read bucket document", path, error),
        })?;
        Self::decode(&bytes, path)
    }

    /// Writes the document into an element. *Durability*: durable on return.
    pub(crate) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let path = Self::path(&self.name);
        disk.write_durable(&path, &self.encode())
            .map_err(|error| Error::io("write bucket document", path, error))
    }

    /// Removes the document from an element. *Durability*: durable on return.
    pub(crate) fn remove(disk: &dyn Disk, name: &BucketName) -> Result<()> {
        let path = Self::path(name);
        disk.remove_durable(&path).map_err(|error| Error::io("remove bucket document", path, error))
    }

    /// Reads every bucket document of an element.
    ///
    /// *Errors*: `NewerFormat`, `Io`. A damaged document is reported and left where it is.
    pub(crate) fn read_all(disk: &dyn Disk) -> Result<Vec<Self>> {
        let mut documents = Vec::new();
        let entries =
            disk.read_dir(BUCKETS_DIR).map_err(|error| Error::io("read folder", BUCKETS_DIR, error))?;
        for entry in entries {
            let path = format!("{BUCKETS_DIR}/{}", entry.name);
            let Some(name) = entry.name.strip_suffix(".json").filter(|_| entry.kind == EntryKind::File)
            else {
                continue;
            };
            match Self::read(disk, &path) {
                Ok(document) if document.name.as_str() == name => documents.push(document),
                Ok(document) => {
                    tracing::error!(path, bucket = %document.name, "a bucket document lies under another name and is passed over");
                }
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    tracing::error!(path, %error, "a bucket document is damaged and is passed over");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(documents)
    }
}

/// The lifecycle that a document has; one that cannot be read is kept as it is, and nothing is done by it.
fn read_lifecycle(value: Option<Value>, what: &str) -> (Option<Arc<Lifecycle>>, Option<(String, Value)>) {
    let Some(value) = value else { return (None, None) };
    match Lifecycle::deserialize(&value) {
        Ok(lifecycle) => (Some(Arc::new(lifecycle)), None),
        Err(error) => {
            tracing::error!(path = what, %error, "The lifecycle of a bucket cannot be read; nothing expires or moves by it.");
            (None, Some((LIFECYCLE.to_owned(), value)))
        }
    }
}
