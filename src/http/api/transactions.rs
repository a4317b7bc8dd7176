//! `/api/transactions`.

use auth::Action;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::caller::{Answer, ApiCaller};
use super::router::ApiParts;
use crate::http::{Problem, answer, rejected};
use crate::upkeep::{TransferRequest, Work};

pub(super) async fn all(State(parts): State<ApiParts>, caller: ApiCaller) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    Ok(answer(StatusCode::OK, move || Ok(parts.jobs.transfers.all())).await)
}

pub(super) async fn one(State(parts): State<ApiParts>, caller: ApiCaller, Path(id): Path<String>) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    let known = Uuid::try_parse(&id).ok().and_then(|id| parts.jobs.transfers.get(id));
    known.map(|transaction| Json(transaction).into_response()).ok_or_else(|| {
        Problem::of_status(StatusCode::NOT_FOUND)
            .detail("no transaction of this id is kept; /api/transactions lists those that are")
            .into()
    })
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
    let (given, taken) = tokio::sync::oneshot::channel();
    let mut response = answer(StatusCode::ACCEPTED, move || {
        let transaction = parts.jobs.transfers.ask(work, caller.asker.name())?;
        given.send(transaction.id).ok();
        Ok(transaction)
    })
    .await;
    if let Ok(id) = taken.await
        && let Ok(place) = HeaderValue::from_str(&format!("/api/transactions/{id}"))
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
