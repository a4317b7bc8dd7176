//! Commands as an archive target. What proves that an item was stored is a file of the element, kept from then
//! until the element's own bytes are gone.

use std::io;

use serde_json::{Value, json};

use super::process::run;
use super::setting::MoverCommands;
use super::{Item, Target};
use crate::disk::Disk;
use crate::document::{self, Members};
use crate::element::{ARCHIVED_DIR, Element, RESTORED_DIR};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;

const SCHEMA: u64 = 1;
const PROOF_BYTES_MAX: usize = 64 * 1024;

/// The commands of an element.
pub(super) struct Movers {
    commands: MoverCommands,
}

impl Movers {
    pub(super) fn new(commands: MoverCommands) -> Self {
        Self { commands }
    }

    /// Reads what the mover has, or its SHA-256, and compares it.
    fn compare(&self, item: &Item<'_>) -> Result<()> {
        let operation = "compare what was archived";
        if let Some(verify) = &self.commands.verify {
            let answer = run(item, verify, &request(item, "verify", None))?;
            let sha256 = hex::decode(answer.trim()).ok().and_then(|bytes| bytes.try_into().ok());
            let sha256 = sha256.ok_or_else(|| {
                Error::new(ErrorKind::Corrupt, operation)
                    .about(item.name())
                    .because(format_args!("the command printed {:?} and no SHA-256 in hex", answer.trim()))
            })?;
            return item.compare_digest(sha256, operation);
        }
        let disk = &*item.element.disk;
        let path = format!("{RESTORED_DIR}/{}.compared", item.sidecar.id.simple());
        let compared = self.recall(item, &path).and_then(|()| {
            let file = disk.open(&path).map_err(|error| Error::io(operation, &path, error))?;
            item.compare(&*file, operation)
        });
        disk.remove(&path).ok();
        compared
    }

    /// Whether the movers may have an item: in ar they have whatever the element has not.
    fn has(&self, item: &Item<'_>) -> Result<bool> {
        let is_archived = item.element.document().mode == Mode::Ar;
        Ok(is_archived || self.holds(item)?)
    }

    /// What proves that these commands have stored an item.
    fn proof(&self, item: &Item<'_>) -> Vec<u8> {
        let members = Members::from_iter([
            ("schema".to_owned(), Value::from(SCHEMA)),
            ("name".to_owned(), item.name().into()),
            ("sha256".to_owned(), hex::encode(item.sidecar.sha256).into()),
            ("commands".to_owned(), json!(self.commands)),
        ]);
        document::render(&members, &["schema", "name", "sha256", "commands"])
    }
}

impl Target for Movers {
    fn holds(&self, item: &Item<'_>) -> Result<bool> {
        match item.element.disk.read_whole(&proof_path(item), PROOF_BYTES_MAX) {
            Ok(found) => Ok(found == self.proof(item)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("read proof of archiving", item.name(), error)),
        }
    }

    fn store(&self, item: &Item<'_>) -> Result<()> {
        run(item, &self.commands.archive, &request(item, "archive", Some(item.name())))?;
        self.compare(item)?;
        item.element
            .disk
            .write_durable(&proof_path(item), &self.proof(item))
            .map_err(|error| Error::io("keep proof of archiving", item.name(), error))
    }

    fn recall(&self, item: &Item<'_>, to: &str) -> Result<()> {
        let disk: &dyn Disk = &*item.element.disk;
        match disk.remove(to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("write restored copy", to, error));
            }
            _ => {}
        }
        run(item, &self.commands.recall, &request(item, "recall", Some(to)))?;
        match disk.exists(to) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::Unavailable, "run mover")
                .about(&self.commands.recall)
                .because("it ended with 0 and wrote no file")),
            Err(error) => Err(Error::io("read restored copy", to, error)),
        }
    }

    fn check_removal(&self, item: &Item<'_>) -> Result<()> {
        if self.commands.remove.is_some() || !self.has(item)? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unsupported, "remove from archive target").about(item.name()).because(format_args!(
            "the movers of element {} have no command that removes: set one with artstore element target --remove-command",
            item.element.name
        )))
    }

    fn remove(&self, item: &Item<'_>) -> Result<()> {
        self.check_removal(item)?;
        if !self.has(item)? {
            return Ok(());
        }
        if let Some(remove) = &self.commands.remove {
            run(item, remove, &request(item, "remove", None))?;
        }
        self.released(item)
    }

    fn released(&self, item: &Item<'_>) -> Result<()> {
        match item.element.disk.remove(&proof_path(item)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("remove proof of archiving", item.name(), error))
            }
            _ => Ok(()),
        }
    }
}

fn proof_path(item: &Item<'_>) -> String {
    format!("{ARCHIVED_DIR}/{}.json", item.sidecar.id.simple())
}

/// The request of a command; `file` is a path on the element.
fn request(item: &Item<'_>, operation: &str, file: Option<&str>) -> Value {
    let absolute = |element: &Element, path: &str| element.root.join(path).display().to_string();
    let mut request = json!({
        "operation": operation,
        "element": item.element.name.as_str(),
        "name": item.name(),
        "sidecar": absolute(item.element, &item.sidecar.path.sidecar()),
        "bucket": item.sidecar.bucket.as_str(),
        "key": item.sidecar.key.as_str(),
        "version": item.sidecar.version_id.to_string(),
        "size": item.sidecar.size,
        "sha256": hex::encode(item.sidecar.sha256),
    });
    if let (Some(file), Some(members)) = (file, request.as_object_mut()) {
        members.insert("file".to_owned(), absolute(item.element, file).into());
    }
    request
}
