//! Answers of work that the blocking engine does.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::Problem;
use crate::error::Result;

/// Answers what is no request of the form that is asked for.
pub(crate) fn rejected(rejection: &JsonRejection) -> Response {
    Problem::of_status(rejection.status()).detail(rejection.body_text()).into_response()
}

/// Answers a request by its body, as [`answer`] does.
pub(crate) async fn answer_to<R, T, F>(
    status: StatusCode,
    body: Result<Json<R>, JsonRejection>,
    work: F,
) -> Response
where
    R: Send + 'static,
    T: Serialize + Send + 'static,
    F: FnOnce(R) -> Result<T> + Send + 'static,
{
    match body {
        Ok(Json(request)) => answer(status, move || work(request)).await,
        Err(rejection) => rejected(&rejection),
    }
}

/// Answers with what the blocking engine does, inside the request's span.
pub(crate) async fn answer<T, F>(status: StatusCode, work: F) -> Response
where
    T: Serialize + Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match cross(work).await {
        Ok(answer) => (status, Json(answer)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The same of one thing that is looked for; what is `missing` is told where there is none.
pub(crate) async fn answer_found<T, F>(missing: &'static str, work: F) -> Response
where
    T: Serialize + Send + 'static,
    F: FnOnce() -> Result<Option<T>> + Send + 'static,
{
    match cross(work).await {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => Problem::of_status(StatusCode::NOT_FOUND).detail(missing).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Crosses from the async door to the blocking engine.
pub(crate) async fn cross<T, F>(work: F) -> std::result::Result<T, Box<Problem>>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Refused a request.");
            Err(Box::new(Problem::of_error(&error)))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "A request ended without an answer.");
            Err(Box::new(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)))
        }
    }
}
