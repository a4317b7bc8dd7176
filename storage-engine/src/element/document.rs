//! `element.json`: what an element is. The only home of its mode and quota.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::archive::status::WhenFull;
use crate::disk::{Disk, PARTIAL_SUFFIX};
use crate::document::{self, Fields, Members};
use crate::error::{Error, Result};
use crate::mode::{Mode, StorageClass};
use crate::name::{ElementId, ElementName};
use crate::retention::RetentionTerm;
use crate::target::{ArchiveClass, ArchiveTarget, TargetPlace};

/// The name of the document in the element's root.
const PATH: &str = "element.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 64 * 1024;
const ORDER: [&str; 11] = [
    "schema",
    "id",
    "name",
    "mode",
    "priority",
    "max_size_bytes",
    "reserve_bytes",
    "when_full",
    "retention",
    "archive_target",
    "archive_class",
];
/// Where nobody set one; lower is filled first.
const PRIORITY_DEFAULT: u64 = 100;

/// What `element.json` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ElementDocument {
    pub(crate) id: ElementId,
    pub(crate) name: ElementName,
    pub(crate) mode: Mode,
    /// Among elements of one mode the lowest is filled first.
    pub(crate) priority: u64,
    pub(crate) max_size_bytes: Option<u64>,
    /// Room that bodies leave free on its file system.
    pub(crate) reserve_bytes: Option<u64>,
    /// Whether it becomes ro when it is full.
    pub(crate) when_full: WhenFull,
    /// How long documents stay on it, or are kept.
    pub(crate) retention: Option<RetentionTerm>,
    /// Where its bytes go in mode ar.
    pub(crate) target: Option<ArchiveTarget>,
    unknown: Members,
}

impl ElementDocument {
    pub(crate) fn new(id: ElementId, name: ElementName, mode: Mode, max_size_bytes: Option<u64>) -> Self {
        Self {
            id,
            name,
            mode,
            priority: PRIORITY_DEFAULT,
            max_size_bytes,
            reserve_bytes: None,
            when_full: WhenFull::Refuse,
            retention: None,
            target: None,
            unknown: Members::new(),
        }
    }

    /// Reads the document of an element's root; `None` where there is none.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Self>> {
        match disk.read_whole(PATH, BYTES_MAX) {
            Ok(bytes) => Self::decode(&bytes).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", PATH, error)),
        }
    }

    /// Removes what a stop left half written beside the document.
    pub(crate) fn sweep(disk: &dyn Disk) -> Result<()> {
        match disk.remove(&format!("{PATH}{PARTIAL_SUFFIX}")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("sweep", PATH, error))
            }
            _ => Ok(()),
        }
    }

    /// Writes the document. *Durability*: durable on return.
    pub(crate) fn write(&self, disk: &dyn Disk) -> Result<()> {
        disk.write_durable(PATH, &self.encode()).map_err(|error| Error::io("write", PATH, error))
    }

    /// The class that its objects report: that of the mode, in ar the one that was chosen.
    pub(crate) fn class(&self) -> StorageClass {
        match (self.mode, &self.target) {
            (Mode::Ar, Some(target)) => target.class.storage_class(),
            (mode, _) => mode.storage_class(),
        }
    }

    /// Whether documents may come: without a target an element of mode ar cannot do what it is for.
    pub(crate) fn takes_in(&self) -> bool {
        self.mode != Mode::Ar || self.target.is_some()
    }

    fn encode(&self) -> Vec<u8> {
        let mut members = self.unknown.clone();
        let fields: [(&str, Value); 5] = [
            ("schema", SCHEMA.into()),
            ("id", self.id.to_string().into()),
            ("name", self.name.as_str().into()),
            ("mode", self.mode.as_str().into()),
            ("priority", self.priority.into()),
        ];
        members.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        if let Some(max_size_bytes) = self.max_size_bytes {
            members.insert("max_size_bytes".into(), max_size_bytes.into());
        }
        if let Some(reserve_bytes) = self.reserve_bytes {
            members.insert("reserve_bytes".into(), reserve_bytes.into());
        }
        if self.when_full != WhenFull::Refuse {
            members.insert("when_full".into(), json!(self.when_full));
        }
        if let Some(retention) = self.retention {
            members.insert("retention".into(), retention.to_value());
        }
        if let Some(target) = &self.target {
            members.insert("archive_target".into(), json!(target.place));
            members.insert("archive_class".into(), json!(target.class));
        }
        document::render(&members, &ORDER)
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(document::parse(bytes, SCHEMA, PATH)?, PATH);
        fields.value("schema");
        Ok(Self {
            id: fields.parsed("id", |text| Uuid::try_parse(text).ok().map(ElementId::new))?,
            name: fields.parsed("name", |text| ElementName::parse(text).ok())?,
            mode: fields.parsed("mode", |text| Mode::parse(text).ok())?,
            priority: fields.number("priority")?,
            max_size_bytes: fields.number_if("max_size_bytes")?,
            reserve_bytes: fields.number_if("reserve_bytes")?,
            when_full: when_full_of(&mut fields)?,
            retention: RetentionTerm::of(&mut fields)?,
            target: target_of(&mut fields)?,
            unknown: fields.rest(),
        })
    }
}

fn when_full_of(fields: &mut Fields<'_>) -> Result<WhenFull> {
    let Some(value) = fields.value("when_full") else { return Ok(WhenFull::Refuse) };
    serde_json::from_value(value).map_err(|_| fields.corrupt("when_full"))
}

fn target_of(fields: &mut Fields<'_>) -> Result<Option<ArchiveTarget>> {
    let (place, class) = (fields.value("archive_target"), fields.value("archive_class"));
    let Some(place) = place else { return Ok(None) };
    let place: TargetPlace = serde_json::from_value(place).map_err(|_| fields.corrupt("archive_target"))?;
    let class: Option<ArchiveClass> =
        class.map(serde_json::from_value).transpose().map_err(|_| fields.corrupt("archive_class"))?;
    Ok(Some(ArchiveTarget { place, class: class.unwrap_or_default() }))
}
