//! Open uploads: document, list of parts, and each part in its size. Their bytes are compared when the upload
//! is completed.

use std::sync::TryLockError;

use super::pass::Pass;
use crate::archive::OpenUpload;
use crate::archive::parts_log;
use crate::archive::upload_store::{self, UploadDocument};
use crate::element::Element;
use crate::fsck::{Finding, FindingKind, told};

impl Pass<'_> {
    /// Checks the open uploads of an element; one that is being completed is passed over.
    pub(super) fn check_uploads(&mut self, element: &Element) {
        let of_element = |upload: &OpenUpload| upload.element.id == element.id;
        for upload in self.inner.uploads.all().into_iter().filter(|upload| of_element(upload)) {
            if self.pacer.is_stopped() {
                return;
            }
            let wrong = match upload.progress.try_lock() {
                Ok(progress) if progress.is_open => check(element, &upload),
                Ok(_) | Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => continue,
            };
            for (path, detail) in wrong {
                let kind = FindingKind::UploadDamaged;
                self.found(Finding::new(kind, Some(&element.name), path, detail), None);
            }
        }
    }
}

/// What is wrong with an upload that nobody changes: paths and why.
fn check(element: &Element, upload: &OpenUpload) -> Vec<(String, String)> {
    let (disk, id) = (&*element.disk, upload.document.id());
    let folder = upload_store::folder(id);
    let mut wrong = Vec::new();
    if let Err(error) = UploadDocument::read(disk, &id.to_string()) {
        wrong.push((format!("{folder}/upload.json"), told(&error)));
    }
    let parts = match parts_log::parts(disk, id) {
        Ok(parts) => parts,
        Err(error) => {
            wrong.push((format!("{folder}/parts.log"), told(&error)));
            return wrong;
        }
    };
    for (number, part) in parts {
        let path = format!("{folder}/{}", part.file);
        match disk.open(&path).and_then(|file| file.len()) {
            Ok(len) if len == part.size => {}
            Ok(len) => {
                let detail = format!("part {number} has {len} bytes and {} arrived", part.size);
                wrong.push((path, detail));
            }
            Err(error) => wrong.push((path, format!("part {number} cannot be read: {error}"))),
        }
    }
    wrong
}
