//! Where the bytes of an element go in mode ar.

use super::open::Archive;
use super::status::ElementStatus;
use crate::caller::Caller;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
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
        target::claim(&*inner.options.disks, &element, &target.place)?;
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
            let record =
                Record::new(inner.sequence.draw()?, inner.options.clock.now_ms(), caller, Change::Note);
            element.log()?.append(record, &Attachments::default())?.applied();
            let mut changed = document.clone();
            changed.target = Some(target.clone());
            if let Err(error) = changed.write(&*element.disk) {
                // The one that failed may be there all the same.
                if let Err(again) = document.write(&*element.disk) {
                    tracing::warn!(element = %element.name, error = %again, "an archive target that was refused may be set at the next start");
                }
                return Err(error);
            }
            *document = changed;
        }
        inner.work.call();
        let of_element = |status: &ElementStatus| status.id == element.id;
        self.elements()
            .into_iter()
            .find(of_element)
            .ok_or_else(|| Error::new(ErrorKind::NoSuchElement, "find element").about(name))
    }
}
