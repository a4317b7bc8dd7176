//! Elements that fill: their order, their bounds, and what becomes of those that are full.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::open::{Archive, Inner};
use super::place::RESERVE_BYTES;
use super::status::{ElementSettings, ElementStatus, WhenFull};
use crate::caller::Caller;
use crate::element::{Element, ElementDocument};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::Mode;
use crate::name::ElementName;
use crate::outbox::{EventKind, Occurrence};
use crate::retention::{RetentionTerm, TermSetting};

/// Percent of its quota from which on an element counts as full once something did not fit.
const FULL_PERCENT: u64 = 90;

/// What looking at the elements that fill came to.
#[derive(Debug, Default)]
pub struct FillingPass {
    /// Elements that became ro.
    pub became_ro: Vec<ElementName>,
    /// Elements of which it was told now that they become ro before long: something did not fit, or nine tenths are
    /// used.
    pub filling: Vec<ElementName>,
}

impl Archive {
    /// Sets the order and the bounds in which an element is filled.
    ///
    /// *Durability*: durable on return; the log keeps who asked.
    /// *Concurrency*: waits for the changes of the element that are under way.
    /// *Errors*: `NoSuchElement`; `InvalidArgument` for an element to become ro that is not rw, and for a term that is
    /// none; `StorageFull`, `Unavailable`, `Io`.
    pub fn set_element(
        &self,
        caller: &Caller,
        name: &ElementName,
        settings: &ElementSettings,
    ) -> Result<ElementStatus> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let element = inner.element_named(name)?;
        {
            let mut document = element.document_alone();
            let mut changed = document.clone();
            changed.set(settings, inner.retention_now_ms())?;
            // Nothing comes while the document is held, so that what is counted is what is there.
            if changed.max_size_bytes.is_some() && document.max_size_bytes.is_none() {
                element.set_used(inner.catalog.census(element.id)?.bytes);
            }
            inner.write_settings(caller, &element, &mut document, changed)?;
        }
        self.status_of(&element)
    }

    /// Lets elements of mode rw that are full, and are to become ro then, become ro. The owners of the buckets on one are
    /// told first, by an earlier call.
    ///
    /// *Durability*: they are ro for good on return.
    /// *Errors*: those of [`Self::set_mode`] and [`Self::emit`].
    pub fn turn_full_elements(&self) -> Result<FillingPass> {
        let mut pass = FillingPass::default();
        for element in self.inner.ready_elements() {
            let turns = {
                let document = element.document();
                document.mode == Mode::Rw && document.when_full == WhenFull::Ro
            };
            if !turns {
                continue;
            }
            if !self.inner.is_filling(&element)? {
                element.is_full.store(false, Ordering::Release);
                element.is_warned.store(false, Ordering::Release);
            } else if !element.is_warned.load(Ordering::Acquire) {
                self.warn_of_filling(&element)?;
                element.is_warned.store(true, Ordering::Release);
                pass.filling.push(element.name.clone());
            } else if element.is_full.swap(false, Ordering::AcqRel) {
                self.set_mode(&Caller::of_job("SetElementMode"), &element.name, Mode::Ro)?;
                pass.became_ro.push(element.name.clone());
            }
        }
        Ok(pass)
    }

    /// Tells the owners of the buckets that have documents on an element.
    fn warn_of_filling(&self, element: &Element) -> Result<()> {
        let buckets = self.inner.buckets.all();
        for bucket in buckets.iter().filter(|bucket| element.holds_bucket(&bucket.name)) {
            let occurrence = Occurrence {
                mode: Some(Mode::Rw),
                reason: Some(format!(
                    "element {} is nearly full: it becomes ro when something does not fit",
                    element.name
                )),
                ..Occurrence::of_bucket(EventKind::ElementFilling, bucket.name.clone())
            };
            match self.emit(&Caller::of_job("ElementFilling"), occurrence) {
                // It was deleted meanwhile.
                Err(error) if error.kind() == ErrorKind::NoSuchBucket => {}
                other => other?,
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Whether little room is left: a tenth of the quota, else twice what is kept free of the file system.
    fn is_filling(&self, element: &Element) -> Result<bool> {
        let (quota, reserve) = {
            let document = element.document();
            (document.max_size_bytes, document.reserve_bytes.unwrap_or(0).max(RESERVE_BYTES))
        };
        let of_quota = quota.is_some_and(|quota| element.used_bytes() >= quota / 100 * FULL_PERCENT);
        let space = element.disk.space();
        let space = space.map_err(|error| Error::io("ask for free space", &element.name, error))?;
        Ok(of_quota || space.free_bytes < reserve.saturating_mul(2))
    }

    /// Writes what is set of an element, whose document the caller holds alone.
    pub(super) fn write_settings(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        document: &mut ElementDocument,
        changed: ElementDocument,
    ) -> Result<()> {
        let record = Record::new(self.sequence.draw()?, self.options.clock.now_ms(), caller, Change::Note);
        element.log()?.append(record, &Attachments::default())?.applied();
        if let Err(error) = changed.write(&*element.disk) {
            // The one that failed may be there all the same.
            if let Err(again) = document.write(&*element.disk) {
                tracing::warn!(element = %element.name, error = %again, "a setting that was refused may count from the next start on");
            }
            return Err(error);
        }
        *document = changed;
        Ok(())
    }
}

impl ElementDocument {
    fn set(&mut self, settings: &ElementSettings, now_ms: u64) -> Result<()> {
        let of_bytes = |bytes: u64| (bytes > 0).then_some(bytes);
        self.priority = settings.priority.unwrap_or(self.priority);
        self.max_size_bytes = settings.max_size_bytes.map_or(self.max_size_bytes, of_bytes);
        self.reserve_bytes = settings.reserve_bytes.map_or(self.reserve_bytes, of_bytes);
        if settings.when_full == Some(WhenFull::Ro) && self.mode != Mode::Rw {
            return Err(Error::new(ErrorKind::InvalidArgument, "set element").about(&self.name).because(
                format_args!(
                    "it has the mode {}: an element of mode rw becomes ro when it is full",
                    self.mode
                ),
            ));
        }
        self.when_full = settings.when_full.unwrap_or(self.when_full);
        self.retention = match settings.retention {
            None => self.retention,
            Some(TermSetting { days: 0, .. }) => None,
            Some(TermSetting { days, warn_days }) => {
                // What is set already does not begin anew.
                let same = self.retention.filter(|term| (term.days, term.warn_days) == (days, warn_days));
                Some(same.map_or_else(|| RetentionTerm::new(days, warn_days, now_ms), Ok)?)
            }
        };
        Ok(())
    }
}
