//! `/api/transactions`.

use auth::Action;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use uuid::Uuid;

use super::caller::{Answer, ApiCaller};
use super::router::ApiParts;
use crate::http::{answer, answer_found, cross, rejected};
use crate::upkeep::{TransferRequest, Work};

pub(super) async fn all(State(parts): State<ApiParts>, caller: ApiCaller) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    Ok(answer(StatusCode::OK, move || Ok(parts.jobs.transfers.all())).await)
}

pub(super) async fn one(State(parts): State<ApiParts>, caller: ApiCaller, Path(id): Path<String>) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    let find = move || Ok(Uuid::try_parse(&id).ok().and_then(|id| parts.jobs.transfers.get(id)));
    Ok(answer_found("no transaction of this id is kept; /api/transactions lists those that are", find).await)
}

/// Begins a transfer.
pub(super) async fn start(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    body: Result<Json<TransferRequest>, JsonRejection>,
) -> Answer {
    caller.may_of_archive(Action::ManageElements)?;
    let Json(request) = body.map_err(|rejection| rejected(&rejection))?;
    Ok(begin(parts, caller, Work::Transfer(request)).await)
}

/// Takes work, and says where it can be looked at.
pub(super) async fn begin(parts: ApiParts, caller: ApiCaller, work: Work) -> Response {
    match cross(move || parts.jobs.transfers.ask(work, caller.asker.name())).await {
        Ok(transaction) => {
            let place = [(header::LOCATION, format!("/api/transactions/{}", transaction.id))];
            (StatusCode::ACCEPTED, place, Json(transaction)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
