//! The answers at the control socket.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::owner::WAIT_MAX;
use super::peer::{Peer, admit_owner_and_root};
use super::{archiving, disposals, retention, scrub, webhooks};
use crate::administration::{
    Administration, Asker, BucketSettingsRequest, ModeRequest, NewAccountRequest, NewElementRequest,
};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Health, Problem, answer, answer_to, assign_request_id};
use crate::upkeep::{Jobs, LifecyclePass, StartScrubRequest, Transaction, Work};
use crate::webhooks::Couriers;

/// What the answers are made of.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) administration: Administration,
    health: Health,
    pub(super) jobs: Jobs,
}

/// The answer of `GET /status`.
#[derive(Serialize)]
struct Status {
    version: &'static str,
    process_id: u32,
    #[serde(flatten)]
    readiness: crate::http::Readiness,
}

/// Serves the socket until `stop`, and then what is in flight.
pub(crate) async fn serve(
    listener: UnixListener,
    administration: Administration,
    health: Health,
    (jobs, couriers): (Jobs, Arc<Couriers>),
    stop: CancellationToken,
) -> io::Result<()> {
    let owner_uid = rustix::process::geteuid().as_raw();
    let hooks = webhooks::router(Arc::clone(administration.webhooks()), couriers);
    let router = router(Control { administration, health, jobs }, hooks, owner_uid);
    axum::serve(listener, router.into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

fn router(control: Control, hooks: Router, owner_uid: u32) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/elements", get(elements).post(create_element))
        .route("/elements/mode", post(set_mode))
        .route("/elements/settings", post(archiving::set_element))
        .route("/elements/target", post(archiving::set_target))
        .route("/restores", get(archiving::restores).post(archiving::restore))
        .route("/buckets", get(buckets).post(set_bucket))
        .route("/retain", post(retention::retain))
        .route("/clock", get(retention::clock).post(retention::accept_clock))
        .route("/accounts", get(accounts).post(create_account))
        .route(scrub::PATH, get(scrub_status).post(start_scrub))
        .route("/lifecycle", get(lifecycle_passes).post(start_lifecycle_pass))
        .route("/lifecycle/wait", post(wait_for_lifecycle_pass))
        .route("/disposals", get(disposals::all).post(disposals::propose))
        .route("/disposals/release", post(disposals::release))
        .route("/disposals/withdraw", post(disposals::withdraw))
        .route("/disposals/wait", post(disposals::wait))
        .route("/disposals/page", post(disposals::page))
        .route("/seals", post(seal_now))
        .route("/transactions", get(transactions).post(start_transaction))
        .route("/transactions/wait", post(wait_for_transaction))
        .with_state(control)
        .merge(hooks)
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(owner_uid, admit_owner_and_root))
        .layer(middleware::from_fn(assign_request_id))
}

async fn status(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || {
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            process_id: std::process::id(),
            readiness: control.health.readiness(),
        })
    })
    .await
}

async fn elements(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.administration.element_documents())).await
}

async fn create_element(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<NewElementRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::CREATED, body, move |new| control.administration.create_element(&user, new)).await
}

async fn set_mode(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<ModeRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |request| control.administration.set_mode(&user, &request)).await
}

async fn buckets(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.administration.bucket_documents())).await
}

async fn set_bucket(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<BucketSettingsRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |request| control.administration.set_bucket(&user, &request)).await
}

async fn accounts(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.administration.account_documents())).await
}

async fn create_account(
    State(control): State<Control>,
    body: Result<Json<NewAccountRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::CREATED, body, move |new| control.administration.create_account(new)).await
}

async fn scrub_status(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.jobs.scrubber.document())).await
}

async fn start_scrub(
    State(control): State<Control>,
    body: Result<Json<StartScrubRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::ACCEPTED, body, move |request| {
        control.jobs.scrubber.ask(request.rate_bytes.map(|rate| Some(rate).filter(|rate| *rate > 0)));
        Ok(control.jobs.scrubber.document())
    })
    .await
}

async fn seal_now(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || control.administration.seal_now()).await
}

async fn lifecycle_passes(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.jobs.lifecycles.all())).await
}

async fn start_lifecycle_pass(State(control): State<Control>) -> Response {
    answer(StatusCode::ACCEPTED, move || control.jobs.lifecycles.ask()).await
}

/// Answers with a pass when it is another than the one sent, or after a second.
async fn wait_for_lifecycle_pass(
    State(control): State<Control>,
    body: Result<Json<LifecyclePass>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |seen| {
        control.jobs.lifecycles.wait(&seen, WAIT_MAX).ok_or_else(|| {
            Error::new(ErrorKind::Failed, "find the pass over the lifecycles")
                .about(seen.number)
                .because("it is not kept any more")
        })
    })
    .await
}

async fn transactions(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.jobs.transfers.all())).await
}

async fn start_transaction(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<Work>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::ACCEPTED, body, move |work| control.jobs.transfers.ask(work, user.name())).await
}

/// Answers with a transaction when it is another than the one sent, or after a second.
async fn wait_for_transaction(
    State(control): State<Control>,
    body: Result<Json<Transaction>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |seen| {
        control.jobs.transfers.wait(&seen, WAIT_MAX).ok_or_else(|| {
            Error::new(ErrorKind::Failed, "find transaction")
                .about(seen.id)
                .because("it is not kept any more")
        })
    })
    .await
}

async fn not_found() -> Response {
    Problem::of_status(StatusCode::NOT_FOUND)
        .detail("the server does not know this command: it may be of another release than the command")
        .into_response()
}
