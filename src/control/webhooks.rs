//! The answers about webhooks: routes of their own, so that another door may have them as well.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;

use crate::http::Problem;
use crate::http::{answer, answer_to, rejected};
use crate::webhooks::{Couriers, NewWebhookRequest, WebhookRequest, Webhooks};

/// Where webhooks are listed and made.
pub(super) const PATH: &str = "/webhooks";
/// Where one is removed.
pub(super) const REMOVE_PATH: &str = "/webhooks/remove";
/// Where one is tried.
pub(super) const TEST_PATH: &str = "/webhooks/test";
/// Where undelivered events are listed.
pub(super) const DEAD_PATH: &str = "/webhooks/dead";
/// Where they are tried again.
pub(super) const RETRY_PATH: &str = "/webhooks/dead/retry";

/// What the answers are made of.
#[derive(Clone)]
struct Hooks {
    webhooks: Arc<Webhooks>,
    couriers: Arc<Couriers>,
}

/// The routes.
pub(super) fn router(webhooks: Arc<Webhooks>, couriers: Arc<Couriers>) -> Router {
    Router::new()
        .route(PATH, get(list).post(create))
        .route(REMOVE_PATH, post(remove))
        .route(TEST_PATH, post(test))
        .route(DEAD_PATH, get(dead))
        .route(RETRY_PATH, post(retry))
        .with_state(Hooks { webhooks, couriers })
}

async fn list(State(hooks): State<Hooks>) -> Response {
    answer(StatusCode::OK, move || Ok(hooks.webhooks.list())).await
}

async fn create(
    State(hooks): State<Hooks>,
    body: Result<Json<NewWebhookRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::CREATED, body, move |new| hooks.webhooks.create(new)).await
}

async fn remove(State(hooks): State<Hooks>, body: Result<Json<WebhookRequest>, JsonRejection>) -> Response {
    answer_to(StatusCode::OK, body, move |WebhookRequest { id }| hooks.webhooks.remove(id)).await
}

async fn test(State(hooks): State<Hooks>, body: Result<Json<WebhookRequest>, JsonRejection>) -> Response {
    let Json(WebhookRequest { id }) = match body {
        Ok(request) => request,
        Err(rejection) => return rejected(&rejection),
    };
    match hooks.couriers.test(id).await {
        Ok(tested) => Json(tested).into_response(),
        Err(error) => Problem::of_error(&error).into_response(),
    }
}

async fn dead(State(hooks): State<Hooks>) -> Response {
    answer(StatusCode::OK, move || Ok(hooks.webhooks.dead())).await
}

async fn retry(State(hooks): State<Hooks>) -> Response {
    answer(StatusCode::OK, move || hooks.webhooks.retry_dead()).await
}
