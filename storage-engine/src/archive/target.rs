//! Where the bytes of an element go in mode ar.

use std::sync::atomic::Ordering;

use super::open::Archive;
use super::status::ElementStatus;
use crate::caller::Caller;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::ElementName;
use crate::target::{self, ArchiveTarget};

impl Archive {
    /// Sets where the bytes of an element are to go in mode ar, and the class that they report there. On an element
    /// that is ar already a target may be set where there was none, and the class or the commands changed; not the
    /// folder, since it has the bytes.
    ///
    /// *Durability*: durable on return; the log keeps who asked.
    /// *Errors*: `NoSuchElement`; `ModeForbids` for another folder where the element is ar; `InvalidArgument` for
    /// modes that are not archived by transition, and a place that is none; `AlreadyExists` for a folder that is
    /// another element's; `StorageFull`, `Unavailable`, `Io`.
    pub fn set_target(
        &self,
        caller: &Caller,
        name: &ElementName,
        target: &ArchiveTarget,
    ) -> Result<ElementStatus> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let element = inner.element_named(name)?;
        let is_stopped = || inner.is_closing.load(Ordering::Acquire);
        target::claim(&inner.options, &element, &target.place, &is_stopped)?;
        {
            let mut document = element.document_alone();
            if document.mode == Mode::Edit {
                return Err(Error::new(ErrorKind::InvalidArgument, "set archive target").about(name).because(
                    "an element of mode edit stays one: make an element of mode ar and transfer documents to it",
                ));
            }
            let is_moved = |known: &ArchiveTarget| known.place.is_elsewhere(&target.place);
            if document.mode == Mode::Ar && document.target.as_ref().is_some_and(is_moved) {
                return Err(Error::new(ErrorKind::ModeForbids, "set archive target")
                    .about(name)
                    .in_mode(Mode::Ar)
                    .because("its bytes lie on the target that it has: move the folder while the server is stopped, and change element.json"));
            }
            let mut changed = document.clone();
            changed.target = Some(target.clone());
            inner.write_settings(caller, &element, &mut document, changed)?;
        }
        inner.work.call();
        self.status_of(&element)
    }
}
