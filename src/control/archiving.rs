//! The answers about settings and archive targets of elements, and restores.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Extension, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::peer::Peer;
use super::server::{Control, answer, rejected};
use crate::administration::{LocalUser, NewRestoreRequest, SettingsRequest, TargetRequest};
use crate::http::{Problem, RequestId};

pub(super) async fn set_element(
    State(control): State<Control>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    body: Result<Json<SettingsRequest>, JsonRejection>,
) -> Response {
    let Json(request) = match body {
        Ok(request) => request,
        Err(rejection) => return rejected(&rejection),
    };
    let Some(user) = user(&peer, request_id) else {
        return Problem::of_status(StatusCode::FORBIDDEN).into_response();
    };
    answer(StatusCode::OK, move || control.administration.set_element(&user, &request)).await
}

pub(super) async fn set_target(
    State(control): State<Control>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    body: Result<Json<TargetRequest>, JsonRejection>,
) -> Response {
    let Json(request) = match body {
        Ok(request) => request,
        Err(rejection) => return rejected(&rejection),
    };
    let Some(user) = user(&peer, request_id) else {
        return Problem::of_status(StatusCode::FORBIDDEN).into_response();
    };
    answer(StatusCode::OK, move || control.administration.set_target(&user, request)).await
}

pub(super) async fn restores(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || control.administration.restores()).await
}

pub(super) async fn restore(
    State(control): State<Control>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    body: Result<Json<NewRestoreRequest>, JsonRejection>,
) -> Response {
    let Json(request) = match body {
        Ok(request) => request,
        Err(rejection) => return rejected(&rejection),
    };
    let Some(user) = user(&peer, request_id) else {
        return Problem::of_status(StatusCode::FORBIDDEN).into_response();
    };
    answer(StatusCode::ACCEPTED, move || control.administration.restore(&user, &request)).await
}

fn user(peer: &Peer, request_id: Arc<str>) -> Option<LocalUser> {
    peer.uid.map(|uid| LocalUser { uid, request_id })
}
