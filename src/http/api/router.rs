//! The routes of the API's address.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::StatusCode;

use super::{batch, elements, restores, transactions, webhooks};
use crate::administration::Administration;
use crate::http::health::{self, Health};
use crate::http::{Problem, assign_request_id};
use crate::upkeep::Jobs;

/// Longest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct ApiParts {
    /// Whether the server is well.
    pub(crate) health: Health,
    /// What an administrator may ask for.
    pub(crate) administration: Administration,
    /// What works beside requests.
    pub(crate) jobs: Jobs,
}

impl FromRef<ApiParts> for Health {
    fn from_ref(parts: &ApiParts) -> Self {
        parts.health.clone()
    }
}

impl FromRef<ApiParts> for Arc<auth::Accounts> {
    fn from_ref(parts: &ApiParts) -> Self {
        Arc::clone(parts.administration.accounts())
    }
}

/// The API.
pub(crate) fn router(parts: ApiParts) -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/api/storage-elements", get(elements::all).post(elements::create))
        .route("/api/storage-elements/{name}", get(elements::one))
        .route("/api/storage-elements/{name}/mode", post(elements::set_mode))
        .route("/api/transactions", get(transactions::all).post(transactions::start))
        .route("/api/transactions/{id}", get(transactions::one))
        .route("/api/batch/upload", post(batch::upload).layer(DefaultBodyLimit::max(batch::BODY_BYTES_MAX)))
        .route("/api/batch/delete", post(batch::delete).layer(DefaultBodyLimit::max(batch::NAMES_BYTES_MAX)))
        .route("/api/restores", get(restores::all).post(restores::start))
        .route("/api/service-accounts/{account}/webhooks", get(webhooks::of_account).post(webhooks::create))
        .route("/api/service-accounts/{account}/webhooks/{id}", delete(webhooks::remove))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(assign_request_id))
        .with_state(parts)
}

async fn not_found() -> Response {
    Problem::of_status(StatusCode::NOT_FOUND)
        .detail(
            "nothing has this path; docs/SEMANTICS.md lists what answers here, and S3 has its own address",
        )
        .into_response()
}

async fn method_not_allowed() -> Response {
    Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
}
