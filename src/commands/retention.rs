//! `artstore retain` and `artstore clock`.

use storage_engine::retention::ClockStatus;

use crate::administration::RetainRequest;
use crate::cli::{ClockCommand, RetainArguments, printable, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;
use crate::timestamp::show_timestamp;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// From how much on the archive clock counts as behind: a minute.
const BEHIND_MS: u64 = 60 * 1000;

/// Keeps a version from removal.
pub(crate) fn retain(settings: &Settings, arguments: &RetainArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let until_ms = match (arguments.until, arguments.days) {
        (Some(until_ms), _) => until_ms,
        (None, days) => {
            // A system clock that is years ahead would keep it for years that nobody meant, and for good.
            owner.clock()?.archive_ms.saturating_add(u64::from(days.unwrap_or(0)).saturating_mul(DAY_MS))
        }
    };
    let kept = owner.retain(&RetainRequest {
        bucket: arguments.bucket.clone(),
        key: arguments.key.as_str().to_owned(),
        version: arguments.version.map(|version| version.to_string()),
        until_ms,
    })?;
    owner.close()?;
    if arguments.output.json {
        return terminal::show_json(&kept);
    }
    let key = printable(arguments.key.as_str());
    terminal::show(&format!("{key} is kept until {}\n", show_timestamp(kept.until_ms)))
}

/// Shows the archive clock, or lets it go on.
pub(crate) fn clock(settings: &Settings, command: ClockCommand) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let (status, output) = match command {
        ClockCommand::Show(output) => (owner.clock()?, output),
        ClockCommand::Accept(output) => (owner.accept_clock()?, output),
    };
    owner.close()?;
    if output.json { terminal::show_json(&status) } else { terminal::show(&text(status)) }
}

/// Both times, for people.
pub(super) fn text(status: ClockStatus) -> String {
    let mut text = format!(
        "archive  {}\nsystem   {}\n",
        show_timestamp(status.archive_ms),
        show_timestamp(status.system_ms)
    );
    if status.behind_ms() > BEHIND_MS {
        text.push_str("The system's clock went ahead, and nothing expires for it. Where it is right: artstore clock accept\n");
    }
    text
}
