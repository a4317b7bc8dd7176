//! `artstore disposal`.

use uuid::Uuid;

use crate::cli::{
    DisposalCommand, OutputArguments, ProposalArguments, RunArguments, ShowArguments, Table, printable,
    terminal,
};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;
use crate::timestamp::show_timestamp;
use crate::upkeep::{DisposalRun, DisposalState, ListedDocument, ProposalRequest};

/// Lists what is due for disposal, shows it, lets it go.
///
/// *Errors*: `ProblemsFound` where something of a released run could not be done, those of [`Owner::find`], `Failed`.
pub(crate) fn disposal(settings: &Settings, command: &DisposalCommand) -> Result<()> {
    match command {
        DisposalCommand::Propose(arguments) => propose(settings, arguments),
        DisposalCommand::List(output) => list(settings, *output),
        DisposalCommand::Show(arguments) => show(settings, *arguments),
        DisposalCommand::Release(arguments) => release(settings, *arguments),
        DisposalCommand::Withdraw(RunArguments { run, output }) => withdraw(settings, *run, *output),
    }
}

fn propose(settings: &Settings, arguments: &ProposalArguments) -> Result<()> {
    let ProposalArguments { reason, bucket, prefix, element, output } = arguments.clone();
    let mut owner = Owner::find(settings)?;
    let run =
        owner.propose_disposal(ProposalRequest { bucket, prefix, element, reason }, &mut show_progress)?;
    owner.close()?;
    answer(&run, output)
}

fn list(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let runs = owner.disposal_runs()?;
    owner.close()?;
    if output.json { terminal::show_json(&runs) } else { terminal::show(&table(&runs)) }
}

fn show(settings: &Settings, arguments: ShowArguments) -> Result<()> {
    let ShowArguments { run, documents, output } = arguments;
    let mut owner = Owner::find(settings)?;
    let run = owner.disposal_run(run)?;
    answer(&run, output)?;
    if documents {
        owner.disposal_list(&run, &mut |page| match output.json {
            true => page.iter().try_for_each(terminal::show_json),
            false => terminal::show(&documents_text(&page)),
        })?;
    }
    owner.close()
}

fn release(settings: &Settings, arguments: RunArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let run = owner.release_disposal(arguments.run, &mut show_progress)?;
    owner.close()?;
    answer(&run, arguments.output)?;
    if run.failed == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::ProblemsFound, "dispose")
        .because(format_args!("{} things could not be done", run.failed))
        .remedy("put right what each line names, and release the run again: it does what is left"))
}

fn withdraw(settings: &Settings, run: Uuid, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let run = owner.withdraw_disposal(run)?;
    owner.close()?;
    answer(&run, output)
}

fn answer(run: &DisposalRun, output: OutputArguments) -> Result<()> {
    if output.json { terminal::show_json(run) } else { terminal::show(&text(run)) }
}

fn show_progress(run: &DisposalRun) {
    if !terminal::is_watched() {
        return;
    }
    let line = match run.state {
        DisposalState::Listing => format!("{} listed\n", run.documents),
        _ => format!("{} of {} done\n", run.done, run.documents),
    };
    // The work goes on, and a terminal that went away does not stop it.
    terminal::notify(&line).ok();
}

/// A run, for people.
pub(super) fn text(run: &DisposalRun) -> String {
    let mut text = format!(
        "Disposal run {}: {}\n  reason: {}\n  listed: {} versions, {}\n",
        run.id,
        run.state,
        printable(&run.request.reason),
        run.documents,
        show_size(run.bytes)
    );
    if run.is_more {
        text.push_str("  more is due than a run lists: propose again when this one has ended\n");
    }
    if run.released_ms.is_some() {
        text.push_str(&format!(
            "  disposed of: {}, {}\n  spared, since they were changed or retained: {}\n",
            run.disposed,
            show_size(run.disposed_bytes),
            run.spared
        ));
    }
    for staying in &run.staying {
        text.push_str(&format!(
            "  stays: {} {} ({})\n    {}\n",
            staying.bucket,
            printable(&staying.key),
            staying.version,
            printable(&staying.reason)
        ));
    }
    let unnamed = (run.spared + run.failed).saturating_sub(run.staying.len() as u64);
    if unnamed > 0 {
        text.push_str(&format!("  {unnamed} more stay\n"));
    }
    if run.state == DisposalState::Proposed {
        text.push_str(&format!(
            "What it lists: artstore disposal show {} --documents\nTo let it go: artstore disposal release {}\n",
            run.id, run.id
        ));
    }
    text
}

/// The runs, for people.
pub(super) fn table(runs: &[DisposalRun]) -> String {
    let mut table = Table::new([
        "RUN", "STATE", "PROPOSED", "VERSIONS", "SIZE", "DISPOSED", "SPARED", "FAILED", "REASON",
    ]);
    for run in runs {
        table.push([
            run.id.to_string(),
            run.state.to_string(),
            show_timestamp(run.proposed_ms),
            run.documents.to_string(),
            show_size(run.bytes),
            run.disposed.to_string(),
            run.spared.to_string(),
            run.failed.to_string(),
            printable(&run.request.reason),
        ]);
    }
    table.to_text()
}

fn documents_text(page: &[ListedDocument]) -> String {
    let lines = page.iter().map(|one| {
        format!(
            "{} {} ({})\n  {} in {}, made {}; {}\n",
            one.bucket,
            printable(&one.key),
            one.version,
            show_size(one.size),
            one.element,
            show_timestamp(one.created_ms),
            match one.kept_until_ms {
                Some(until_ms) => format!("kept until {}", show_timestamp(until_ms)),
                None => format!("due by rule {}", printable(&one.rule)),
            }
        )
    });
    lines.collect()
}
