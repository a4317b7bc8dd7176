//! The segments of a log that a start would read, frame by frame.

use std::sync::Arc;

use super::paced_disk::{PacedDisk, Pacer, Work};
use super::pass::Pass;
use crate::element::Element;
use crate::fsck::{Finding, FindingKind, told};
use crate::log::{self, WAL_DIR};

/// Looks in all; a frame that is being written while it is read is whole at the next.
const LOOKS: usize = 3;

impl Pass<'_> {
    /// Reads the log of an element up to its last durable frame.
    pub(super) fn check_log(&mut self, element: &Element) {
        let mut before = None;
        for _ in 0..LOOKS {
            let Some(wrong) = self.look_at_log(element) else { return };
            if before.as_ref() == Some(&wrong) {
                return self
                    .found(Finding::new(FindingKind::LogDamaged, Some(&element.name), WAL_DIR, wrong), None);
            }
            before = Some(wrong);
        }
    }

    /// What is wrong with a log.
    fn look_at_log(&self, element: &Element) -> Option<String> {
        // At most a few segments, read without a pause: a checkpoint waits meanwhile.
        let unpaced = Pacer::new(Arc::new(|_| true));
        let disk = PacedDisk::new(&element.disk, &unpaced);
        let wrong = {
            let mark = self.hold_checkpoint();
            let log = element.log().ok()?;
            let durable = log.next_frame();
            match log::read(&disk, element.id, mark.log_start(element.id), |_, _| Ok(())) {
                _ if log.is_latched() => None,
                Ok(read) if read.next_frame >= durable => None,
                Ok(read) => Some(format!(
                    "frame {} is damaged, and changes that were acknowledged are in it or behind it",
                    read.next_frame
                )),
                Err(error) => Some(told(&error)),
            }
        };
        self.pacer.count(unpaced.take_bytes());
        self.pacer.work(Work::default()).ok()?;
        wrong
    }
}
