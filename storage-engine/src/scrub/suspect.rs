//! Names that looked wrong and whose sidecar does not tell a key to lock: they are looked at again when every
//! change that was under way has been applied.

use std::sync::PoisonError;

use super::pass::Pass;
use crate::fsck::Finding;

/// Looks after the first one. A name that was being written at the first may be being removed at the second,
/// and is never written again.
const LOOKS: usize = 2;

impl Pass<'_> {
    /// Looks again at all suspects and reports those that still are wrong.
    ///
    /// Where a checkpoint fails nothing can be told from a change under way: the next pass looks again.
    pub(super) fn settle_suspects(&mut self) {
        let mut suspects = self.take_suspects();
        let mut findings: Vec<Finding> = Vec::new();
        for _ in 0..LOOKS {
            if suspects.is_empty() || self.pacer.is_stopped() {
                break;
            }
            if !self.checkpoint() {
                return;
            }
            findings.clear();
            suspects.retain(|suspect| {
                let Some(element) = self.element_of(&suspect.element) else { return false };
                let disk = self.disk_of(&element);
                let seen = self.look(&element, &disk, suspect);
                let is_wrong = !seen.is_empty();
                findings.extend(seen);
                is_wrong
            });
        }
        if self.pacer.is_stopped() {
            suspects.into_iter().for_each(|suspect| self.keep_suspect(suspect));
            return;
        }
        findings.into_iter().for_each(|finding| self.found(finding, None));
    }

    /// Runs a checkpoint: every change committed before it is applied behind it.
    fn checkpoint(&self) -> bool {
        let gate = self.inner.gate.read().unwrap_or_else(PoisonError::into_inner);
        if *gate {
            return false;
        }
        match self.inner.run_checkpoint(false) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the scrub cannot tell what is wrong from what is changing");
                false
            }
        }
    }
}
