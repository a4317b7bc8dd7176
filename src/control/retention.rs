//! The answers about retention and the archive clock.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use http::StatusCode;

use super::server::Control;
use crate::administration::{Asker, RetainRequest};
use crate::http::{answer, answer_to};

pub(super) async fn retain(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<RetainRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |request| control.administration.retain(&user, &request)).await
}

pub(super) async fn clock(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.administration.clock())).await
}

pub(super) async fn accept_clock(State(control): State<Control>, user: Asker) -> Response {
    answer(StatusCode::OK, move || control.administration.accept_clock(&user)).await
}
