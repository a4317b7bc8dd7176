//! `/api/storage-elements`.

use auth::Action;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use storage_engine::mode::Mode;
use storage_engine::name::ElementName;

use super::caller::{Answer, ApiCaller};
use super::router::ApiParts;
use super::transactions;
use crate::administration::{ModeRequest, NewElementRequest};
use crate::http::{Problem, answer, answer_found, answer_to, rejected};
use crate::upkeep::{TransitionRequest, Work};

const NO_SUCH_ELEMENT: &str = "there is no element of this name; /api/storage-elements lists them";

/// What changes a mode, or asks what that would change.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMode {
    mode: Mode,
    #[serde(default)]
    plan: bool,
}

pub(super) async fn all(State(parts): State<ApiParts>, caller: ApiCaller) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    Ok(answer(StatusCode::OK, move || Ok(parts.administration.element_documents())).await)
}

pub(super) async fn one(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    Path(name): Path<String>,
) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    let find = move || {
        let elements = parts.administration.element_documents();
        Ok(elements.into_iter().find(|element| element.name == name))
    };
    Ok(answer_found(NO_SUCH_ELEMENT, find).await)
}

pub(super) async fn create(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    body: Result<Json<NewElementRequest>, JsonRejection>,
) -> Answer {
    caller.may_of_archive(Action::ManageElements)?;
    let create = move |new| parts.administration.create_element(&caller.asker, new);
    Ok(answer_to(StatusCode::CREATED, body, create).await)
}

/// Changes the mode at once, or, where bytes have to be archived first, by a transaction.
pub(super) async fn set_mode(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    Path(name): Path<String>,
    body: Result<Json<NewMode>, JsonRejection>,
) -> Answer {
    caller.may_of_archive(Action::ManageElements)?;
    let Json(NewMode { mode, plan }) = body.map_err(|rejection| rejected(&rejection))?;
    let name = ElementName::parse(&name)
        .map_err(|_| Problem::of_status(StatusCode::NOT_FOUND).detail(NO_SUCH_ELEMENT))?;
    if mode == Mode::Ar && !plan {
        let work = Work::Transition(TransitionRequest { element: name, mode });
        return Ok(transactions::begin(parts, caller, work).await);
    }
    let request = ModeRequest { name, mode, plan };
    let set = move || parts.administration.set_mode(&caller.asker, &request);
    Ok(answer(StatusCode::OK, set).await)
}
