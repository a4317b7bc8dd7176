//! `artstore seal`: seals at once, and shows what the comparison with the seals finds.

use serde::Serialize;
use storage_engine::ErrorKind as EngineKind;
use storage_engine::seal::verify::{
    Finding, Progress, Report, Sample, SealedLast, VerifyOptions, verify as compare,
};

use crate::administration::{SealPassDocument, absolute};
use crate::cli::{OutputArguments, SealCommand, SealVerifyArguments, Table, printable, terminal};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;

/// Bytes and files between two lines of progress.
const PROGRESS_BYTES: u64 = 1 << 30;
const PROGRESS_FILES: u64 = 100_000;

/// The answer for programs.
#[derive(Serialize)]
struct ReportDocument<'a> {
    clean: bool,
    sample_percent: f64,
    seed: u64,
    elements: Vec<ElementDocument<'a>>,
    damage: u64,
    notes: u64,
    findings: Vec<FindingDocument<'a>>,
    /// Findings that are counted above and not listed.
    unlisted: u64,
}

#[derive(Serialize)]
struct ElementDocument<'a> {
    name: &'a str,
    root_folder: String,
    seals: u64,
    hours: u64,
    files: u64,
    files_read: u64,
    last_seal: Option<&'a str>,
    last_root: Option<String>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    severity: &'static str,
    kind: &'static str,
    element: &'a str,
    path: &'a str,
    detail: &'a str,
    remedy: &'static str,
}

/// Seals, or compares with the seals.
pub(crate) fn seal(settings: &Settings, command: &SealCommand) -> Result<()> {
    match command {
        SealCommand::Now(output) => now(settings, *output),
        SealCommand::Verify(arguments) => verify(settings, arguments),
    }
}

/// Seals the hours that are over.
///
/// *Errors*: `ProblemsFound` where an hour could not be sealed, those of [`Owner::find`], `Failed`.
fn now(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let mut all = SealPassDocument::default();
    loop {
        let pass = owner.seal_now()?;
        let is_more = pass.is_more && !pass.sealed.is_empty();
        all.sealed.extend(pass.sealed);
        all.unchanged += pass.unchanged;
        all.failed.extend(pass.failed);
        if !is_more {
            break;
        }
    }
    owner.close()?;
    if output.json {
        terminal::show_json(&all)?;
    } else {
        let mut text = String::new();
        for sealed in &all.sealed {
            text.push_str(&format!("{}  {}:{}\n", sealed.root, sealed.element, sealed.seal));
        }
        for failed in &all.failed {
            text.push_str(&format!("{}:{} is not sealed: {}\n", failed.element, failed.hour, failed.error));
        }
        text.push_str(&format!("Sealed {} hours\n", all.sealed.len()));
        terminal::show(&text)?;
    }
    match all.failed.len() {
        0 => Ok(()),
        count => Err(Error::new(ErrorKind::ProblemsFound, "seal")
            .because(format_args!("{count} hours could not be sealed"))
            .remedy("put right what each line names; artstore fsck tells more")),
    }
}

/// Compares the archive, or a copy, with its seals and shows the report.
///
/// *Errors*: `ProblemsFound` where something is damaged, `Failed`.
fn verify(settings: &Settings, arguments: &SealVerifyArguments) -> Result<()> {
    let folder = absolute(arguments.from.as_deref().unwrap_or(&settings.storage.data))?;
    let seed = arguments.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1 >> 32);
    let options = VerifyOptions {
        follows_registry: arguments.from.is_none(),
        sample: Sample { percent: arguments.sample.unwrap_or(100.0), seed },
        roots: arguments.roots.clone(),
        ..VerifyOptions::new(folder.clone())
    };
    let failed = |kind| Error::new(kind, "compare with its seals").about(folder.display());
    let mut shown = Progress::default();
    let report =
        compare(&options, &mut |progress| show_progress(&mut shown, progress)).map_err(|source| {
            let error = match source.kind() {
                EngineKind::InvalidArgument => failed(ErrorKind::Failed)
                    .because("there is no element")
                    .remedy("name an element, or a data directory, with --from or --data"),
                _ => failed(ErrorKind::Failed).remedy("run the command as the user who made the archive"),
            };
            error.caused_by(source)
        })?;
    if arguments.output.json {
        terminal::show_json(&document(&report))?;
    } else {
        terminal::show(&text(&report))?;
    }
    if report.is_clean() {
        return Ok(());
    }
    Err(failed(ErrorKind::ProblemsFound).because(summary(&report)))
}

fn show_progress(shown: &mut Progress, progress: Progress) {
    let is_step =
        progress.bytes >= shown.bytes + PROGRESS_BYTES || progress.files >= shown.files + PROGRESS_FILES;
    if !is_step || !terminal::is_watched() {
        return;
    }
    *shown = progress;
    // The report matters, and a terminal that went away does not stop the check.
    terminal::notify(&format!("{} files, {} read\n", progress.files, show_size(progress.bytes))).ok();
}

/// The report for people.
pub(super) fn text(report: &Report) -> String {
    let mut table = Table::new(["ELEMENT", "SEALS", "HOURS", "FILES", "READ", "LAST SEAL"]);
    for element in &report.elements {
        table.push([
            element.name.clone(),
            element.seals.to_string(),
            element.hours.to_string(),
            element.files.to_string(),
            element.files_read.to_string(),
            element.last.as_ref().map_or_else(|| "-".to_owned(), |last| last.path.clone()),
        ]);
    }
    let mut text = table.to_text();
    for element in &report.elements {
        if let Some(last) = &element.last {
            text.push_str(&format!("\nlast root of {}: {}\n", element.name, last.root_hex()));
        }
    }
    for finding in &report.findings {
        text.push_str(&format!(
            "\n{}: {} {}:{}\n  {}\n  what to do: {}\n",
            severity(finding),
            finding.kind.as_str(),
            finding.element,
            printable(&finding.path),
            printable(&finding.detail),
            finding.kind.remedy()
        ));
    }
    if report.unlisted() > 0 {
        text.push_str(&format!("\n{} more findings are not listed\n", report.unlisted()));
    }
    if report.sample.percent < 100.0 {
        let Sample { percent, seed } = report.sample;
        text.push_str(&format!("\nRead {percent} % of the files, chosen by --seed {seed}\n"));
    }
    text.push_str(&format!("\n{}\n", summary(report)));
    text
}

fn summary(report: &Report) -> String {
    let found = format!("{} damaged, {} notes", report.damage, report.notes);
    if report.is_clean() { format!("Everything is as it was sealed: {found}") } else { found }
}

fn severity(finding: &Finding) -> &'static str {
    if finding.kind.is_damage() { "damage" } else { "note" }
}

fn document(report: &Report) -> ReportDocument<'_> {
    ReportDocument {
        clean: report.is_clean(),
        sample_percent: report.sample.percent,
        seed: report.sample.seed,
        elements: report
            .elements
            .iter()
            .map(|found| ElementDocument {
                name: &found.name,
                root_folder: found.root.display().to_string(),
                seals: found.seals,
                hours: found.hours,
                files: found.files,
                files_read: found.files_read,
                last_seal: found.last.as_ref().map(|last| last.path.as_str()),
                last_root: found.last.as_ref().map(SealedLast::root_hex),
            })
            .collect(),
        damage: report.damage,
        notes: report.notes,
        findings: report
            .findings
            .iter()
            .map(|finding| FindingDocument {
                severity: severity(finding),
                kind: finding.kind.as_str(),
                element: &finding.element,
                path: &finding.path,
                detail: &finding.detail,
                remedy: finding.kind.remedy(),
            })
            .collect(),
        unlisted: report.unlisted(),
    }
}
