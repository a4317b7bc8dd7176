//! `artstore index rebuild`: makes the catalog anew, and shows that it leads to what the files hold.

use serde::Serialize;
use storage_engine::ErrorKind as EngineKind;
use storage_engine::archive::OpenOptions;
use storage_engine::archive::rebuild::{CatalogState, RebuildStep, Rebuilt, rebuild_catalog};

use super::fsck::{StateDocument, state_document, state_lines};
use crate::administration::absolute;
use crate::cli::{IndexCommand, RebuildArguments, terminal};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;

/// Versions between two lines of progress.
const PROGRESS_VERSIONS: u64 = 100_000;

/// The answer for programs.
#[derive(Serialize)]
struct RebuiltDocument<'a> {
    verified: bool,
    equal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<StateDocument<'a>>,
    /// What the catalog led to before; absent where none was of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing: Option<CatalogDocument>,
    rebuilt: CatalogDocument,
}

#[derive(Serialize)]
struct CatalogDocument {
    state_digest: String,
    buckets: u64,
    objects: u64,
    markers: u64,
    bytes: u64,
    /// Versions whose sidecars cannot be read, or tell otherwise than the catalog.
    astray: u64,
}

/// Does what the command line asks of the index.
///
/// *Errors*: `Owned` where a process has the archive, `ProblemsFound` where states differ or something
/// cannot be read, `Failed`.
pub(crate) fn index(settings: &Settings, command: IndexCommand) -> Result<()> {
    let IndexCommand::Rebuild(arguments) = command;
    let data = absolute(&settings.storage.data)?;
    let failed = |kind| Error::new(kind, "rebuild the index of").about(data.display());
    let holder = format!("artstore index rebuild, process {}", std::process::id());
    let options = OpenOptions { holder, ..OpenOptions::new(data.clone()) };
    let rebuilt = rebuild_catalog(options, arguments.verify, &mut show_progress).map_err(|source| {
        let error = match source.kind() {
            EngineKind::Locked => failed(ErrorKind::Owned)
                .because("another process owns it")
                .remedy("stop the server first: it keeps the index right by itself while it runs"),
            EngineKind::Corrupt => failed(ErrorKind::ProblemsFound)
                .because("something cannot be read, and the index was left as it is")
                .remedy("run artstore fsck, which names it"),
            EngineKind::Unavailable => failed(ErrorKind::Failed)
                .because("an element is absent, and the index was left as it is")
                .remedy("bring its root back, and mount the disk it lies on"),
            EngineKind::InvalidArgument => {
                failed(ErrorKind::Failed).because("there is none").remedy("name its directory with --data")
            }
            _ => failed(ErrorKind::Failed).remedy("run the command as the user who made the archive"),
        };
        error.caused_by(source)
    })?;
    show(&rebuilt, arguments)?;
    if rebuilt.is_one_state() {
        return Ok(());
    }
    Err(failed(ErrorKind::ProblemsFound)
        .because("files and catalogs are not of one state")
        .remedy("where the new catalog has the digest of the files, it is right and the old one was not; else run artstore fsck"))
}

fn show(rebuilt: &Rebuilt, arguments: RebuildArguments) -> Result<()> {
    if arguments.output.json {
        return terminal::show_json(&document(rebuilt));
    }
    terminal::show(&text(rebuilt))
}

/// The answer for people.
pub(super) fn text(rebuilt: &Rebuilt) -> String {
    let mut text = String::new();
    if let Some(files) = &rebuilt.files {
        text.push_str(&format!("Files. {}", state_lines(files)));
        match &rebuilt.existing {
            Some(existing) => text.push_str(&catalog_line("Catalog before", existing)),
            None => text.push_str("Catalog before. There was none of use\n"),
        }
    }
    text.push_str(&catalog_line("New catalog", &rebuilt.rebuilt));
    if rebuilt.is_one_state() && rebuilt.files.is_some() {
        text.push_str("All are one state\n");
    }
    text
}

fn catalog_line(name: &str, catalog: &CatalogState) -> String {
    let digest = catalog.digest;
    let astray = match catalog.astray {
        0 => String::new(),
        count => format!("; {count} versions lead to nothing that can be read"),
    };
    format!(
        "{name}. State digest {digest}: {} buckets, {} objects of {}, {} markers{astray}\n",
        digest.buckets,
        digest.objects,
        show_size(digest.bytes),
        digest.markers
    )
}

fn document(rebuilt: &Rebuilt) -> RebuiltDocument<'_> {
    RebuiltDocument {
        verified: rebuilt.files.is_some(),
        equal: rebuilt.is_one_state(),
        files: rebuilt.files.as_ref().map(state_document),
        existing: rebuilt.existing.as_ref().map(catalog_document),
        rebuilt: catalog_document(&rebuilt.rebuilt),
    }
}

fn catalog_document(catalog: &CatalogState) -> CatalogDocument {
    let digest = catalog.digest;
    CatalogDocument {
        state_digest: digest.to_string(),
        buckets: digest.buckets,
        objects: digest.objects,
        markers: digest.markers,
        bytes: digest.bytes,
        astray: catalog.astray,
    }
}

/// Shows a line of progress to a person who watches.
fn show_progress(step: RebuildStep) {
    let line = match step {
        RebuildStep::Files(count) if is_shown(count) => format!("files: {count} sidecars read\n"),
        RebuildStep::Existing(count) if is_shown(count) => format!("catalog before: {count} versions\n"),
        RebuildStep::Rebuild => "making the catalog from the sidecars\n".to_owned(),
        RebuildStep::Rebuilt(count) if is_shown(count) => format!("new catalog: {count} versions\n"),
        RebuildStep::Files(_) | RebuildStep::Existing(_) | RebuildStep::Rebuilt(_) => return,
    };
    if terminal::is_watched() {
        // The answer matters, and a terminal that went away does not stop the work.
        terminal::notify(&line).ok();
    }
}

fn is_shown(count: u64) -> bool {
    count.is_multiple_of(PROGRESS_VERSIONS)
}
