//! Webhooks and their mailboxes among the control documents: one document each for the webhook, for how far it is,
//! and for what was given up.

use std::collections::VecDeque;

use serde::Serialize;
use serde::de::DeserializeOwned;
use storage_engine::Archive;
use uuid::Uuid;

use super::mailbox::{Dead, Mailbox, Progress};
use super::webhook::Webhook;
use crate::error::{Error, ErrorKind, Result};

const WEBHOOKS: &str = "webhooks";
const PROGRESS: &str = "webhook-progress";
const DEAD: &str = "webhook-dead";

/// Reads every webhook with its mailbox. A webhook without one, as in a backup of a part, begins at the end of the
/// outbox.
///
/// *Errors*: `Failed` where the folders cannot be read. A document that cannot be is left alone and told of.
pub(super) fn read(archive: &Archive) -> Result<Vec<(Webhook, Mailbox)>> {
    let mut progress = documents::<Progress>(archive, PROGRESS)?;
    let mut dead = documents::<VecDeque<Dead>>(archive, DEAD)?;
    let mut take = |id: Uuid| {
        let name = file_of(id);
        let at = progress.iter().position(|(known, _)| *known == name);
        let kept = at.map(|at| progress.swap_remove(at).1);
        let at = dead.iter().position(|(known, _)| *known == name);
        let dead = at.map(|at| dead.swap_remove(at).1).unwrap_or_default();
        let end = || Progress { cursor: archive.last_event(), ..Progress::default() };
        Mailbox::new(kept.unwrap_or_else(end), dead)
    };
    let webhooks = documents::<Webhook>(archive, WEBHOOKS)?;
    let with_mailbox = |(_, webhook): (String, Webhook)| {
        let mailbox = take(webhook.id);
        (webhook, mailbox)
    };
    Ok(webhooks.into_iter().map(with_mailbox).collect())
}

/// Keeps a webhook. *Durability*: durable on return.
pub(super) fn keep(archive: &Archive, webhook: &Webhook) -> Result<()> {
    put(archive, WEBHOOKS, webhook.id, webhook)
}

/// Keeps how far a webhook is. *Durability*: durable on return.
pub(super) fn keep_progress(archive: &Archive, id: Uuid, progress: &Progress) -> Result<()> {
    put(archive, PROGRESS, id, progress)
}

/// Keeps what was given up. *Durability*: durable on return.
pub(super) fn keep_dead(archive: &Archive, id: Uuid, dead: &VecDeque<Dead>) -> Result<()> {
    put(archive, DEAD, id, dead)
}

/// Removes a webhook and all that is kept of it. *Durability*: durable on return.
pub(super) fn remove(archive: &Archive, id: Uuid) -> Result<()> {
    [WEBHOOKS, PROGRESS, DEAD].into_iter().try_for_each(|folder| {
        let removed = match folder {
            // A folder that was never made holds nothing to remove.
            WEBHOOKS => archive.remove_control_document(folder, &file_of(id)),
            _ if archive.control_documents(folder).is_ok_and(|found| found.is_empty()) => Ok(()),
            _ => archive.remove_control_document(folder, &file_of(id)),
        };
        removed.map_err(|source| Error::new(ErrorKind::Failed, "remove webhook").about(id).caused_by(source))
    })
}

fn put(archive: &Archive, folder: &str, id: Uuid, document: &impl Serialize) -> Result<()> {
    let failed = || Error::new(ErrorKind::Failed, "keep webhook").about(id);
    let bytes = serde_json::to_vec_pretty(document).map_err(|source| failed().caused_by(source))?;
    archive.put_control_document(folder, &file_of(id), &bytes).map_err(|source| failed().caused_by(source))
}

fn documents<T: DeserializeOwned>(archive: &Archive, folder: &str) -> Result<Vec<(String, T)>> {
    let found = archive
        .control_documents(folder)
        .map_err(|source| Error::new(ErrorKind::Failed, "read the webhooks").caused_by(source))?;
    let read = found.into_iter().filter_map(|(name, bytes)| match serde_json::from_slice(&bytes) {
        Ok(document) => Some((name, document)),
        Err(error) => {
            tracing::error!(folder, name, %error, "A document of a webhook cannot be read and is passed over.");
            None
        }
    });
    Ok(read.collect())
}

fn file_of(id: Uuid) -> String {
    format!("{id}.json")
}
