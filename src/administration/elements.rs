//! Listing and making elements, and changing their modes.

use storage_engine::archive::status::{ElementSettings, NewElement};

use super::asker::Asker;
use super::document::{ElementDocument, ModeDocument, ModeRequest, NewElementRequest, SettingsRequest};
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};

impl Administration {
    /// Every element.
    pub(crate) fn element_documents(&self) -> Vec<ElementDocument> {
        self.archive.elements().into_iter().map(ElementDocument::from).collect()
    }

    /// Makes an element. *Durability*: it is durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn create_element(&self, user: &Asker, new: NewElementRequest) -> Result<ElementDocument> {
        let name = new.name.clone();
        let new =
            NewElement { name: new.name, mode: new.mode, root: new.root, max_size_bytes: new.max_size_bytes };
        let created = self.archive.create_element(&user.caller("CreateElement"), new).map_err(|source| {
            Error::new(ErrorKind::Failed, "create element")
                .about(&name)
                .remedy("artstore element list shows the elements there are")
                .caused_by(source)
        })?;
        tracing::info!(element = name.as_str(), root = %created.root.display(), "Made an element.");
        Ok(created.into())
    }

    /// Sets the order and the bounds in which an element is filled. *Durability*: they are durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn set_element(&self, user: &Asker, request: &SettingsRequest) -> Result<ElementDocument> {
        let SettingsRequest { name, priority, max_size_bytes, reserve_bytes, when_full, retention } = request;
        let settings = ElementSettings {
            priority: *priority,
            max_size_bytes: *max_size_bytes,
            reserve_bytes: *reserve_bytes,
            when_full: *when_full,
            retention: *retention,
        };
        let set = self.archive.set_element(&user.caller("SetElement"), name, &settings);
        let element = set.map_err(|source| {
            Error::new(ErrorKind::Failed, "set element")
                .about(name)
                .remedy("artstore element list shows the elements and their modes")
                .caused_by(source)
        })?;
        Ok(element.into())
    }

    /// Changes the mode of an element, or says what that would change. *Durability*: the mode is durable on
    /// return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn set_mode(&self, user: &Asker, request: &ModeRequest) -> Result<ModeDocument> {
        let ModeRequest { name, mode, plan: is_plan } = request;
        let failed = |source| {
            Error::new(ErrorKind::Failed, "change the mode of element")
                .about(name)
                .remedy("artstore element list shows the elements and their modes")
                .caused_by(source)
        };
        let plan = self.archive.plan_mode(name, *mode).map_err(failed)?;
        if !is_plan {
            self.archive.set_mode(&user.caller("SetElementMode"), name, *mode).map_err(failed)?;
        }
        Ok(ModeDocument::of(plan, !is_plan))
    }
}
