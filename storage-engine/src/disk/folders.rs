//! Folders kept open, so that a file made, renamed or removed in one costs no walk from the root.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Folders kept open at a time: staging, the log, the hour that fills, and a few that are emptied.
const KEPT_MAX: usize = 8;

/// Open folders by their paths, the one used last in front.
///
/// A folder that is removed while it is kept refuses whatever is tried in it with `NotFound`, so that nothing
/// gets lost in it: the caller forgets it then, and opens the path again.
#[derive(Default)]
pub(super) struct Folders {
    kept: Mutex<VecDeque<(Box<str>, Arc<OwnedFd>)>>,
}

impl Folders {
    /// The folder at `path` where it is kept.
    pub(super) fn get(&self, path: &str) -> Option<Arc<OwnedFd>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| **known == *path)?;
        if at > 0 {
            let found = kept.remove(at)?;
            kept.push_front(found);
        }
        kept.front().map(|(_, folder)| Arc::clone(folder))
    }

    /// Keeps a folder that was opened at `path`, in the place of the one that was used longest ago.
    pub(super) fn keep(&self, path: &str, folder: &Arc<OwnedFd>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| **known != *path);
        kept.truncate(KEPT_MAX - 1);
        kept.push_front((path.into(), Arc::clone(folder)));
    }

    /// Forgets the folder at `path`, and those beneath it: it has another name now, or none.
    pub(super) fn forget_beneath(&self, path: &str) {
        let is_beneath = |known: &str| {
            known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| !is_beneath(known));
    }

    /// Forgets the folder at `path`.
    pub(super) fn forget(&self, path: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| **known != *path);
    }
}
