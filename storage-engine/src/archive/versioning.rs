//! Switching the versioning of a bucket on, and suspending it.

use std::sync::Arc;

use super::open::{Archive, Inner};
use crate::bucket::{BucketDocument, Versioning, no_such_bucket};
use crate::caller::Caller;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::name::BucketName;

impl Archive {
    /// Switches the versioning of a bucket on, or suspends it (API page "PutBucketVersioning"). The state
    /// that it has already is set again without a change.
    ///
    /// *Durability*: on return every element in use that holds something of the bucket has the state, and
    /// keeps it through a power cut.
    /// *Concurrency*: waits for the changes of the bucket's objects that are under way; later ones see the
    /// state.
    /// *Errors*: `NoSuchBucket`; `InvalidArgument` for [`Versioning::Never`], to which no bucket returns;
    /// `StorageFull`, `Unavailable`, `Io`: then every element has the state or none.
    pub fn set_versioning(&self, caller: &Caller, name: &BucketName, state: Versioning) -> Result<()> {
        if state == Versioning::Never {
            return Err(Error::new(ErrorKind::InvalidArgument, "set versioning")
                .about(name)
                .because("versioning that was on once can only be suspended"));
        }
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(name)?;
        let mut held = open_bucket.hold_alone();
        let known = held.as_ref().ok_or_else(|| no_such_bucket(name))?;
        if known.versioning == state {
            return Ok(());
        }
        let seq = inner.sequence.draw()?;
        let mut document = known.revised(seq);
        document.versioning = state;
        inner.commit_bucket(caller, known, &document, seq)?;
        *held = Some(Arc::new(document));
        Ok(())
    }
}

impl Inner {
    /// Makes `document` the settings of a bucket that is there, in place of `known`. The caller holds the
    /// bucket alone.
    pub(super) fn commit_bucket(
        &self,
        caller: &Caller,
        known: &BucketDocument,
        document: &BucketDocument,
        seq: u64,
    ) -> Result<()> {
        let element = self.log_element()?;
        let change = Change::BucketPut { bucket: document.name.clone() };
        let record = Record::new(seq, self.options.clock.now_ms(), caller, change);
        let attachments = Attachments { document: document.encode().into(), ..Attachments::default() };
        let committed = element.log()?.append(record, &attachments)?;
        let holders = self.holders_of(&document.name, &element);
        for (at, holder) in holders.iter().enumerate() {
            let Err(error) = holder.put_bucket(document) else { continue };
            // The one that failed may show the new document all the same.
            let undone = holders.iter().take(at + 1).try_for_each(|holder| holder.take_back_bucket(known));
            if undone.is_ok() && self.abort(&element, &[(caller, seq)]) {
                committed.applied();
            }
            return Err(error);
        }
        committed.applied();
        Ok(())
    }

    /// The elements that have the document of a bucket, and the one whose log tells of it.
    pub(super) fn holders_of(&self, name: &BucketName, teller: &Element) -> Vec<Arc<Element>> {
        let mut holders = self.ready_elements();
        holders.retain(|element| element.id == teller.id || element.holds_bucket(name));
        holders
    }
}
