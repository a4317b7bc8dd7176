//! `/api/service-accounts/{account}/webhooks`: of the account itself, or of any for who manages accounts.

use std::sync::Arc;

use auth::{Account, Action};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use storage_engine::name::BucketName;
use uuid::Uuid;

use super::caller::{Answer, ApiCaller, Refusal};
use super::router::ApiParts;
use crate::http::{Problem, answer, answer_found, answer_to};
use crate::webhooks::NewWebhookRequest;

/// What makes a webhook of the account in the path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    url: String,
    events: Vec<String>,
    #[serde(default)]
    bucket: Option<BucketName>,
    #[serde(default)]
    prefix: String,
}

pub(super) async fn of_account(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    Path(account): Path<String>,
) -> Answer {
    let account = admitted(&parts, &caller, &account)?;
    let list = move || {
        let mut webhooks = parts.administration.webhooks().list();
        webhooks.retain(|webhook| webhook.account == account.id.as_str());
        Ok(webhooks)
    };
    Ok(answer(StatusCode::OK, list).await)
}

pub(super) async fn create(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    Path(account): Path<String>,
    body: Result<Json<NewWebhook>, JsonRejection>,
) -> Answer {
    let account = admitted(&parts, &caller, &account)?;
    let create = move |new: NewWebhook| {
        let NewWebhook { url, events, bucket, prefix } = new;
        let account = account.name.to_string();
        parts.administration.webhooks().create(NewWebhookRequest { account, url, events, bucket, prefix })
    };
    Ok(answer_to(StatusCode::CREATED, body, create).await)
}

pub(super) async fn remove(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    Path((account, id)): Path<(String, String)>,
) -> Answer {
    let account = admitted(&parts, &caller, &account)?;
    let remove = move || {
        let webhooks = parts.administration.webhooks();
        let is_its = webhooks.owner_of(&id).as_deref() == Some(account.id.as_str());
        Uuid::try_parse(&id).ok().filter(|_| is_its).map(|id| webhooks.remove(id)).transpose()
    };
    Ok(answer_found("the account has no webhook of this id", remove).await)
}

/// The account in the path, by client id or name, where the caller may see to its webhooks.
fn admitted(parts: &ApiParts, caller: &ApiCaller, account: &str) -> Result<Arc<Account>, Refusal> {
    let accounts = parts.administration.accounts();
    let found = accounts.by_client_id(account).or_else(|| accounts.by_name(account));
    if let Some(own) = found.as_ref().filter(|found| found.id == *caller.principal.account()) {
        return Ok(Arc::clone(own));
    }
    caller.may_of_archive(Action::ManageAccounts)?;
    found.ok_or_else(|| {
        Problem::of_status(StatusCode::NOT_FOUND)
            .detail("there is no account of this client id or name")
            .into()
    })
}
