//! A pair: its sidecar against the place where it lies, the catalog and the bytes of its data file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::known_damage::DamagedObject;
use super::paced_disk::{PacedDisk, Work};
use super::pass::Pass;
use super::record::Suspect;
use crate::catalog::Entry;
use crate::disk::{DirEntry, Disk, EntryKind};
use crate::element::Element;
use crate::fsck::{Finding, FindingKind, Met, Severity, SidecarFile, content, told, walk};
use crate::mode::Mode;
use crate::name::{SIDECAR_SUFFIX, StoredName, StoredPath};
use crate::sidecar::{Kind, Sidecar, split_overflow};

const REBUILD: &str =
    "stop the server, remove the folder catalog, and start it again: it is made from the sidecars";

/// The overflow sidecars of a stored name, and whether a sidecar lies beside it.
#[derive(Default)]
struct Beside {
    has_sidecar: bool,
    overflows: Vec<String>,
}

impl Pass<'_> {
    /// Checks every hour folder of an element behind the name `at`.
    pub(super) fn check_pairs(&mut self, element: &Arc<Element>, at: &str) {
        let disk = self.disk_of(element);
        let (at_hour, at_name) = at.rsplit_once('/').unwrap_or_default();
        walk(&disk, &mut |met| match met {
            Met::Hour(hour, _) if hour < at_hour => {}
            Met::Hour(hour, entries) => {
                let behind = if hour == at_hour { at_name } else { "" };
                self.check_hour(element, &disk, hour, entries, behind);
            }
            Met::Foreign(path) => self.foreign(element, path, "it does not belong to an element"),
            Met::Unreadable(_, error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Met::Unreadable(path, error) => {
                let detail = format_args!("the folder cannot be read: {error}");
                let finding = Finding::new(FindingKind::UnreadableFile, Some(&element.name), path, detail);
                self.found(finding, None);
            }
        });
    }

    fn check_hour(
        &mut self,
        element: &Arc<Element>,
        disk: &PacedDisk,
        hour: &str,
        entries: Vec<DirEntry>,
        behind: &str,
    ) {
        let mut names: BTreeMap<String, Beside> = BTreeMap::new();
        for entry in entries {
            if entry.kind != EntryKind::File {
                self.foreign(element, format!("{hour}/{}", entry.name), "it is no file");
            } else if let Some(name) = entry.name.strip_suffix(SIDECAR_SUFFIX) {
                names.entry(name.to_owned()).or_default().has_sidecar = true;
            } else if let Some((name, _)) = split_overflow(&entry.name) {
                names.entry(name.to_owned()).or_default().overflows.push(entry.name);
            } else {
                names.entry(entry.name).or_default();
            }
        }
        for (name, beside) in names {
            if self.pacer.is_stopped() {
                return;
            }
            if name.as_str() <= behind {
                continue;
            }
            let sidecars = u64::from(beside.has_sidecar);
            let element_id = element.id.to_string();
            let suspect =
                Suspect { element: element_id, hour: hour.to_owned(), name, overflows: beside.overflows };
            let at = format!("{hour}/{}", suspect.name);
            if !self.look(element, disk, &suspect).is_empty() {
                self.suspect(suspect);
            }
            self.passed(&at, Work { sidecars, bytes: 0 });
        }
    }

    /// Checks the files of a name. What is wrong with the pair of a sidecar that can be read is reported;
    /// what is wrong besides is answered, and may only be changing.
    pub(super) fn look(&mut self, element: &Arc<Element>, disk: &PacedDisk, name: &Suspect) -> Vec<Finding> {
        let data = format!("{}/{}", name.hour, name.name);
        let path = format!("{data}{SIDECAR_SUFFIX}");
        let finding =
            |kind, path: String, detail: String| Finding::new(kind, Some(&element.name), path, detail);
        match SidecarFile::read(disk, &path) {
            Ok(file) => {
                self.check_pair(element, disk, &path, file, &name.overflows);
                Vec::new()
            }
            Err(fault) if is_there(disk, &path) => vec![finding(fault.kind, fault.path, fault.detail)],
            Err(_) => {
                let mut findings = Vec::new();
                if is_there(disk, &data) {
                    let is_ours = StoredName::is_shaped(&name.name) || !name.overflows.is_empty();
                    findings.push(match is_ours {
                        true => finding(FindingKind::OrphanData, data, "no sidecar is beside it".into()),
                        false => {
                            finding(FindingKind::ForeignFile, data, "it does not have a stored name".into())
                        }
                    });
                }
                let overflows = name.overflows.iter().map(|overflow| format!("{}/{overflow}", name.hour));
                for overflow in overflows.filter(|path| is_there(disk, path)) {
                    let detail = "no sidecar is beside it".into();
                    findings.push(finding(FindingKind::OrphanOverflow, overflow, detail));
                }
                findings
            }
        }
    }

    fn check_pair(
        &mut self,
        element: &Arc<Element>,
        disk: &PacedDisk,
        path: &str,
        file: SidecarFile,
        overflows: &[String],
    ) {
        let (bucket, key) = (file.sidecar.bucket.clone(), file.sidecar.key.clone());
        if !self.compare(element, &file, path, overflows).is_empty() {
            let findings = {
                let _key = self.inner.key_locks.lock(&bucket, &key);
                match SidecarFile::read(&*element.disk, path) {
                    Ok(again) => self.compare(element, &again, path, overflows),
                    Err(_) => Vec::new(),
                }
            };
            findings.into_iter().for_each(|(finding, object)| self.found(finding, object));
        }
        if file.sidecar.kind == Kind::Object && is_there(disk, file.sidecar.path.data()) {
            let wrong = self.read_content(element, disk, &file.sidecar);
            if !wrong.is_empty() && self.is_still(element, path, &file.sidecar) {
                wrong.into_iter().for_each(|(finding, object)| self.found(finding, object));
            }
        }
    }

    /// Whether the sidecar at `path` is that of the same version, with nobody changing it.
    fn is_still(&self, element: &Element, path: &str, sidecar: &Sidecar) -> bool {
        let _key = self.inner.key_locks.lock(&sidecar.bucket, &sidecar.key);
        SidecarFile::read(&*element.disk, path).is_ok_and(|again| again.sidecar.id == sidecar.id)
    }

    /// Compares a sidecar with its place, the files beside it and the catalog.
    fn compare(
        &self,
        element: &Element,
        file: &SidecarFile,
        path: &str,
        overflows: &[String],
    ) -> Vec<(Finding, Option<DamagedObject>)> {
        let (sidecar, disk) = (&file.sidecar, &*element.disk);
        let finding =
            |kind, path: &str, detail: String| Finding::new(kind, Some(&element.name), path, detail);
        if sidecar.path.sidecar() != path {
            let detail = format!("it says that its data file is {}", sidecar.path);
            return vec![(finding(FindingKind::MisplacedSidecar, path, detail), None)];
        }
        let mut findings = Vec::new();
        for orphan in overflows.iter().filter(|name| file.overflow.as_ref() != Some(*name)) {
            let path = format!("{}/{orphan}", sidecar.path.hour());
            if is_there(disk, &path) {
                let detail = "the sidecar beside it does not name it".into();
                findings.push((finding(FindingKind::OrphanOverflow, &path, detail), None));
            }
        }
        let has_data = is_there(disk, sidecar.path.data());
        match sidecar.kind {
            Kind::Marker | Kind::Tombstone if has_data => {
                let detail =
                    "its sidecar is that of a delete marker or a tombstone, which has no data file".into();
                findings.push((finding(FindingKind::OrphanData, sidecar.path.data(), detail), None));
            }
            Kind::Object if !has_data && element.document().mode != Mode::Ar => {
                let (bucket, key, size) = (&sidecar.bucket, &sidecar.key, sidecar.size);
                let detail = format!("the data file of {bucket}/{key} is not there: {size} bytes");
                let object = Some(damaged(element, sidecar, None));
                findings.push((finding(FindingKind::OrphanSidecar, path, detail), object));
            }
            Kind::Marker | Kind::Object | Kind::Tombstone => {}
        }
        findings.extend(self.compare_catalog(element, file, path).map(|finding| (finding, None)));
        findings
    }

    /// Compares a sidecar with what the catalog says of its version.
    fn compare_catalog(&self, element: &Element, file: &SidecarFile, path: &str) -> Option<Finding> {
        let sidecar = &file.sidecar;
        let (bucket, key, version) = (&sidecar.bucket, &sidecar.key, sidecar.version_id);
        // A catalog that cannot be read is reported by the walk over it.
        let known = self.inner.catalog.version(bucket, key, version).ok()?;
        if sidecar.kind == Kind::Tombstone {
            let is_shown = known.is_some_and(|known| known.place.path == sidecar.path);
            let detail =
                format!("the catalog knows version {version} of {bucket}/{key}, which was disposed of");
            let finding = Finding::new(FindingKind::CatalogBehind, Some(&element.name), path, detail);
            let finding = Finding { severity: Severity::Inconsistent, remedy: REBUILD, ..finding };
            return is_shown.then_some(finding);
        }
        let expected = Entry::of(sidecar, element.id, file.overflow.as_deref());
        let shown = format!("version {version} of {bucket}/{key}");
        let (kind, detail, remedy) = match known {
            Some(known) if known == expected => return None,
            Some(known)
                if (known.seq, known.placement_seq) > (expected.seq, expected.placement_seq)
                    && known.place.path != expected.place.path =>
            {
                let detail = format!("{shown} counts as it lies at {}", known.place.path);
                (FindingKind::SupersededVersion, detail, FindingKind::SupersededVersion.remedy())
            }
            Some(_) => {
                let detail = format!("the catalog says something else of {shown} than this sidecar");
                (FindingKind::CatalogBehind, detail, REBUILD)
            }
            None => (FindingKind::CatalogBehind, format!("the catalog does not know {shown}"), REBUILD),
        };
        let finding = Finding::new(kind, Some(&element.name), path, detail);
        Some(Finding { severity: Severity::Inconsistent, remedy, ..finding })
    }

    /// Reads the data file and its block digests.
    fn read_content(
        &self,
        element: &Element,
        disk: &PacedDisk,
        sidecar: &Sidecar,
    ) -> Vec<(Finding, Option<DamagedObject>)> {
        let mut findings = Vec::new();
        let (blocks, lost) = content::blocks_of(disk, sidecar);
        if let Some((path, why)) = lost {
            let detail = format_args!("the block digests of {}: {why}", sidecar.path);
            findings.push((Finding::new(FindingKind::BlockDigests, Some(&element.name), path, detail), None));
        }
        if let Err(wrong) = content::check(disk, sidecar, &blocks, true, &mut |_| {}) {
            let detail = format_args!("{}/{}: {}", sidecar.bucket, sidecar.key, wrong.detail);
            let finding = Finding::new(wrong.kind, Some(&element.name), sidecar.path.data(), detail);
            findings.push((finding, Some(damaged(element, sidecar, wrong.block))));
        }
        findings
    }

    fn foreign(&mut self, element: &Element, path: String, detail: &str) {
        if element.disk.exists(&path).unwrap_or(true) {
            self.found(Finding::new(FindingKind::ForeignFile, Some(&element.name), path, detail), None);
        }
    }

    /// Says that a file cannot be what it must be, with the error that tells why.
    pub(super) fn unreadable(
        &mut self,
        kind: FindingKind,
        element: Option<&Element>,
        path: &str,
        error: &crate::Error,
    ) {
        self.found(Finding::new(kind, element.map(|element| &element.name), path, told(error)), None);
    }
}

fn damaged(element: &Element, sidecar: &Sidecar, block: Option<u64>) -> DamagedObject {
    DamagedObject {
        element: element.id.to_string(),
        data: StoredPath::data(&sidecar.path).to_owned(),
        bucket: sidecar.bucket.to_string(),
        key: sidecar.key.as_str().to_owned(),
        version_id: sidecar.version_id.to_string(),
        block,
    }
}

/// Whether a file is there; one that cannot be looked for counts as there.
pub(super) fn is_there(disk: &dyn Disk, path: &str) -> bool {
    disk.exists(path).unwrap_or(true)
}
