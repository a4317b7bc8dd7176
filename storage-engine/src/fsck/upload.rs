//! What lies in staging and of open uploads.

use std::io;

use super::check::Run;
use super::finding::{FindingKind, told};
use super::root::Root;
use crate::archive::multipart::UploadId;
use crate::archive::parts_log;
use crate::archive::upload_store::UploadDocument;
use crate::disk::{DirEntry, EntryKind};
use crate::element::{STAGING_DIR, UPLOADS_DIR};

impl Run<'_> {
    /// Reports what the next start sweeps out of staging.
    pub(super) fn check_staging(&mut self, root: &Root) {
        for entry in self.entries(root, STAGING_DIR) {
            let path = format!("{STAGING_DIR}/{}", entry.name);
            if entry.kind == EntryKind::Dir {
                self.report_foreign(root, path, "a folder, which the next start cannot sweep");
            } else if !self.pending.names_staged(root.id, &path) {
                let detail = "a body that was not stored";
                self.tally.add(root.finding(FindingKind::Leftover, path, detail));
            }
        }
    }

    /// Checks every open upload; answers how many there are.
    pub(super) fn check_uploads(&mut self, root: &Root) -> u64 {
        let mut open = 0;
        for entry in self.entries(root, UPLOADS_DIR) {
            let path = format!("{UPLOADS_DIR}/{}", entry.name);
            let id = UploadId::parse(&entry.name).ok().filter(|_| entry.kind == EntryKind::Dir);
            let Some(id) = id else {
                self.report_foreign(root, path, "it is no upload");
                continue;
            };
            if self.pending.ends_upload(&entry.name) {
                continue;
            }
            match UploadDocument::read(&*root.disk, &entry.name) {
                Ok(_) => {
                    open += 1;
                    self.check_parts(root, id, &path);
                }
                Err(error) if error.is_missing_file() => {
                    let detail = "what is left of an upload that has ended";
                    self.tally.add(root.finding(FindingKind::Leftover, path, detail));
                }
                Err(error) => {
                    let path = format!("{path}/upload.json");
                    self.tally.add(root.finding(FindingKind::UploadDamaged, path, told(&error)));
                }
            }
        }
        open
    }

    /// Checks that each part that was acknowledged is there in its size.
    fn check_parts(&mut self, root: &Root, id: UploadId, folder: &str) {
        let parts = match parts_log::parts(&*root.disk, id) {
            Ok(parts) => parts,
            Err(error) => {
                let path = format!("{folder}/parts.log");
                return self.tally.add(root.finding(FindingKind::UploadDamaged, path, told(&error)));
            }
        };
        for (number, part) in parts {
            let path = format!("{folder}/{}", part.file);
            let why = match root.disk.open(&path).and_then(|file| file.len()) {
                Ok(len) if len == part.size => continue,
                Ok(len) => format!("part {number} has {len} bytes and {} arrived", part.size),
                Err(error) => format!("part {number} cannot be read: {error}"),
            };
            self.tally.add(root.finding(FindingKind::UploadDamaged, path, why));
        }
    }

    /// The entries of a folder in order of name; none where it is not there.
    fn entries(&mut self, root: &Root, folder: &str) -> Vec<DirEntry> {
        match root.disk.read_dir(folder) {
            Ok(mut entries) => {
                entries.sort_unstable();
                entries
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                self.tally.add(root.finding(FindingKind::UnreadableFile, folder, error));
                Vec::new()
            }
        }
    }
}
