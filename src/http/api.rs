//! The routes of the API's address.

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use super::health::{self, Health};
use super::{Problem, assign_request_id};

/// The API.
pub(crate) fn router(health: Health) -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(middleware::from_fn(assign_request_id))
        .with_state(health)
}

async fn not_found() -> Response {
    Problem::of_status(StatusCode::NOT_FOUND)
        .detail(
            "nothing has this path; /health/live and /health/ready answer here, and S3 at its own address",
        )
        .into_response()
}

async fn method_not_allowed() -> Response {
    Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
}
