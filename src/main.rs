//! ArtStore: an archive file store.
//!
//! The binary over the libraries: arguments, settings, wiring, signals. It turns one `Result` into an
//! exit code.

mod administration;
mod cli;
mod commands;
mod control;
mod error;
mod http;
mod private_file;
mod remote_buckets;
mod settings;
mod shutdown;
mod size;
mod telemetry;
mod timestamp;
mod trust;
mod upkeep;
mod webhooks;

use std::process::ExitCode;

use cli::{Arguments, Command, terminal};
use settings::{Environment, Settings};
use telemetry::Audience;

fn main() -> ExitCode {
    let arguments = match Arguments::of_process() {
        Ok(arguments) => arguments,
        Err(error) => return terminal::end_with_usage(&error),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::show_error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> error::Result<()> {
    let settings = Settings::load(arguments.flags(), &Environment::of_process())?;
    let audience = match arguments.command {
        Command::Serve(_) => Audience::Log,
        Command::Element(_)
        | Command::Transfer(_)
        | Command::Transactions(_)
        | Command::Restore(_)
        | Command::Restores(_)
        | Command::Retain(_)
        | Command::Clock(_)
        | Command::Bucket(_)
        | Command::Account(_)
        | Command::Webhook(_)
        | Command::Fsck(_)
        | Command::Scrub(_)
        | Command::Lifecycle(_)
        | Command::Disposal(_)
        | Command::Seal(_)
        | Command::Index(_) => Audience::Answer,
    };
    let style = telemetry::start(&settings.logging, audience)?;
    match &arguments.command {
        Command::Serve(_) => commands::serve(&settings, style),
        Command::Element(command) => commands::element(&settings, command),
        Command::Transfer(arguments) => commands::transfer(&settings, arguments),
        Command::Transactions(output) => commands::transactions(&settings, *output),
        Command::Restore(arguments) => commands::restore(&settings, arguments),
        Command::Restores(output) => commands::restores(&settings, *output),
        Command::Retain(arguments) => commands::retain(&settings, arguments),
        Command::Clock(command) => commands::clock(&settings, *command),
        Command::Bucket(command) => commands::bucket(&settings, command),
        Command::Account(command) => commands::account(&settings, command),
        Command::Webhook(command) => commands::webhook(&settings, command),
        Command::Fsck(arguments) => commands::fsck(&settings, *arguments),
        Command::Scrub(command) => commands::scrub(&settings, command),
        Command::Lifecycle(command) => commands::lifecycle(&settings, *command),
        Command::Disposal(command) => commands::disposal(&settings, command),
        Command::Seal(command) => commands::seal(&settings, command),
        Command::Index(command) => commands::index(&settings, *command),
    }
}
