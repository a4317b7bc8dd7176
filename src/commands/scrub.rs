//! `artstore scrub`.

use crate::cli::{ScrubCommand, StartScrubArguments, terminal};
use crate::control;
use crate::error::Result;
use crate::settings::Settings;
use crate::size::show_size;
use crate::timestamp::show_timestamp;
use crate::upkeep::{PassDocument, ScrubDocument, StartScrubRequest};

/// Shows the scrub or starts it.
pub(crate) fn scrub(settings: &Settings, command: &ScrubCommand) -> Result<()> {
    let (document, is_json) = match command {
        ScrubCommand::Status(output) => (control::scrub_status(settings)?, output.json),
        ScrubCommand::Start(arguments) => {
            (control::start_scrub(settings, &request(*arguments))?, arguments.output.json)
        }
    };
    if is_json { terminal::show_json(&document) } else { terminal::show(&text(&document)) }
}

fn request(arguments: StartScrubArguments) -> StartScrubRequest {
    StartScrubRequest { rate_bytes: arguments.rate.map(|rate| rate.0.unwrap_or(0)) }
}

/// The status for people.
pub(super) fn text(document: &ScrubDocument) -> String {
    let mut text = String::new();
    if let Some(pass) = &document.current {
        let share = if document.versions > 0 {
            format!(" of {} ({}%)", document.versions, (pass.sidecars * 100 / document.versions).min(100))
        } else {
            String::new()
        };
        let state = if document.is_running { "under way" } else { "stopped" };
        text.push_str(&format!(
            "A pass is {state} since {}: {} sidecars{share}, {} read\n  at: {} {}\n",
            show_timestamp(pass.started_ms),
            pass.sidecars,
            show_size(pass.bytes),
            document.step,
            printable(&document.at)
        ));
        text.push_str(&findings(pass));
    } else if document.is_running {
        text.push_str("A pass is about to begin\n");
    }
    match &document.last {
        Some(pass) => {
            text.push_str(&format!(
                "The last pass ended {}: {} sidecars, {} read\n",
                show_timestamp(pass.ended_ms.unwrap_or(0)),
                pass.sidecars,
                show_size(pass.bytes)
            ));
            text.push_str(&findings(pass));
        }
        None => text.push_str("No pass has come to its end yet\n"),
    }
    if let Some(next_ms) = document.next_ms.filter(|next_ms| *next_ms > 0 && !document.is_running) {
        text.push_str(&format!("The next pass begins {}\n", show_timestamp(next_ms)));
    }
    text
}

fn findings(pass: &PassDocument) -> String {
    let mut text = format!(
        "  found: {} damaged, {} inconsistent, {} notes\n",
        pass.damage, pass.inconsistent, pass.notes
    );
    for finding in &pass.findings {
        let element = finding.element.as_ref().map_or(String::new(), |element| format!("{element}:"));
        text.push_str(&format!(
            "  {}: {} {element}{}\n    {}\n    what to do: {}\n",
            finding.severity,
            finding.kind,
            printable(&finding.path),
            printable(&finding.detail),
            finding.remedy
        ));
    }
    if pass.unlisted > 0 {
        text.push_str(&format!("  {} more findings are not listed\n", pass.unlisted));
    }
    text
}

/// A name from the disk without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
