//! Whether the server lives and whether it can serve.
//!
//! Anybody may ask, so the answers tell names, modes and states of elements, whether the catalog can be
//! used, how much the scrub found, and nothing else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use storage_engine::Archive;
use storage_engine::archive::status::{ElementState, ElementStatus};
use storage_engine::mode::Mode;
use storage_engine::scrub::ScrubStatus;
use tokio_util::sync::CancellationToken;

use super::Problem;
use crate::administration::state_name;

/// What the health answers are made of.
#[derive(Clone)]
pub(crate) struct Health {
    /// The archive.
    pub(crate) archive: Arc<Archive>,
    /// Cancelled when the server begins to stop.
    pub(crate) stop: CancellationToken,
}

/// The answer of `/health/live`.
#[derive(Serialize)]
struct Live {
    status: &'static str,
}

/// The answer of `/health/ready`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    status: &'static str,
    elements: Vec<ElementHealth>,
    /// `ready`, or `damaged` until the next start makes it again.
    catalog: &'static str,
    scrub: ScrubHealth,
}

/// What the last whole pass of the scrub came to.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ScrubHealth {
    running: bool,
    /// In milliseconds since 1970; `null` before the first one.
    ended_ms: Option<u64>,
    damage: u64,
    inconsistent: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct ElementHealth {
    name: String,
    mode: Option<Mode>,
    state: &'static str,
}

impl Readiness {
    /// The state of a server with these elements, of whose catalog and scrub this is known.
    pub(crate) fn of(
        elements: Vec<ElementStatus>,
        is_catalog_usable: bool,
        scrub: &ScrubStatus,
        is_stopping: bool,
    ) -> Self {
        let serves = |element: &&ElementStatus| element.state == ElementState::Ready;
        let serving = elements.iter().filter(serves).count();
        let status = match serving {
            _ if is_stopping => "stopping",
            _ if !is_catalog_usable => "unavailable",
            0 => "unavailable",
            _ if serving < elements.len() => "degraded",
            _ => "ready",
        };
        let elements = elements.into_iter().map(|element| ElementHealth {
            name: element.name.to_string(),
            mode: element.mode,
            state: state_name(element.state),
        });
        let last = scrub.last.as_ref();
        let scrub = ScrubHealth {
            running: scrub.is_running,
            ended_ms: last.and_then(|pass| pass.ended_ms),
            damage: last.map_or(0, |pass| pass.damage),
            inconsistent: last.map_or(0, |pass| pass.inconsistent),
        };
        let catalog = if is_catalog_usable { "ready" } else { "damaged" };
        Self { status, elements: elements.collect(), catalog, scrub }
    }

    /// 200 where requests are served, if not all of them.
    pub(crate) fn http_status(&self) -> StatusCode {
        match self.status {
            "ready" | "degraded" => StatusCode::OK,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Health {
    /// The state now.
    ///
    /// Blocks on the file systems beneath the elements.
    pub(crate) fn readiness(&self) -> Readiness {
        let archive = &self.archive;
        let scrub = archive.scrub_summary();
        Readiness::of(archive.elements(), archive.is_catalog_usable(), &scrub, self.stop.is_cancelled())
    }
}

/// `GET /health/live`: 200 as long as the process answers.
pub(super) async fn live() -> Response {
    Json(Live { status: "live" }).into_response()
}

/// `GET /health/ready`.
pub(super) async fn ready(State(health): State<Health>) -> Response {
    match tokio::task::spawn_blocking(move || health.readiness()).await {
        Ok(readiness) => (readiness.http_status(), Json(readiness)).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "Could not tell whether the server is ready."
            );
            Problem::of_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    }
}
