//! `artstore element`.

use crate::administration::{ElementDocument, NewElementRequest, absolute};
use crate::cli::{ElementCommand, NewElementArguments, Table, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;
use crate::size::show_size;

/// Lists elements or creates one.
pub(crate) fn element(settings: &Settings, command: &ElementCommand) -> Result<()> {
    match command {
        ElementCommand::List(output) => {
            let mut owner = Owner::find(settings)?;
            let elements = owner.elements()?;
            owner.close()?;
            if output.json { terminal::show_json(&elements) } else { terminal::show(&table(&elements)) }
        }
        ElementCommand::Create(new) => create(settings, new),
    }
}

fn create(settings: &Settings, new: &NewElementArguments) -> Result<()> {
    let request = NewElementRequest {
        name: new.name.clone(),
        mode: new.mode,
        // The server's working directory is another than this command's.
        root: new.root.as_deref().map(absolute).transpose()?,
        max_size_bytes: new.max_size,
    };
    let mut owner = Owner::find(settings)?;
    let created = owner.create_element(request)?;
    owner.close()?;
    if new.output.json {
        return terminal::show_json(&created);
    }
    terminal::show(&format!("Made element {} in {}\n", created.name, created.root.display()))
}

pub(super) fn table(elements: &[ElementDocument]) -> String {
    let mut table = Table::new(["NAME", "MODE", "STATE", "QUOTA", "FREE", "ROOT"]);
    for element in elements {
        table.push([
            element.name.clone(),
            element.mode.map_or_else(|| "-".to_owned(), |mode| mode.to_string()),
            element.state.clone(),
            element.max_size_bytes.map_or_else(|| "-".to_owned(), show_size),
            show_size(element.free_bytes),
            element.root.display().to_string(),
        ]);
    }
    table.to_text()
}
