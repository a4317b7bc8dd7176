//! The answers about settings and archive targets of elements, and restores.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use http::StatusCode;

use super::server::Control;
use crate::administration::{Asker, NewRestoreRequest, SettingsRequest, TargetRequest};
use crate::http::{answer, answer_to};

pub(super) async fn set_element(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<SettingsRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |request| control.administration.set_element(&user, &request)).await
}

pub(super) async fn set_target(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<TargetRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::OK, body, move |request| control.administration.set_target(&user, request)).await
}

pub(super) async fn restores(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || control.administration.restores()).await
}

pub(super) async fn restore(
    State(control): State<Control>,
    user: Asker,
    body: Result<Json<NewRestoreRequest>, JsonRejection>,
) -> Response {
    answer_to(StatusCode::ACCEPTED, body, move |request| control.administration.restore(&user, &request))
        .await
}
