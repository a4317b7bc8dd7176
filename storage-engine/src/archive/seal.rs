//! Sealing: hours that are over and quiet get their seals, after a checkpoint has made their files durable.

use std::sync::{Arc, PoisonError, atomic::Ordering};
use std::time::Duration;

use super::open::{Archive, Inner};
use crate::catalog::{Entry, KnownElement};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::log::{Change, Place, Retired};
use crate::name::{ElementName, StoredPath};
use crate::seal::{Chain, Due, Hour, Link, Made, Making, REST_HOURS_MAX, hours_from};

/// How long an hour waits that could not be sealed, in milliseconds, unless something changes in it.
const RETRY_MS: u64 = 10 * 60 * 1000;

/// Which hours are sealed.
#[derive(Clone, Copy, Debug)]
pub struct SealLimits {
    /// For how long nothing may have changed in an hour.
    pub quiet: Duration,
    /// Most hours that are looked at in each element.
    pub hours_max: usize,
}

/// A seal that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The element.
    pub element: ElementName,
    /// The seal's path from the element's root, such as `seals/2026/11/20/11.1`.
    pub path: String,
    /// Its root digest: the SHA-256 of the seal.
    pub root: [u8; 32],
}

impl Sealed {
    /// The root digest as it stands in the chain.
    #[must_use]
    pub fn root_hex(&self) -> String {
        hex::encode(self.root)
    }
}

/// An hour that could not be sealed.
#[derive(Debug)]
pub struct Unsealable {
    /// The element.
    pub element: ElementName,
    /// The hour, such as `2026/11/20/11`.
    pub hour: String,
    /// Why; it names the file.
    pub error: Error,
}

/// What one pass of sealing did.
#[derive(Debug, Default)]
pub struct SealPass {
    /// Seals made, in order.
    pub sealed: Vec<Sealed>,
    /// Hours that are as their last seals say.
    pub unchanged: usize,
    /// Hours that could not be sealed; they are tried again later.
    pub failed: Vec<Unsealable>,
    /// Whether there are more hours to look at now.
    pub is_more: bool,
}

impl Archive {
    /// Seals the hours that are over and quiet, each that differs from its last seal. One thread seals at a
    /// time; changes go on, and what they touch is left for a later pass. A close waits for one file at most.
    ///
    /// *Durability*: seals are durable on return.
    /// *Errors*: `Unavailable` while the archive closes or where an element is latched; those of a
    /// checkpoint. What is wrong with one hour is in the answer.
    pub fn seal_due(&self, limits: &SealLimits) -> Result<SealPass> {
        let _alone = self.inner.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pass = SealPass::default();
        let mut due = Vec::new();
        {
            let _gate = self.enter()?;
            let mut elements = self.inner.ready_elements();
            elements.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            for element in elements {
                self.inner.refill_unsealed(&element)?;
                let found =
                    element.unsealed.due(self.inner.options.clock.now_ms(), limits.quiet, limits.hours_max);
                pass.is_more |= found.len() >= limits.hours_max || element.unsealed.rest().is_some();
                due.extend(found.into_iter().map(|due| (Arc::clone(&element), due)));
            }
            if due.is_empty() {
                return Ok(pass);
            }
            // Found before it began, and nothing in flight: what lies there is durable after it.
            self.inner.run_checkpoint(false)?;
        }
        for (element, due) in due {
            let _gate = self.enter()?;
            self.inner.seal_one(&element, due, &mut pass);
        }
        Ok(pass)
    }
}

/// Hours whose files are about to change; dropped when they have.
#[must_use]
pub(super) struct Touched<'a> {
    inner: &'a Inner,
    hours: Vec<(Arc<Element>, Hour)>,
}

impl Touched<'_> {
    fn begin(&mut self, element: &Arc<Element>, path: &StoredPath) {
        // A folder that is no hour of the calendar has no seal.
        if let Some(hour) = Hour::parse(path.hour()) {
            element.unsealed.begin(hour);
            self.hours.push((Arc::clone(element), hour));
        }
    }
}

impl Drop for Touched<'_> {
    fn drop(&mut self) {
        let now_ms = self.inner.options.clock.now_ms();
        for (element, hour) in &self.hours {
            element.unsealed.end(*hour, now_ms);
        }
    }
}

impl Inner {
    /// Says that the files at `path` on `element`, and those of versions that give way to them, are about to
    /// change, and when the answer is dropped that they have: no seal is made of them in between.
    ///
    /// *Errors*: `Unavailable` where the element of one that gives way is absent.
    pub(super) fn touch(
        &self,
        element: &Arc<Element>,
        path: &StoredPath,
        retired: &[Entry],
    ) -> Result<Touched<'_>> {
        let mut touched = Touched { inner: self, hours: Vec::with_capacity(1 + retired.len()) };
        touched.begin(element, path);
        for Entry { place, .. } in retired {
            if place.element == element.id {
                touched.begin(element, &place.path);
            } else {
                touched.begin(&self.element(place.element)?, &place.path);
            }
        }
        Ok(touched)
    }

    /// Marks the hours of a change that the log still holds, taken back or not.
    pub(super) fn touch_replayed(&self, change: &Change) {
        let (one, retired): (Option<&Place>, &[Retired]) = match change {
            Change::Put { place, retire, .. } => (Some(place), retire),
            Change::Annotate { place, .. }
            | Change::Remove { place, .. }
            | Change::Release { place }
            | Change::Dispose { place, .. } => (Some(place), &[]),
            Change::BucketPut { .. }
            | Change::BucketRemove { .. }
            | Change::Abort { .. }
            | Change::Mode { .. }
            | Change::Restore { .. }
            | Change::Note => (None, &[]),
        };
        for place in one.into_iter().chain(retired.iter().map(|old| &old.place)) {
            // What lies on an absent element is looked at when its own log is read.
            if let Ok(element) = self.element(place.element) {
                drop(self.touch(&element, &place.path, &[]));
            }
        }
    }

    /// Takes over which hours of each element the last checkpoint left to be sealed; all of them where the
    /// catalog does not know the element.
    pub(super) fn restore_unsealed(&self, elements: &[Arc<Element>]) -> Result<()> {
        for element in elements {
            if self.catalog.covers(element.id)?
                && let Some(record) = self.catalog.unsealed(element.id)?
            {
                element.unsealed.restore(record);
            }
        }
        Ok(())
    }

    /// What a checkpoint is to persist of the elements in use.
    pub(super) fn known_elements(&self) -> Vec<KnownElement> {
        let known = |element: &Arc<Element>| KnownElement {
            id: element.id,
            mode: element.mode_at_once(),
            unsealed: element.unsealed.record(),
        };
        self.ready_elements().iter().map(known).collect()
    }

    /// Takes the next hours out of the rest of an element.
    fn refill_unsealed(&self, element: &Element) -> Result<()> {
        let Some(from) = element.unsealed.rest() else { return Ok(()) };
        let (hours, next) = hours_from(&*element.disk, from, REST_HOURS_MAX)
            .map_err(|error| Error::io("look for hours to seal", &element.name, error))?;
        element.unsealed.take_rest(from, &hours, next);
        Ok(())
    }

    fn seal_one(&self, element: &Element, due: Due, pass: &mut SealPass) {
        let is_undisturbed =
            || !self.is_closing.load(Ordering::Acquire) && element.unsealed.is_undisturbed(due);
        match self.make_seal(element, due, &is_undisturbed) {
            Ok(Made::Sealed(Link { name, root })) => {
                element.unsealed.settle(due);
                pass.sealed.push(Sealed { element: element.name.clone(), path: name.path(), root });
            }
            Ok(Made::Unchanged) => {
                element.unsealed.settle(due);
                pass.unchanged += 1;
            }
            // A change under way looks like damage to who reads in between.
            Ok(Made::Disturbed) => {}
            Err(_) if !is_undisturbed() => {}
            Err(error) => {
                let until_ms = self.options.clock.now_ms().saturating_add(RETRY_MS);
                element.unsealed.put_off(due, until_ms);
                let hour = due.hour.to_string();
                pass.failed.push(Unsealable { element: element.name.clone(), hour, error });
            }
        }
    }

    fn make_seal(&self, element: &Element, due: Due, is_undisturbed: &dyn Fn() -> bool) -> Result<Made> {
        let mut slot = element.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = match &mut *slot {
            Some(chain) => chain,
            empty => empty.insert(Chain::open(&*element.disk)?),
        };
        let mode = element.document().mode;
        let disk_of = |id| self.element(id).ok().map(|element| Arc::clone(&element.disk));
        let making = Making { disk: &*element.disk, hour: due.hour, mode, disk_of: &disk_of, is_undisturbed };
        making.run(chain)
    }
}
