//! A write that the power cuts off.

use super::{New, Restart, Run, etag_of, key};
use crate::ErrorKind;
use crate::archive::bucket::Versioning;
use crate::archive::put::{Stored, WriteConditions};
use crate::digest::ChecksumType;

impl Run {
    /// Puts while the power fails at a later call. Afterwards the version is there whole where the put was
    /// answered, and else whole or not at all.
    pub(super) fn cut_put(&mut self, name: &'static str, rw: bool, call: u64) {
        let (content, note) = self.next_content();
        let etag = etag_of(&content);
        self.machine.crash_at(self.machine.calls() + call);
        let answer = self.send(name, rw, (&content, &note), WriteConditions::default());
        self.machine.clear_plans();
        self.restart(Restart::PowerCut);
        let answer = match answer {
            Err(error) if error.kind() != ErrorKind::ModeForbids => match self.found(name, &etag) {
                Some(stored) => Ok(stored),
                None => return,
            },
            answered => answered,
        };
        self.written(name, New { content, etag, note, rw, upload: None }, answer);
    }

    /// The current object of a key where it has this ETag, as the answer that was cut off would have told it.
    fn found(&self, name: &str, etag: &str) -> Option<Stored> {
        let object = self.archive().object(&self.bucket, &key(name), None).ok()?;
        let version_id = (self.state != Versioning::Never).then_some(object.version_id);
        (object.etag == etag).then(|| Stored {
            version_id,
            etag: object.etag.clone(),
            size: object.size,
            checksums: Vec::new(),
            checksum_type: ChecksumType::FullObject,
            modified_ms: object.modified_ms,
            mode: object.mode,
            tags: object.attributes.tags.clone(),
        })
    }
}
