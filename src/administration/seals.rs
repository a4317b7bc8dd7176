//! Sealing at once.

use std::time::Duration;

use storage_engine::archive::seal::SealLimits;

use super::document::{SealDocument, SealPassDocument, UnsealableDocument};
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};

/// Most hours of an element in one answer.
const HOURS_MAX: usize = 500;

impl Administration {
    /// Seals hours that are over, however lately they changed. *Durability*: seals are durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn seal_now(&self) -> Result<SealPassDocument> {
        let limits = SealLimits { quiet: Duration::ZERO, hours_max: HOURS_MAX };
        let pass = self.archive.seal_due(&limits).map_err(|source| {
            Error::new(ErrorKind::Failed, "seal")
                .remedy("artstore element list shows which element cannot be used")
                .caused_by(source)
        })?;
        let sealed = pass.sealed.into_iter().map(SealDocument::from).collect();
        let failed: Vec<UnsealableDocument> = pass.failed.into_iter().map(UnsealableDocument::from).collect();
        for unsealable in &failed {
            let (element, hour, error) = (&unsealable.element, &unsealable.hour, &unsealable.error);
            tracing::error!(element, hour, error, "An hour is not sealed.");
        }
        Ok(SealPassDocument { sealed, unchanged: pass.unchanged, failed, is_more: pass.is_more })
    }
}
