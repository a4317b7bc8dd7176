//! The list of a disposal run: pages of a bounded size beside the run's document, so that neither grows with the archive.

use storage_engine::Archive;
use uuid::Uuid;

use super::disposal_run::ListedDocument;
use crate::error::{Error, ErrorKind, Result};

/// The folder of disposal runs among the control documents.
pub(super) const FOLDER: &str = "disposals";
/// Most versions of a list.
pub(super) const DOCUMENTS_MAX: u64 = 100_000;
/// Versions of a page, each of at most 3 KiB.
pub(crate) const PAGE_DOCUMENTS: u64 = 250;

/// A list under its run's id.
pub(super) struct DisposalList<'a> {
    pub(super) archive: &'a Archive,
    pub(super) run: Uuid,
}

impl DisposalList<'_> {
    /// Appends to a list of `len` versions. What a stop left behind them is replaced.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `Failed`.
    pub(super) fn append(&self, mut len: u64, documents: Vec<ListedDocument>) -> Result<()> {
        let mut left = documents.into_iter().peekable();
        while left.peek().is_some() {
            let (page, held) = (len / PAGE_DOCUMENTS, len % PAGE_DOCUMENTS);
            let mut all = if held == 0 { Vec::new() } else { self.page(page)? };
            all.truncate(usize::try_from(held).unwrap_or(usize::MAX));
            let room = usize::try_from(PAGE_DOCUMENTS - held).unwrap_or(0);
            all.extend(left.by_ref().take(room));
            len = page * PAGE_DOCUMENTS + all.len() as u64;
            let bytes =
                serde_json::to_vec(&all).map_err(|source| self.failed("write", page).caused_by(source))?;
            let written = self.archive.put_control_document(FOLDER, &self.name(page), &bytes);
            written.map_err(|source| self.failed("write", page).caused_by(source))?;
        }
        Ok(())
    }

    /// The versions of a page; none behind the last.
    ///
    /// *Errors*: `Failed` where it cannot be read.
    pub(super) fn page(&self, page: u64) -> Result<Vec<ListedDocument>> {
        let bytes = self.archive.control_document(FOLDER, &self.name(page));
        let bytes = bytes.map_err(|source| self.failed("read", page).caused_by(source))?;
        let documents = bytes.map_or(Ok(Vec::new()), |bytes| serde_json::from_slice(&bytes));
        documents.map_err(|source| self.failed("read", page).caused_by(source))
    }

    /// Removes the pages of a list of `len` versions.
    pub(super) fn remove(&self, len: u64) {
        // One more than there should be: a stop may have left it.
        for page in 0..=len.div_ceil(PAGE_DOCUMENTS) {
            if let Err(error) = self.archive.remove_control_document(FOLDER, &self.name(page)) {
                tracing::warn!(run = %self.run, %error, "A page of an old disposal run could not be removed.");
            }
        }
    }

    /// Not `.json`, which is the name of a run.
    fn name(&self, page: u64) -> String {
        format!("{}.{page:06}.list", self.run)
    }

    fn failed(&self, what: &'static str, page: u64) -> Error {
        Error::new(ErrorKind::Failed, what).about(format_args!("page {page} of disposal run {}", self.run))
    }
}
