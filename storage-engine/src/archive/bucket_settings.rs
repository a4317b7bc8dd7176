//! Settings of a bucket: its versioning and default mode, and how any of them is committed.

use std::sync::Arc;

use super::open::{Archive, Inner};
use crate::bucket::{BucketDocument, Versioning, no_such_bucket};
use crate::caller::Caller;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::Mode;
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
        self.set_of_bucket(caller, name, |document| document.versioning = state)
    }

    /// Sets the mode in which objects of a bucket are stored whose class nobody names: edit, or rw, in which they are
    /// final at once.
    ///
    /// *Durability*, *Concurrency*: as of [`Self::set_versioning`].
    /// *Errors*: `NoSuchBucket`; `InvalidArgument` for a mode in which nothing is stored; `InvalidStorageClass` where no
    /// element has it; `StorageFull`, `Unavailable`, `Io`.
    pub fn set_default_mode(&self, caller: &Caller, name: &BucketName, mode: Mode) -> Result<()> {
        if !matches!(mode, Mode::Edit | Mode::Rw) {
            return Err(Error::new(ErrorKind::InvalidArgument, "set default mode").about(name).because(
                format_args!("objects are stored in edit or rw, and go on to {mode} from there: lifecycle rules move them"),
            ));
        }
        // Whether there is room now says nothing about later.
        self.inner.ingest_element(mode, 0).map(drop).or_else(|error| match error.kind() {
            ErrorKind::InvalidStorageClass => Err(error),
            _ => Ok(()),
        })?;
        self.set_of_bucket(caller, name, |document| document.default_mode = mode)
    }

    /// Changes a setting of a bucket. What is set already is set again without a change.
    pub(super) fn set_of_bucket(
        &self,
        caller: &Caller,
        name: &BucketName,
        set: impl FnOnce(&mut BucketDocument),
    ) -> Result<()> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(name)?;
        let mut held = open_bucket.hold_alone();
        let known = held.as_ref().ok_or_else(|| no_such_bucket(name))?;
        let mut wanted = BucketDocument::clone(known);
        set(&mut wanted);
        if wanted == **known {
            return Ok(());
        }
        let seq = inner.sequence.draw()?;
        let document = wanted.revised(seq);
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
