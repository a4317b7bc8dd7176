//! `/api/restores`.

use auth::{Action, Resource};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use http::StatusCode;

use super::caller::{Answer, ApiCaller, owner_of};
use super::router::ApiParts;
use crate::administration::NewRestoreRequest;
use crate::http::{answer, rejected};

pub(super) async fn all(State(parts): State<ApiParts>, caller: ApiCaller) -> Answer {
    caller.may_of_archive(Action::ReadElements)?;
    Ok(answer(StatusCode::OK, move || parts.administration.restores()).await)
}

/// Asks for the bytes of an archived document.
pub(super) async fn start(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    body: Result<Json<NewRestoreRequest>, JsonRejection>,
) -> Answer {
    let Json(request) = body.map_err(|rejection| rejected(&rejection))?;
    let owner = owner_of(&parts.health.archive, &request.bucket).await;
    let resource =
        Resource::Object { bucket: request.bucket.as_str(), owner: owner.as_deref(), key: &request.key };
    caller.may(Action::RestoreObject, &resource)?;
    let restore = move || parts.administration.restore(&caller.asker, &request);
    Ok(answer(StatusCode::ACCEPTED, restore).await)
}
