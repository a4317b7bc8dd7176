//! `artstore webhook`.

use crate::cli::{
    DeadArguments, NewWebhookArguments, Table, WebhookArguments, WebhookCommand, printable, terminal,
};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::webhooks::{DeadDocument, NewWebhookRequest, WebhookDocument};

/// Lists webhooks, creates, removes or tries one, or shows what could not be delivered.
///
/// *Errors*: `ProblemsFound` where a trial does not arrive, those of [`Owner::find`], `Failed`.
pub(crate) fn webhook(settings: &Settings, command: &WebhookCommand) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let done = match command {
        WebhookCommand::List(output) => owner.webhooks().and_then(|webhooks| match output.json {
            true => terminal::show_json(&webhooks),
            false => terminal::show(&table(&webhooks)),
        }),
        WebhookCommand::Create(new) => create(&mut owner, new),
        WebhookCommand::Remove(arguments) => remove(&mut owner, *arguments),
        WebhookCommand::Test(arguments) => test(&mut owner, *arguments),
        WebhookCommand::Dead(arguments) => dead(&mut owner, *arguments),
    };
    owner.close()?;
    done
}

fn create(owner: &mut Owner, new: &NewWebhookArguments) -> Result<()> {
    let created = owner.create_webhook(NewWebhookRequest {
        account: new.account.clone(),
        url: new.url.clone(),
        events: new.events.clone(),
        bucket: new.bucket.clone(),
        prefix: new.prefix.clone(),
    })?;
    if new.output.json {
        return terminal::show_json(&created);
    }
    terminal::show(&format!(
        "Made webhook {}\n\n  secret that signs             {}\n  name in notification rules    {}\n\n\
         The secret is not shown again.\n",
        created.webhook.id, created.secret, created.webhook.arn
    ))
}

fn remove(owner: &mut Owner, arguments: WebhookArguments) -> Result<()> {
    let removed = owner.remove_webhook(arguments.id)?;
    if arguments.output.json {
        return terminal::show_json(&removed);
    }
    terminal::show(&format!("Removed webhook {}, which sent to {}\n", removed.id, printable(&removed.url)))
}

fn test(owner: &mut Owner, arguments: WebhookArguments) -> Result<()> {
    let tested = owner.test_webhook(arguments.id)?;
    if arguments.output.json {
        terminal::show_json(&tested)?;
    }
    match tested.failure {
        None if arguments.output.json => Ok(()),
        None => terminal::show("The receiver took the test event.\n"),
        Some(failure) => Err(Error::new(ErrorKind::ProblemsFound, "test webhook")
            .about(arguments.id)
            .because(failure)
            .remedy("look into the receiver's log, and give the command again")),
    }
}

fn dead(owner: &mut Owner, arguments: DeadArguments) -> Result<()> {
    if arguments.retry {
        let retried = owner.retry_dead_events()?;
        if arguments.output.json {
            return terminal::show_json(&retried);
        }
        return terminal::show(&format!("{} events are tried again\n", retried.retried));
    }
    let dead = owner.dead_events()?;
    if arguments.output.json { terminal::show_json(&dead) } else { terminal::show(&dead_table(&dead)) }
}

/// The webhooks for people.
pub(super) fn table(webhooks: &[WebhookDocument]) -> String {
    let mut table =
        Table::new(["ID", "ACCOUNT", "URL", "EVENTS", "SENT", "BEHIND", "RETRY", "DEAD", "LAST ERROR"]);
    for webhook in webhooks {
        let events = if webhook.events.is_empty() { "none".to_owned() } else { webhook.events.join(",") };
        table.push([
            webhook.id.to_string(),
            webhook.account.clone(),
            printable(&webhook.url),
            events,
            webhook.delivered.to_string(),
            webhook.behind.to_string(),
            webhook.aside.to_string(),
            webhook.dead.to_string(),
            webhook.last_error.as_deref().map(printable).unwrap_or_default(),
        ]);
    }
    table.to_text()
}

fn dead_table(dead: &[DeadDocument]) -> String {
    let mut table = Table::new(["WEBHOOK", "DELIVERY", "EVENT", "BUCKET", "KEY", "TRIES", "REASON"]);
    for dead in dead {
        table.push([
            dead.webhook.to_string(),
            dead.id.clone(),
            dead.event.clone(),
            dead.bucket.to_string(),
            printable(&dead.key),
            dead.tries.to_string(),
            printable(&dead.reason),
        ]);
    }
    table.to_text()
}
