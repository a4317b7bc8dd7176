//! `artstore serve`: the archive, its doors, and their end.

use std::path::Path;
use std::sync::Arc;

use storage_engine::clock::SystemClock;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::welcome::{Addresses, reachable, welcome};
use crate::administration::{Administration, FirstStart, absolute};
use crate::cli::terminal;
use crate::control;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, ApiParts, Health};
use crate::settings::{ListenAddress, ServerSettings, Settings};
use crate::shutdown::{DRAIN_MAX, Drained, STOP_MAX, Signals, drain};
use crate::telemetry::LogStyle;
use crate::upkeep::{Jobs, Upkeep};
use crate::webhooks::Couriers;

/// Serves the archive until a signal comes.
///
/// *Errors*: those of [`Administration::open`]; `Failed` where an address is taken, a door ends by
/// itself, or a second signal comes while it stops.
pub(crate) fn serve(settings: &Settings, style: LogStyle) -> Result<()> {
    tracing::debug!(?settings, "Read the settings.");
    for variable in &settings.unknown_variables {
        tracing::warn!(variable, "Ignored an environment variable that names no setting.");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| Error::new(ErrorKind::Failed, "start the server").caused_by(source))?;
    let served = runtime.block_on(run(settings, style));
    // What is still blocked in the engine was cut off on purpose; the process ends without it.
    runtime.shutdown_background();
    served
}

async fn run(settings: &Settings, style: LogStyle) -> Result<()> {
    let mut signals = Signals::take()?;
    let opened = tokio::select! {
        opened = open(settings.clone()) => opened?,
        // Opening may take long where much is to be recovered, and may be cut off anywhere.
        _ = signals.next() => return Ok(()),
    };
    let (administration, first_start) = opened;
    let data = absolute(&settings.storage.data)?;
    let s3 = listen("server.s3_listen", &settings.server.s3_listen).await?;
    let api = listen("server.api_listen", &settings.server.api_listen).await?;
    let addresses = Addresses { s3: local_address(&s3)?, api: local_address(&api)? };
    let (socket, socket_file) = control::bind(&data)?;

    let stop = CancellationToken::new();
    let upkeep = Upkeep::start(&administration, &settings.storage)?;
    let couriers = administration.start_couriers(settings.server.webhook_private_addresses)?;
    let control = (socket, (upkeep.jobs().clone(), Arc::clone(&couriers)));
    let mut doors = open_doors(&administration, &settings.server, s3, api, control, &stop);
    announce(addresses, &data, first_start.as_ref(), style)?;

    let ended_by_itself = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "Stops: finishes what is in flight.");
            None
        }
        door = doors.join_next() => Some(door_ended(door)),
    };
    stop.cancel();
    upkeep.ask_to_stop();
    couriers.ask_to_stop();
    end(administration, (upkeep, couriers), doors, socket_file, signals).await?;
    ended_by_itself.map_or(Ok(()), Err)
}

/// Finishes what is in flight, and gives the archive back.
async fn end(
    administration: Administration,
    (upkeep, couriers): (Upkeep, Arc<Couriers>),
    mut doors: JoinSet<Result<()>>,
    socket_file: control::SocketFile,
    mut signals: Signals,
) -> Result<()> {
    let end = Instant::now() + STOP_MAX;
    if drain(&mut doors, DRAIN_MAX, signals.next()).await == Drained::Interrupted {
        // Letting go of the archive would write the checkpoint that nobody wants to wait for.
        std::mem::forget(administration);
        return Err(interrupted());
    }
    socket_file.remove()?;
    tokio::select! {
        closed = timeout_at(end, close(administration, upkeep, &couriers)) => match closed {
            Ok(closed) => closed?,
            Err(_) => tracing::warn!("Ends without the last checkpoint; the next start recovers from the log."),
        },
        _ = signals.next() => return Err(interrupted()),
    }
    tracing::info!("Stopped.");
    Ok(())
}

/// Starts every door on a task of its own.
fn open_doors(
    administration: &Administration,
    server: &ServerSettings,
    s3: TcpListener,
    api: TcpListener,
    (socket, workers): (tokio::net::UnixListener, (Jobs, Arc<Couriers>)),
    stop: &CancellationToken,
) -> JoinSet<Result<()>> {
    let health = Health { archive: Arc::clone(administration.archive()), stop: stop.clone() };
    let mut doors = JoinSet::new();
    let (archive, accounts) = (Arc::clone(administration.archive()), Arc::clone(administration.accounts()));
    let webhooks = Arc::clone(administration.webhooks());
    let settings = s3_gateway::Settings {
        domains: server.s3_domains.0.clone(),
        drain_timeout: DRAIN_MAX,
        webhooks: s3_gateway::WebhookOwners::new(move |id| webhooks.owner_of(id)),
        ..s3_gateway::Settings::default()
    };
    let service = s3_gateway::service(archive, accounts, settings);
    let stopped = stop.clone().cancelled_owned();
    doors.spawn(async move {
        s3_gateway::serve(s3, service, stopped).await;
        Ok(())
    });
    let parts =
        ApiParts { health: health.clone(), administration: administration.clone(), jobs: workers.0.clone() };
    let (router, stopped) = (http::router(parts), stop.clone());
    doors.spawn(async move {
        http::serve(api, router, stopped).await;
        Ok(())
    });
    let (administration, stopped) = (administration.clone(), stop.clone());
    doors.spawn(async move {
        let served = control::serve(socket, administration, health, workers, stopped).await;
        served.map_err(|source| Error::new(ErrorKind::Failed, "serve the control socket").caused_by(source))
    });
    doors
}

async fn listen(setting: &'static str, address: &ListenAddress) -> Result<TcpListener> {
    TcpListener::bind(address.as_str()).await.map_err(|source| {
        Error::new(ErrorKind::Failed, "listen at")
            .about(address)
            .remedy(format_args!(
                "stop what listens there, or set {setting} to another address (port 0 takes a free one)"
            ))
            .caused_by(source)
    })
}

fn local_address(listener: &TcpListener) -> Result<std::net::SocketAddr> {
    listener
        .local_addr()
        .map_err(|source| Error::new(ErrorKind::Failed, "ask for the address").caused_by(source))
}

/// Tells the log that the server is ready, and a person what the first start made.
fn announce(
    addresses: Addresses,
    data: &Path,
    first_start: Option<&FirstStart>,
    style: LogStyle,
) -> Result<()> {
    tracing::info!(
        "Ready: S3 on http://{}, API on http://{}, data in {}",
        reachable(addresses.s3),
        reachable(addresses.api),
        data.display()
    );
    let Some(made) = first_start else { return Ok(()) };
    let text = welcome(addresses, data, made);
    match style {
        LogStyle::Text => terminal::show(&text),
        // Standard output is a stream of JSON objects then.
        LogStyle::Json => terminal::notify(&text),
    }
}

/// The error of a door that ended although nobody asked it to.
fn door_ended(ended: Option<Result<Result<()>, tokio::task::JoinError>>) -> Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => Error::new(ErrorKind::Failed, "serve").because("a door broke").caused_by(error),
        Some(Ok(Ok(()))) | None => Error::new(ErrorKind::Failed, "serve").because("a door ended by itself"),
    }
}

/// Opens the archive, which blocks on the disk.
async fn open(settings: Settings) -> Result<(Administration, Option<FirstStart>)> {
    let opened = spawn_blocking(move || Administration::open(&settings, Arc::new(SystemClock))).await;
    opened.unwrap_or_else(|source| Err(Error::new(ErrorKind::Failed, "open the archive").caused_by(source)))
}

/// Closes the archive, which blocks on the disk, and ends with it what works on it in the background.
async fn close(administration: Administration, upkeep: Upkeep, couriers: &Couriers) -> Result<()> {
    couriers.stop().await;
    let closed = spawn_blocking(move || {
        upkeep.jobs().scrubber.stop();
        let closed = administration.close();
        upkeep.end();
        closed
    })
    .await;
    closed.unwrap_or_else(|source| Err(Error::new(ErrorKind::Failed, "close the archive").caused_by(source)))
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Failed, "stop")
        .because("a second signal came before everything in flight had ended; nothing acknowledged is lost")
}
