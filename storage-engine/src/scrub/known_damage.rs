//! Objects whose bytes are known to be damaged: doors refuse to open them instead of breaking off midway.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::record::FINDINGS_MAX;
use crate::name::ElementId;

/// An object whose data file is not what was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedObject {
    /// Id of the element that holds it.
    pub element: String,
    /// The data file from the element's root.
    pub data: String,
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version id.
    pub version_id: String,
    /// Number of the first block that is damaged, where one is.
    pub block: Option<u64>,
}

/// The objects known to be damaged, at most [`FINDINGS_MAX`].
#[derive(Default)]
pub(crate) struct KnownDamage(RwLock<BTreeMap<(String, String), DamagedObject>>);

impl KnownDamage {
    pub(super) fn add(&self, object: DamagedObject) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < FINDINGS_MAX {
            known.insert((object.element.clone(), object.data.clone()), object);
        }
    }

    /// Forgets all that is not in the findings of the pass that has ended.
    pub(super) fn replace(&self, objects: impl Iterator<Item = DamagedObject>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
        objects.for_each(|object| self.add(object));
    }

    /// The damage of a data file.
    pub(crate) fn of(&self, element: ElementId, data: &str) -> Option<DamagedObject> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return None;
        }
        known.get(&(element.to_string(), data.to_owned())).cloned()
    }

    /// Forgets a data file that has proven to be whole again.
    pub(crate) fn forget(&self, object: &DamagedObject) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(object.element.clone(), object.data.clone()));
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<DamagedObject> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
