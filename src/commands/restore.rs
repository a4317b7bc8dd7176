//! `artstore restore` and `artstore restores`.

use crate::administration::{NewRestoreRequest, RestoreAnswer, RestoreDocument};
use crate::cli::{OutputArguments, RestoreArguments, Table, printable, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;
use crate::size::show_size;
use crate::timestamp::show_day;

/// Asks for the bytes of an archived document.
pub(crate) fn restore(settings: &Settings, arguments: &RestoreArguments) -> Result<()> {
    let request = NewRestoreRequest {
        bucket: arguments.bucket.clone(),
        key: arguments.key.as_str().to_owned(),
        version: arguments.version.map(|version| version.to_string()),
        days: arguments.days,
        tier: arguments.tier.into(),
    };
    let mut owner = Owner::find(settings)?;
    let answer = owner.restore(&request)?;
    owner.close()?;
    if arguments.output.json {
        return terminal::show_json(&answer);
    }
    let (key, days) = (printable(&request.key), request.days);
    terminal::show(&match answer {
        RestoreAnswer::Requested => {
            format!("{key} is on its way; it will be here for {days} days (artstore restores)\n")
        }
        RestoreAnswer::Extended => format!("{key} is here, for {days} days from now\n"),
    })
}

/// Lists the restores.
pub(crate) fn restores(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let restores = owner.restores()?;
    owner.close()?;
    if output.json { terminal::show_json(&restores) } else { terminal::show(&table(&restores)) }
}

/// The restores for people.
pub(super) fn table(restores: &[RestoreDocument]) -> String {
    let mut table = Table::new(["STATE", "BUCKET", "KEY", "VERSION", "SIZE", "TIER", "UNTIL", "FAILURE"]);
    for restore in restores {
        table.push([
            format!("{:?}", restore.state).to_lowercase(),
            restore.bucket.to_string(),
            printable(&restore.key),
            restore.version.clone(),
            show_size(restore.size),
            format!("{:?}", restore.tier).to_lowercase(),
            show_day(restore.expires_ms),
            printable(restore.failure.as_deref().unwrap_or("-")),
        ]);
    }
    table.to_text()
}
