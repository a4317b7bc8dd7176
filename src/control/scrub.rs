//! The scrub as commands reach it: in the server that runs, or by what the last one left.

use storage_engine::disk::{Disks as _, RealDisks};
use storage_engine::scrub::ScrubStatus;

use super::client::Client;
use crate::administration::absolute;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::upkeep::{ScrubDocument, StartScrubRequest};

/// The path of the scrub at the control socket.
pub(super) const PATH: &str = "/scrub";

/// Asks the server for its scrub; where none runs, reads what it left.
///
/// *Errors*: `NoServer` where one runs and cannot be reached; `Failed` where there is no archive.
pub(crate) fn scrub_status(settings: &Settings) -> Result<ScrubDocument> {
    let data = absolute(&settings.storage.data)?;
    if let Some(mut client) = Client::connect(&data)? {
        return client.get(PATH);
    }
    let disk = RealDisks.open(&data, false).map_err(|source| {
        Error::new(ErrorKind::Failed, "find an archive in")
            .about(data.display())
            .remedy("name its directory with --data")
            .caused_by(source)
    })?;
    Ok(ScrubDocument::of(ScrubStatus::read(&*disk)))
}

/// Starts a pass in the server.
///
/// *Errors*: `NoServer` where none runs.
pub(crate) fn start_scrub(settings: &Settings, request: &StartScrubRequest) -> Result<ScrubDocument> {
    let data = absolute(&settings.storage.data)?;
    match Client::connect(&data)? {
        Some(mut client) => client.post(PATH, request),
        None => Err(Error::new(ErrorKind::NoServer, "start the scrub of")
            .about(data.display())
            .because("no server runs there")
            .remedy("start the server first, or use artstore fsck, which checks an archive at rest")),
    }
}
