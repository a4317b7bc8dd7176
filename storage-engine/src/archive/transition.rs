//! Transitions: a whole element goes on to a stricter mode.
//!
//! In two phases. First the element's document is taken alone: changes under way are committed or refused, and
//! later ones see the new mode. Then the log's record commits, and `element.json` follows, at the latest when the
//! archive is opened the next time.

use std::sync::Arc;

use super::archiving::{ArchivePass, Own, Unarchivable};
use super::open::{Archive, ElementSlot, Inner, absent};
use super::status::{ElementStatus, TransitionPlan};
use crate::caller::Caller;
use crate::element::{Element, ElementDocument};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::Mode;
use crate::name::ElementName;

impl Archive {
    /// What [`Self::set_mode`] would change. Changes nothing.
    ///
    /// *Errors*: those of [`Self::set_mode`], but for the disk's.
    pub fn plan_mode(&self, name: &ElementName, to: Mode) -> Result<TransitionPlan> {
        let inner = &self.inner;
        let element = inner.element_named(name)?;
        let (from, class_from, class_to, term) = {
            let document = element.document();
            if document.mode != to {
                check(&document, to)?;
            }
            let mut changed = document.clone();
            changed.mode = to;
            (document.mode, document.class(), changed.class(), document.retention)
        };
        let census = inner.catalog.census(element.id)?;
        let ready = inner.ready_elements();
        let successor = ready.iter().find(|other| other.id != element.id && other.document().mode == from);
        Ok(TransitionPlan {
            name: name.clone(),
            from,
            to,
            class_from,
            class_to,
            refused: from.refused_by(to),
            objects: census.objects,
            bytes: census.bytes,
            open_uploads: inner.uploads.count_on(element.id),
            retention_days: term.map(|term| term.days),
            successor: successor.map(|other| other.name.clone()),
        })
    }

    /// Changes the mode of an element: rw to ro, or ro to ar. The mode that it has already is set again without a
    /// change. Before an element becomes ar the bytes of everything on it are stored on its archive target and
    /// compared there, which may take long. Once it is ar, its own copies of them go.
    ///
    /// *Durability*: on return the mode survives a power cut; the log keeps who asked. A stop before that leaves
    /// the old mode; what was stored need not be stored again.
    /// *Concurrency*: waits for the changes of the element that are under way; later ones see the mode.
    /// *Errors*: `NoSuchElement`; `ModeForbids` where no transition leads there, saying what does;
    /// `InvalidArgument` for ar where no archive target is set; `Corrupt` for ar where a document is damaged here or
    /// on the target; `StorageFull`, `Unavailable`, `Io`: then the mode is the old one, or after `Io` perhaps the new
    /// one.
    pub fn set_mode(&self, caller: &Caller, name: &ElementName, to: Mode) -> Result<ElementStatus> {
        self.change_mode(caller, name, to, &mut |_| {})
    }

    /// As [`Self::set_mode`]; `told` hears after each hour what has been archived so far.
    pub fn change_mode(
        &self,
        caller: &Caller,
        name: &ElementName,
        to: Mode,
        told: &mut dyn FnMut(&ArchivePass),
    ) -> Result<ElementStatus> {
        let inner = &self.inner;
        drop(self.enter()?);
        let element = inner.element_named(name)?;
        {
            let document = element.document();
            if document.mode != to {
                check(&document, to)?;
            }
        }
        if to == Mode::Ar {
            // Two that look for what is left would each take what the other is at for done.
            let _alone = inner.archiving.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            element.unarchived.note_all();
            let mut pass = ArchivePass::default();
            while !self.try_to_archive(caller, &element, &mut pass)? {
                told(&pass);
            }
        } else {
            let _gate = self.enter()?;
            inner.commit_mode(caller, &element, to, &mut element.document_alone())?;
        }
        self.status_of(&element)
    }

    /// Stores the next hour of an element that is to become ar; where there is none left, it becomes ar. Says
    /// whether it is.
    fn try_to_archive(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        pass: &mut ArchivePass,
    ) -> Result<bool> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let mut document = element.document_alone();
        if document.mode == Mode::Ar {
            return Ok(true);
        }
        let next = element.unarchived.take(&*element.disk, u64::MAX);
        match next.map_err(|error| Error::io("look for bytes to archive", &element.name, error))? {
            // Nothing comes while the document is held: everything on the element has been stored.
            None => {
                inner.commit_mode(caller, element, Mode::Ar, &mut document)?;
                element.unarchived.note_all();
                inner.work.call();
                Ok(true)
            }
            Some(hour) => {
                drop((document, _gate));
                inner.archive_hour(element, hour, Own::Stay, pass);
                match pass.failed.pop() {
                    Some(Unarchivable { error, .. }) => Err(error),
                    None => Ok(false),
                }
            }
        }
    }

    /// The status of an element in use.
    pub(super) fn status_of(&self, element: &Element) -> Result<ElementStatus> {
        let found = self.elements().into_iter().find(|status| status.id == element.id);
        found.ok_or_else(|| no_such_element(&element.name))
    }
}

impl Inner {
    fn commit_mode(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        to: Mode,
        document: &mut ElementDocument,
    ) -> Result<()> {
        let from = document.mode;
        if from == to {
            return Ok(());
        }
        check(document, to)?;
        let seq = self.sequence.draw()?;
        let record = Record::new(seq, self.options.clock.now_ms(), caller, Change::Mode { from, to });
        let committed = element.log()?.append(record, &Attachments::default())?;
        let mut changed = document.clone();
        changed.mode = to;
        if let Err(error) = changed.write(&*element.disk) {
            // The one that failed may be there all the same.
            if document.write(&*element.disk).is_ok() && self.abort(element, &[(caller, seq)]) {
                committed.applied();
            }
            return Err(error);
        }
        *document = changed;
        committed.applied();
        tracing::info!(element = %element.name, %from, %to, "an element changed its mode");
        Ok(())
    }

    /// Brings about a transition that the log holds.
    pub(super) fn replay_mode(&self, element: &Element, to: Mode) -> Result<()> {
        let mut document = element.document_alone();
        if document.mode < to {
            document.mode = to;
            document.write(&*element.disk)?;
        }
        Ok(())
    }

    /// The element of this name.
    ///
    /// *Errors*: `NoSuchElement`, `Unavailable` where it is absent.
    pub(super) fn element_named(&self, name: &ElementName) -> Result<Arc<Element>> {
        let elements = self.elements.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_name = elements.values().find(|slot| match slot {
            ElementSlot::Ready(element) => element.name == *name,
            ElementSlot::Absent { registered, .. } => registered.name == *name,
        });
        match of_name {
            Some(ElementSlot::Ready(element)) => Ok(Arc::clone(element)),
            Some(ElementSlot::Absent { registered, .. }) => Err(absent(registered)),
            None => Err(no_such_element(name)),
        }
    }
}

fn check(document: &ElementDocument, to: Mode) -> Result<()> {
    document.mode.check_transition(to)?;
    if to == Mode::Ar && document.target.is_none() {
        return Err(Error::new(ErrorKind::InvalidArgument, "change mode")
            .about(&document.name)
            .because("its bytes have nowhere to go: set an archive target first (artstore element target)"));
    }
    Ok(())
}

fn no_such_element(name: &ElementName) -> Error {
    Error::new(ErrorKind::NoSuchElement, "find element").about(name)
}
