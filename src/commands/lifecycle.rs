//! `artstore lifecycle`.

use crate::cli::{LifecycleCommand, OutputArguments, Table, printable, terminal};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;
use crate::timestamp::show_timestamp;
use crate::upkeep::LifecyclePass;

/// Makes a pass over the lifecycles, or lists those that are kept.
///
/// *Errors*: `ProblemsFound` where something that was due could not be done, those of [`Owner::find`], `Failed`.
pub(crate) fn lifecycle(settings: &Settings, command: LifecycleCommand) -> Result<()> {
    match command {
        LifecycleCommand::Run(output) => run(settings, output),
        LifecycleCommand::List(output) => list(settings, output),
    }
}

fn run(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let pass = owner.run_lifecycles(&mut show_progress)?;
    owner.close()?;
    if output.json {
        terminal::show_json(&pass)?;
    } else {
        terminal::show(&text(&pass))?;
    }
    if pass.failed == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::ProblemsFound, "carry out the lifecycles")
        .because(format_args!("{} things that are due could not be done", pass.failed))
        .remedy("put right what each line names, and give the command again: it does what is left"))
}

fn list(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let passes = owner.lifecycle_passes()?;
    owner.close()?;
    if output.json { terminal::show_json(&passes) } else { terminal::show(&table(&passes)) }
}

fn show_progress(pass: &LifecyclePass) {
    if terminal::is_watched() {
        // The work goes on, and a terminal that went away does not stop it.
        terminal::notify(&format!("{} versions looked at\n", pass.versions)).ok();
    }
}

/// What a pass came to, for people.
pub(super) fn text(pass: &LifecyclePass) -> String {
    let mut text = format!(
        "Looked at {} versions in {} buckets\n  \
         expired: {} gone, {}; {} behind a delete marker; {} delete markers removed\n  \
         moved to a stricter mode: {}, {}\n  uploads ended: {}\n",
        pass.versions,
        pass.buckets,
        pass.deleted,
        show_size(pass.deleted_bytes),
        pass.hidden,
        pass.markers_removed,
        pass.moved,
        show_size(pass.moved_bytes),
        pass.uploads_aborted,
    );
    if pass.warned > 0 {
        text.push_str(&format!("  end soon, and their owners are told: {}\n", pass.warned));
    }
    if pass.due_for_disposal > 0 {
        text.push_str(&format!(
            "  due for disposal: {}; they lie in a mode in which nothing expires by itself\n",
            pass.due_for_disposal
        ));
    }
    for failure in &pass.failures {
        text.push_str(&format!(
            "  not done: {} {} ({}), rule {}\n    {}\n",
            failure.bucket,
            printable(&failure.key),
            failure.version,
            printable(&failure.rule),
            printable(&failure.reason)
        ));
    }
    let unlisted = pass.failed.saturating_sub(pass.failures.len() as u64);
    if unlisted > 0 {
        text.push_str(&format!("  {unlisted} more were not done\n"));
    }
    text
}

/// The passes for people.
pub(super) fn table(passes: &[LifecyclePass]) -> String {
    let mut table = Table::new([
        "PASS", "STARTED", "ENDED", "VERSIONS", "GONE", "HIDDEN", "MOVED", "UPLOADS", "DISPOSAL", "FAILED",
    ]);
    for pass in passes {
        table.push([
            pass.number.to_string(),
            shown_time(pass.started_ms),
            shown_time(pass.ended_ms),
            pass.versions.to_string(),
            (pass.deleted + pass.markers_removed).to_string(),
            pass.hidden.to_string(),
            pass.moved.to_string(),
            pass.uploads_aborted.to_string(),
            pass.due_for_disposal.to_string(),
            pass.failed.to_string(),
        ]);
    }
    table.to_text()
}

fn shown_time(ms: Option<u64>) -> String {
    ms.map_or_else(|| "-".to_owned(), show_timestamp)
}
