//! What a listing says of archived bytes, where the client asks (API page "RestoreStatus").

use s3s::dto::{OptionalObjectAttributes, RestoreStatus};
use storage_engine::archive::restore;

use crate::response::timestamp;

/// Whether `x-amz-optional-object-attributes` asks for it.
pub(super) fn is_asked(attributes: Option<&Vec<OptionalObjectAttributes>>) -> bool {
    attributes.is_some_and(|asked| {
        asked.iter().any(|name| name.as_str() == OptionalObjectAttributes::RESTORE_STATUS)
    })
}

/// The element of one object.
pub(super) fn shown(status: restore::RestoreStatus) -> RestoreStatus {
    match status {
        restore::RestoreStatus::Ongoing => {
            RestoreStatus { is_restore_in_progress: Some(true), restore_expiry_date: None }
        }
        restore::RestoreStatus::Restored { until_ms } => {
            RestoreStatus { is_restore_in_progress: Some(false), restore_expiry_date: timestamp(until_ms) }
        }
    }
}
