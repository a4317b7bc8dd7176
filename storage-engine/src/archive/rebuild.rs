//! The catalog made anew, and the proof that it leads to what the files hold.

use super::open::{Archive, Inner, OpenOptions};
use crate::catalog::{Catalog, Entry};
use crate::error::{Error, ErrorKind, Result};
use crate::fsck::{self, FsckOptions, StateReport};
use crate::state::{Item, StateDigest, StateHasher};

/// What the rebuilding of a catalog does at the moment. It comes at every version: show some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildStep {
    /// Digests what files and logs hold; sidecars read so far.
    Files(u64),
    /// Digests what the catalog leads to that is there; versions so far.
    Existing(u64),
    /// Makes the catalog anew.
    Rebuild,
    /// Digests what the new catalog leads to; versions so far.
    Rebuilt(u64),
}

/// What a catalog leads to, version by version to the sidecars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogState {
    /// The digest of the sidecars that it leads to.
    pub digest: StateDigest,
    /// Versions whose sidecars cannot be read, or tell otherwise than the catalog.
    pub astray: u64,
}

/// The states before and after a catalog was made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// What files and logs alone hold; `None` where it was not to be verified.
    pub files: Option<StateReport>,
    /// What the catalog led to that was there; `None` where none was of use, or it was not to be verified.
    pub existing: Option<CatalogState>,
    /// What the new catalog leads to.
    pub rebuilt: CatalogState,
}

impl Rebuilt {
    /// Whether everything that was digested is one state, and nothing is astray or left out.
    #[must_use]
    pub fn is_one_state(&self) -> bool {
        let catalogs = self.existing.iter().chain([&self.rebuilt]);
        let files = self.files.as_ref();
        let is_same = |digest: StateDigest| files.is_none_or(|files| files.digest == digest);
        files.is_none_or(|files| files.gaps.is_empty())
            && catalogs.into_iter().all(|catalog| catalog.astray == 0 && is_same(catalog.digest))
    }
}

/// Opens the archive as a start does, makes its catalog anew from the sidecars, and closes it. With `verify`
/// the states of files, of the catalog before and of the new one are digested.
///
/// *Durability*: the new catalog is durable on return.
///
/// *Errors*: those of [`Archive::open`]; `InvalidArgument` where there is no archive. `Unavailable` where an
/// element is absent, and `Corrupt` where versions that the catalog knows cannot be read: without it their
/// keys would be missing, so that it is kept.
pub fn rebuild_catalog(
    options: OpenOptions,
    verify: bool,
    progress: &mut dyn FnMut(RebuildStep),
) -> Result<Rebuilt> {
    let has_catalog = has_catalog(&options)?;
    let files = if verify { Some(files_state(&options, progress)?) } else { None };
    let archive = Archive::open(options.clone())?;
    archive.inner.refuse_if_absent()?;
    let seen = archive.inner.catalog_state(&mut |count| progress(RebuildStep::Existing(count)))?;
    if has_catalog && seen.astray > 0 {
        return Err(Error::new(ErrorKind::Corrupt, "rebuild catalog").because(format_args!(
            "{} versions that it knows cannot be read, and would be missing without it: run artstore fsck",
            seen.astray
        )));
    }
    archive.close()?;
    drop(archive);
    progress(RebuildStep::Rebuild);
    let archive = Archive::open_anew(options)?;
    let rebuilt = archive.inner.catalog_state(&mut |count| progress(RebuildStep::Rebuilt(count)))?;
    archive.close()?;
    Ok(Rebuilt { files, existing: (verify && has_catalog).then_some(seen), rebuilt })
}

/// Whether there is a catalog that a start would use.
///
/// *Errors*: `InvalidArgument` where there is no archive.
fn has_catalog(options: &OpenOptions) -> Result<bool> {
    let none = |error| {
        Error::new(ErrorKind::InvalidArgument, "rebuild catalog")
            .about(options.data.display())
            .because("there is no archive: choose another --data")
            .caused_by(error)
    };
    let disk = options.disks.open(&options.data, false).map_err(none)?;
    let Some(archive) = super::read_archive_id(&*disk)? else {
        return Err(none(std::io::ErrorKind::NotFound.into()));
    };
    let mark = super::CheckpointMark::read(&*disk)?;
    Ok(Catalog::open_unwritten(&*disk, archive, mark.number).is_ok())
}

fn files_state(options: &OpenOptions, progress: &mut dyn FnMut(RebuildStep)) -> Result<StateReport> {
    let options = FsckOptions {
        disks: options.disks.clone(),
        holder: options.holder.clone(),
        verify_content: false,
        digest: true,
        ..FsckOptions::new(options.data.clone())
    };
    let report = fsck::check(options, &mut |seen| progress(RebuildStep::Files(seen.sidecars)))?;
    report.state.ok_or_else(|| Error::new(ErrorKind::Unsupported, "digest files"))
}

impl Inner {
    /// Follows every row of the catalog to its sidecar.
    fn catalog_state(&self, progress: &mut dyn FnMut(u64)) -> Result<CatalogState> {
        let (mut state, mut astray, mut count) = (StateHasher::new(), 0, 0);
        self.catalog.walk(&mut |bucket, key, entry| {
            count += 1;
            progress(count);
            match self.item_of(bucket, key, entry) {
                Some(item) => state.add(&item),
                None => astray += 1,
            }
            Ok(())
        })?;
        for document in self.buckets.all() {
            state.add(&Item::of_bucket(&document));
        }
        Ok(CatalogState { digest: state.finish(), astray })
    }

    /// The item of the sidecar that a row leads to; `None` where it cannot be read or tells otherwise.
    fn item_of(&self, bucket: &str, key: &str, entry: &Entry) -> Option<Item> {
        let (sidecar, element) = self.sidecar_of(entry).ok()?;
        let is_its = sidecar.bucket.as_str() == bucket && sidecar.key.as_str() == key;
        let told = Entry::of(&sidecar, element.id, entry.place.overflow.as_deref());
        (is_its && told == *entry).then(|| Item::of_version(&sidecar))
    }
}
