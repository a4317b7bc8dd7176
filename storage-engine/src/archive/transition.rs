//! Transitions: a whole element goes on to a stricter mode.
//!
//! In two phases. First the element's document is taken alone: changes under way are committed or refused, and
//! later ones see the new mode. Then the log's record commits, and `element.json` follows, at the latest when the
//! archive is opened the next time.

use std::sync::Arc;

use super::open::{Archive, ElementSlot, Inner, absent};
use super::status::{ElementStatus, TransitionPlan};
use crate::caller::Caller;
use crate::element::Element;
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
        let from = element.document().mode;
        if from != to {
            check(from, to)?;
        }
        let census = inner.catalog.census(element.id)?;
        let ready = inner.ready_elements();
        let successor = ready.iter().find(|other| other.id != element.id && other.document().mode == from);
        Ok(TransitionPlan {
            name: name.clone(),
            from,
            to,
            class_from: from.storage_class(),
            class_to: to.storage_class(),
            refused: from.refused_by(to),
            objects: census.objects,
            bytes: census.bytes,
            open_uploads: inner.uploads.count_on(element.id),
            successor: successor.map(|other| other.name.clone()),
        })
    }

    /// Changes the mode of an element: rw to ro. The mode that it has already is set again without a change.
    ///
    /// *Durability*: on return the mode survives a power cut; the log keeps who asked.
    /// *Concurrency*: waits for the changes of the element that are under way; later ones see the mode.
    /// *Errors*: `NoSuchElement`; `ModeForbids` where no transition leads there, saying what does;
    /// `Unsupported` for ar, which wants an archive target; `StorageFull`, `Unavailable`, `Io`: then the mode is
    /// the old one, or after `Io` perhaps the new one.
    pub fn set_mode(&self, caller: &Caller, name: &ElementName, to: Mode) -> Result<ElementStatus> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let element = inner.element_named(name)?;
        inner.commit_mode(caller, &element, to)?;
        self.elements()
            .into_iter()
            .find(|status| status.id == element.id)
            .ok_or_else(|| no_such_element(name))
    }
}

impl Inner {
    fn commit_mode(&self, caller: &Caller, element: &Arc<Element>, to: Mode) -> Result<()> {
        let mut document = element.document_alone();
        let from = document.mode;
        if from == to {
            return Ok(());
        }
        check(from, to)?;
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

fn check(from: Mode, to: Mode) -> Result<()> {
    from.check_transition(to)?;
    if to == Mode::Ar {
        return Err(Error::new(ErrorKind::Unsupported, "change mode")
            .about(to)
            .because("it wants an archive target for the bytes, which this release does not have"));
    }
    Ok(())
}

fn no_such_element(name: &ElementName) -> Error {
    Error::new(ErrorKind::NoSuchElement, "find element").about(name)
}
