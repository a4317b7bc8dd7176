//! Descents: objects that were stored with a class of mode ro or ar go down to it by themselves.
//!
//! Nothing is written to an element of those modes but by transfer. Such an object is stored in rw, where it is
//! final; its sidecar says where it is bound for until it is there.

use super::open::{Archive, Inner};
use super::transfer::{Destination, Transfer, Transferred};
use crate::caller::Caller;
use crate::catalog::Descent;
use crate::error::{Error, ErrorKind, Result};

/// Versions that are looked at in one step.
const PAGE_VERSIONS: usize = 100;

/// What one pass over everything that is bound for another class did.
#[derive(Debug, Default)]
pub struct DescentPass {
    /// Versions that are where they were bound for.
    pub moved: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Versions that could not be moved; they stay bound for it.
    pub failed: u64,
    /// Why the first of them could not.
    pub first_failure: Option<Error>,
}

impl Archive {
    /// Moves every version that is bound for another class, until `is_stopped`.
    ///
    /// *Durability*: what was moved lies on its element for good on return.
    /// *Concurrency*: one thread. A close waits for the commit of one version at most.
    /// *Errors*: `Unavailable` while the archive closes, `Corrupt` where the catalog is damaged, `Io`. Why one version
    /// could not be moved is in the answer.
    pub fn descend(&self, is_stopped: &dyn Fn() -> bool) -> Result<DescentPass> {
        let (mut pass, mut after) = (DescentPass::default(), Vec::new());
        loop {
            drop(self.enter()?);
            let page = self.inner.catalog.descents(&after, PAGE_VERSIONS)?;
            for descent in &page {
                if is_stopped() {
                    return Ok(pass);
                }
                match self.descend_one(descent) {
                    Ok(Some(bytes)) => {
                        pass.moved += 1;
                        pass.bytes += bytes;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        pass.failed += 1;
                        pass.first_failure.get_or_insert(error);
                    }
                }
            }
            match page.into_iter().last() {
                Some(last) => after = last.row,
                None => return Ok(pass),
            }
        }
    }

    /// Moves one version; its size, or `None` where there is nothing to move any more.
    fn descend_one(&self, descent: &Descent) -> Result<Option<u64>> {
        let Some(transfer) = self.inner.transfer_of(descent)? else {
            self.inner.catalog.end_descent(&descent.row)?;
            return Ok(None);
        };
        let moved = self.transfer(&Caller::of_job("Descend"), &descent.bucket, &descent.key, &transfer);
        match moved {
            Ok(Transferred::Moved { stored, .. }) => {
                self.inner.catalog.end_descent(&descent.row)?;
                Ok(Some(stored.size))
            }
            // It has changed since it was looked at: the next pass looks again.
            Ok(Transferred::There) => Ok(None),
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Inner {
    /// The transfer that takes a version where it is bound for; `None` where it is gone, or there.
    fn transfer_of(&self, descent: &Descent) -> Result<Option<Transfer>> {
        let entry = self.catalog.version_of_seq(&descent.bucket, &descent.key, descent.seq)?;
        let Some(entry) = entry.filter(|entry| entry.is_bound) else { return Ok(None) };
        let (sidecar, element) = self.sidecar_of(&entry)?;
        let mode = element.document().mode;
        let class = sidecar.bound_for.filter(|class| class.mode() > mode);
        Ok(class.map(|class| Transfer {
            version: Some(entry.version_id),
            to: Destination::Class(class),
            revision: Some(sidecar.placement_seq),
            attributes: None,
        }))
    }
}
