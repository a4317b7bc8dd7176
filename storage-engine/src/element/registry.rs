//! The registry: which elements belong to the archive and where their roots are.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::disk::Disk;
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{ElementId, ElementName};

const PATH: &str = "control/elements.json";
const SCHEMA: u64 = 1;
const BYTES_MAX: usize = 1024 * 1024;

/// One registered element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) id: ElementId,
    /// The name it had when it was last seen, for messages while it is absent.
    pub(crate) name: ElementName,
    /// The root: absolute, or relative to the data directory.
    pub(crate) root: String,
}

/// All registered elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registry {
    pub(crate) elements: Vec<Registered>,
}

impl Registry {
    /// Reads the registry; `None` at the first start.
    ///
    /// *Errors*: `Corrupt`, `NewerFormat`, `Io`.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Self>> {
        let bytes = match disk.read_whole(PATH, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", PATH, error)),
        };
        let mut members = document::parse(&bytes, SCHEMA, PATH)?;
        let elements = members.remove("elements").unwrap_or_default();
        let elements = serde_json::from_value(elements)
            .map_err(|error| Error::new(ErrorKind::Corrupt, "read").about(PATH).caused_by(error))?;
        Ok(Some(Self { elements }))
    }

    /// Writes the registry. *Durability*: durable on return.
    pub(crate) fn write(&self, disk: &dyn Disk) -> Result<()> {
        let mut members = document::Members::new();
        members.insert("schema".into(), SCHEMA.into());
        members.insert("elements".into(), json!(self.elements));
        let bytes = document::render(&members, &["schema", "elements"]);
        disk.write_durable(PATH, &bytes).map_err(|error| Error::io("write", PATH, error))
    }
}
