//! `artstore fsck`: shows what the engine's check finds, and what its repair did about it.

use serde::Serialize;
use storage_engine::ErrorKind as EngineKind;
use storage_engine::clock::SystemClock;
use storage_engine::fsck::{
    ElementReport, Finding, FsckOptions, Outcome, Progress, Report, Severity, StateReport, check, repair,
};

use crate::administration::absolute;
use crate::cli::{FsckArguments, Table, printable, terminal};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;

/// Bytes and sidecars between two lines of progress.
const PROGRESS_BYTES: u64 = 1 << 30;
const PROGRESS_SIDECARS: u64 = 100_000;

/// The answer for programs.
#[derive(Serialize)]
struct ReportDocument<'a> {
    clean: bool,
    content_verified: bool,
    elements: Vec<ElementDocument<'a>>,
    damage: u64,
    inconsistent: u64,
    notes: u64,
    /// Findings, damage or inconsistent, that are still so.
    open: u64,
    /// What a repair did.
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<RepairDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateDocument<'a>>,
    findings: Vec<FindingDocument<'a>>,
    /// Findings that are counted above and not listed.
    unlisted: u64,
}

/// Findings by what a repair did about them.
#[derive(Serialize)]
struct RepairDocument {
    quarantined: u64,
    restored: u64,
    left: u64,
    failed: u64,
}

/// The state digest for programs.
#[derive(Serialize)]
pub(super) struct StateDocument<'a> {
    state_digest: String,
    buckets: u64,
    objects: u64,
    markers: u64,
    bytes: u64,
    complete: bool,
    /// What is not in it, though it belongs to the archive.
    gaps: &'a [String],
}

#[derive(Serialize)]
struct ElementDocument<'a> {
    name: &'a str,
    id: String,
    root: String,
    present: bool,
    objects: u64,
    markers: u64,
    tombstones: u64,
    bytes: u64,
    pending_changes: u64,
    open_uploads: u64,
    quarantined_files: u64,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    severity: &'static str,
    kind: &'static str,
    element: Option<&'a str>,
    path: &'a str,
    detail: &'a str,
    remedy: &'static str,
    /// What a repair did about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// Where it went, what it was made from, or why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    action_detail: Option<&'a str>,
}

/// Checks the archive, or repairs it, and shows the report.
///
/// *Errors*: `ProblemsFound` where it is not clean, or not after the repair, `Owned` where a process has the archive, `Failed`.
pub(crate) fn fsck(settings: &Settings, arguments: FsckArguments) -> Result<()> {
    let data = absolute(&settings.storage.data)?;
    let options = FsckOptions {
        verify_content: !arguments.no_content,
        digest: arguments.digest,
        ..FsckOptions::new(data.clone())
    };
    let failed = |kind| Error::new(kind, "check the archive in").about(data.display());
    let mut shown = Shown::default();
    let progress = &mut |progress| shown.take(&progress);
    let report =
        if arguments.repair { repair(options, &SystemClock, progress) } else { check(options, progress) };
    let report = report.map_err(|source| {
        let error = match source.kind() {
            EngineKind::Locked => failed(ErrorKind::Owned)
                .because("another process owns it")
                .remedy("stop that process first: fsck reads an archive at rest"),
            EngineKind::InvalidArgument => {
                failed(ErrorKind::Failed).because("there is none").remedy("name its directory with --data")
            }
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

/// What was told of the progress to a person who watches.
#[derive(Default)]
struct Shown {
    bytes: u64,
    sidecars: u64,
}

impl Shown {
    fn take(&mut self, progress: &Progress) {
        let is_step = progress.bytes >= self.bytes + PROGRESS_BYTES
            || progress.sidecars >= self.sidecars + PROGRESS_SIDECARS;
        if !is_step || !terminal::is_watched() {
            return;
        }
        (self.bytes, self.sidecars) = (progress.bytes, progress.sidecars);
        let line = format!(
            "{}: {} sidecars, {} read\n",
            progress.element,
            progress.sidecars,
            show_size(progress.bytes)
        );
        // The report matters, and a terminal that went away does not stop the check.
        terminal::notify(&line).ok();
    }
}

/// The report for people.
pub(super) fn text(report: &Report) -> String {
    let mut table = Table::new(["ELEMENT", "OBJECTS", "MARKERS", "SIZE", "PENDING", "UPLOADS"]);
    for element in &report.elements {
        table.push(row(element));
    }
    let mut text = table.to_text();
    for finding in &report.findings {
        text.push('\n');
        text.push_str(&lines(finding));
    }
    if report.unlisted() > 0 {
        text.push_str(&format!("\n{} more findings are not listed\n", report.unlisted()));
    }
    text.push_str(&format!("\n{}\n", summary(report)));
    if let Some(state) = &report.state {
        text.push_str(&state_lines(state));
    }
    if !report.is_content_verified {
        text.push_str("Content was not compared with its digests (--no-content).\n");
    }
    text
}

fn row(element: &ElementReport) -> [String; 6] {
    let name = element.name.to_string();
    if !element.is_present {
        return [name, "absent".into(), "-".into(), "-".into(), "-".into(), "-".into()];
    }
    [
        name,
        element.objects.to_string(),
        element.markers.to_string(),
        show_size(element.bytes),
        element.pending_changes.to_string(),
        element.open_uploads.to_string(),
    ]
}

fn lines(finding: &Finding) -> String {
    let element = finding.element.as_ref().map_or(String::new(), |element| format!("{element}:"));
    let mut text = format!(
        "{}: {} {element}{}\n  {}\n",
        severity(finding.severity),
        finding.kind.as_str(),
        printable(&finding.path),
        printable(&finding.detail),
    );
    if let Some(outcome) = &finding.outcome {
        text.push_str(&format!("  {}: {}\n", outcome.as_str(), printable(outcome.detail())));
    }
    if !matches!(finding.outcome, Some(Outcome::Restored(_))) {
        text.push_str(&format!("  what to do: {}\n", finding.remedy));
    }
    text
}

/// The state digest for people.
pub(super) fn state_lines(state: &StateReport) -> String {
    let digest = state.digest;
    let mut text = format!(
        "State digest {digest}: {} buckets, {} objects of {}, {} markers\n",
        digest.buckets,
        digest.objects,
        show_size(digest.bytes),
        digest.markers
    );
    for gap in &state.gaps {
        text.push_str(&format!("  it is not that of everything: {gap}\n"));
    }
    text
}

fn summary(report: &Report) -> String {
    let counts = report.counts;
    let found =
        format!("{} damaged, {} inconsistent, {} notes", counts.damage, counts.inconsistent, counts.notes);
    let found = match report.outcomes {
        None => found,
        Some(done) => format!(
            "{found}; {} quarantined, {} restored, {} left, {} failed",
            done.quarantined, done.restored, done.left, done.failed
        ),
    };
    if report.is_clean() { format!("The archive is in order: {found}") } else { found }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Damage => "damage",
        Severity::Inconsistent => "inconsistent",
        Severity::Note => "note",
    }
}

fn document(report: &Report) -> ReportDocument<'_> {
    ReportDocument {
        clean: report.is_clean(),
        content_verified: report.is_content_verified,
        elements: report.elements.iter().map(element_document).collect(),
        damage: report.counts.damage,
        inconsistent: report.counts.inconsistent,
        notes: report.counts.notes,
        open: report.open,
        repair: report.outcomes.map(|done| RepairDocument {
            quarantined: done.quarantined,
            restored: done.restored,
            left: done.left,
            failed: done.failed,
        }),
        state: report.state.as_ref().map(state_document),
        findings: report.findings.iter().map(finding_document).collect(),
        unlisted: report.unlisted(),
    }
}

pub(super) fn state_document(state: &StateReport) -> StateDocument<'_> {
    let digest = state.digest;
    StateDocument {
        state_digest: digest.to_string(),
        buckets: digest.buckets,
        objects: digest.objects,
        markers: digest.markers,
        bytes: digest.bytes,
        complete: state.gaps.is_empty(),
        gaps: &state.gaps,
    }
}

fn element_document(element: &ElementReport) -> ElementDocument<'_> {
    ElementDocument {
        name: element.name.as_str(),
        id: element.id.to_string(),
        root: element.root.display().to_string(),
        present: element.is_present,
        objects: element.objects,
        markers: element.markers,
        tombstones: element.tombstones,
        bytes: element.bytes,
        pending_changes: element.pending_changes,
        open_uploads: element.open_uploads,
        quarantined_files: element.quarantined_files,
    }
}

fn finding_document(finding: &Finding) -> FindingDocument<'_> {
    FindingDocument {
        severity: severity(finding.severity),
        kind: finding.kind.as_str(),
        element: finding.element.as_ref().map(|element| element.as_str()),
        path: &finding.path,
        detail: &finding.detail,
        remedy: finding.remedy,
        action: finding.outcome.as_ref().map(Outcome::as_str),
        action_detail: finding.outcome.as_ref().map(Outcome::detail),
    }
}
