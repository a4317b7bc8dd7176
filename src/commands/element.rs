//! `artstore element`.

use crate::administration::{ElementDocument, ModeDocument, ModeRequest, NewElementRequest, absolute};
use crate::cli::{ElementCommand, ModeArguments, NewElementArguments, Table, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;
use crate::size::show_size;

/// Lists elements, creates one or changes the mode of one.
pub(crate) fn element(settings: &Settings, command: &ElementCommand) -> Result<()> {
    match command {
        ElementCommand::List(output) => {
            let mut owner = Owner::find(settings)?;
            let elements = owner.elements()?;
            owner.close()?;
            if output.json { terminal::show_json(&elements) } else { terminal::show(&table(&elements)) }
        }
        ElementCommand::Create(new) => create(settings, new),
        ElementCommand::Mode(arguments) => mode(settings, arguments),
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

fn mode(settings: &Settings, arguments: &ModeArguments) -> Result<()> {
    let ModeArguments { name, mode, plan, output } = arguments;
    let mut owner = Owner::find(settings)?;
    let document = owner.set_mode(&ModeRequest { name: name.clone(), mode: *mode, plan: *plan })?;
    owner.close()?;
    if output.json { terminal::show_json(&document) } else { terminal::show(&changes(&document)) }
}

/// What a change of mode does, for people.
pub(super) fn changes(document: &ModeDocument) -> String {
    let ModeDocument { name, from, to, .. } = document;
    if from == to {
        return format!("Element {name} has the mode {to}\n");
    }
    let mut text = if document.is_done {
        format!("Element {name} went from {from} to {to}\n")
    } else {
        format!("Element {name} would go from {from} to {to}; nothing was changed\n")
    };
    text.push_str(&format!("  objects: {}, {}\n", document.objects, show_size(document.bytes)));
    text.push_str(&format!("  storage class: {} becomes {}\n", document.class_from, document.class_to));
    text.push_str(&format!("  refused from then on: {}\n", document.refused.join(", ")));
    if document.open_uploads > 0 {
        text.push_str(&format!(
            "  open uploads that cannot be completed any more: {}\n",
            document.open_uploads
        ));
    }
    text.push_str(&match &document.successor {
        Some(successor) => format!("  new objects of class {} go to: {successor}\n", document.class_from),
        None => format!(
            "  no element of mode {from} is left: uploads of class {} will be refused until one is made\n",
            document.class_from
        ),
    });
    text
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
