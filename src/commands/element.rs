//! `artstore element`.

use std::path::Path;

use storage_engine::archive::status::WhenFull;
use storage_engine::mode::Mode;
use storage_engine::retention::TermSetting;
use storage_engine::target::{BucketPlace, MoverCommands, TargetPlace};

use super::transfer::show_progress;
use crate::administration::{
    ElementDocument, ModeDocument, ModeRequest, NewElementRequest, SettingsRequest, TargetRequest, absolute,
};
use crate::cli::{
    ElementCommand, ModeArguments, NewElementArguments, SettingsArguments, Table, TargetArguments, terminal,
};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;
use crate::upkeep::{TransitionRequest, Work};

/// Days before the end of a term at which owners are told where nobody says when, or all of a shorter term.
const WARN_DAYS: u32 = 7;

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
        ElementCommand::Target(arguments) => target(settings, arguments),
        ElementCommand::Set(arguments) => set(settings, arguments),
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
    let request = |plan| ModeRequest { name: name.clone(), mode: *mode, plan };
    let document = if *mode == Mode::Ar && !plan {
        archive(&mut owner, &request(true))?
    } else {
        owner.set_mode(&request(*plan))?
    };
    owner.close()?;
    if output.json { terminal::show_json(&document) } else { terminal::show(&changes(&document)) }
}

/// Archives everything on an element, whereupon it is ar.
///
/// *Errors*: `Failed` with what could not be archived; the element is what it was then.
fn archive(owner: &mut Owner, request: &ModeRequest) -> Result<ModeDocument> {
    let plan = owner.set_mode(request)?;
    let transition = TransitionRequest { element: request.name.clone(), mode: request.mode };
    let transaction = owner.transact(Work::Transition(transition), &mut show_progress)?;
    match transaction.failures.first() {
        None => Ok(ModeDocument { is_done: true, ..plan }),
        Some(failure) => Err(Error::new(ErrorKind::Failed, "archive element")
            .about(&request.name)
            .because(&failure.reason)
            .remedy("put that right and give the command again: what is archived is not archived again")),
    }
}

fn set(settings: &Settings, arguments: &SettingsArguments) -> Result<()> {
    let request = SettingsRequest {
        name: arguments.name.clone(),
        priority: arguments.priority,
        max_size_bytes: arguments.max_size,
        reserve_bytes: arguments.reserve,
        when_full: arguments.when_full.map(Into::into),
        retention: arguments
            .retention_days
            .map(|days| TermSetting { days, warn_days: arguments.warn_days.unwrap_or(WARN_DAYS.min(days)) }),
    };
    let mut owner = Owner::find(settings)?;
    let element = owner.set_element(&request)?;
    owner.close()?;
    if arguments.output.json { terminal::show_json(&element) } else { terminal::show(&table(&[element])) }
}

fn target(settings: &Settings, arguments: &TargetArguments) -> Result<()> {
    let TargetArguments { name, class, output, .. } = arguments;
    let request = TargetRequest { name: name.clone(), place: place_of(arguments)?, class: (*class).into() };
    let mut owner = Owner::find(settings)?;
    let element = owner.set_target(request)?;
    owner.close()?;
    if output.json {
        return terminal::show_json(&element);
    }
    terminal::show(&format!("In mode ar the bytes of element {name} go to its archive target\n"))
}

/// The place that was typed. The server's working directory is another than this command's.
fn place_of(arguments: &TargetArguments) -> Result<TargetPlace> {
    if let Some(directory) = &arguments.directory {
        return Ok(TargetPlace::Directory(absolute(directory)?));
    }
    let Some(bucket) = &arguments.bucket else {
        return Ok(TargetPlace::Commands(MoverCommands {
            archive: arguments.archive_command.clone().unwrap_or_default(),
            recall: arguments.recall_command.clone().unwrap_or_default(),
            verify: arguments.verify_command.clone(),
            remove: arguments.remove_command.clone(),
        }));
    };
    let region = arguments.region.clone();
    Ok(TargetPlace::Bucket(BucketPlace {
        endpoint: arguments.endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com")),
        bucket: bucket.clone(),
        prefix: arguments.prefix.clone().unwrap_or_else(|| arguments.name.to_string()),
        region,
        credentials: absolute(arguments.credentials.as_deref().unwrap_or(Path::new("")))?,
        profile: arguments.profile.clone(),
    }))
}

/// Where the bytes of an element go, for people.
fn shown_place(place: &TargetPlace) -> String {
    match place {
        TargetPlace::Directory(folder) => folder.display().to_string(),
        TargetPlace::Bucket(place) => place.to_string(),
        TargetPlace::Commands(_) => "commands".to_owned(),
    }
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
    if document.to == Mode::Ar {
        text.push_str("  bytes go to the archive target; a document is read once it is restored\n");
    }
    text.push_str(&format!("  refused from then on: {}\n", document.refused.join(", ")));
    if document.open_uploads > 0 {
        text.push_str(&format!(
            "  open uploads that cannot be completed any more: {}\n",
            document.open_uploads
        ));
    }
    text.push_str(&match document.retention_days {
        Some(days) => format!(
            "  retention stays: what comes to it is kept for {days} days, what is kept already stays so\n"
        ),
        None => "  retention stays: the element has no term; what is kept already stays so\n".to_owned(),
    });
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
    let mut table = Table::new([
        "NAME",
        "MODE",
        "STATE",
        "PRIORITY",
        "QUOTA",
        "FREE",
        "TERM",
        "WHEN FULL",
        "ROOT",
        "ARCHIVE TARGET",
    ]);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for element in elements {
        let turns_ro = element.when_full == WhenFull::Ro && element.mode == Some(Mode::Rw);
        table.push([
            element.name.clone(),
            or_none(element.mode.map(|mode| mode.to_string())),
            element.state.clone(),
            or_none(element.priority.map(|priority| priority.to_string())),
            or_none(element.max_size_bytes.map(show_size)),
            show_size(element.free_bytes),
            or_none(element.retention.map(|term| format!("{} days", term.days))),
            or_none(turns_ro.then(|| "ro".to_owned())),
            element.root.display().to_string(),
            or_none(element.archive_target.as_ref().map(|target| shown_place(&target.place))),
        ]);
    }
    table.to_text()
}
