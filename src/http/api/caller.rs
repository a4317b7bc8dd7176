//! Who asks at the API, and whether they may.
//!
//! An account proves itself with its client id and secret (RFC 7617, "Basic"). They are in the request as they are:
//! as long as the server has no TLS, they are believed on this machine alone.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use auth::{Accounts, Action, Decision, Principal, Resource, decide};
use axum::extract::{Extension, FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use storage_engine::Archive;
use storage_engine::name::BucketName;

use crate::administration::Asker;
use crate::http::{Problem, RequestId};

const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"artstore\", charset=\"UTF-8\"");
const SCHEME: &str = "Basic ";

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What is answered in place of what was asked for.
pub(super) struct Refusal(Box<Response>);

/// The answer of a route.
pub(super) type Answer = Result<Response, Refusal>;

/// An account that has proved itself.
pub(super) struct ApiCaller {
    pub(super) principal: Principal,
    pub(super) asker: Asker,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.into_response()))
    }
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl ApiCaller {
    /// Refuses what the account may not do.
    pub(super) fn may(&self, action: Action, resource: &Resource<'_>) -> Result<(), Refusal> {
        let Decision::Deny(denial) = decide(&self.principal, action, resource) else { return Ok(()) };
        let account = self.principal.name().as_str();
        tracing::info!(account, action = action.as_str(), denial = denial.as_str(), "Refused an account.");
        let detail = format_args!("the role of this account does not allow {}", action.as_str());
        Err(Problem::of_status(StatusCode::FORBIDDEN).detail(detail).into())
    }

    /// The same of what concerns the archive as a whole.
    pub(super) fn may_of_archive(&self, action: Action) -> Result<(), Refusal> {
        self.may(action, &Resource::Archive)
    }
}

impl<S> FromRequestParts<S> for ApiCaller
where
    S: Send + Sync,
    Arc<Accounts>: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let peer = Extension::<Peer>::from_request_parts(parts, state).await;
        let Extension(Peer(peer)) = peer.map_err(|rejection| Refusal::from(rejection.into_response()))?;
        let request_id = Extension::<RequestId>::from_request_parts(parts, state).await;
        let Extension(RequestId(request_id)) =
            request_id.map_err(|rejection| Refusal::from(rejection.into_response()))?;
        let accounts = <Arc<Accounts> as FromRef<S>>::from_ref(state);
        let principal = prove(&accounts, peer.ip(), &parts.headers)?;
        let asker = Asker::account(&principal, peer.ip(), request_id);
        Ok(Self { principal, asker })
    }
}

/// The account that owns a bucket; `None` where it is not there: an account learns no more of that than of a foreign one.
pub(super) async fn owner_of(archive: &Arc<Archive>, bucket: &BucketName) -> Option<Arc<str>> {
    let (archive, bucket) = (Arc::clone(archive), bucket.clone());
    let found = tokio::task::spawn_blocking(move || archive.bucket(&bucket)).await;
    found.ok()?.ok().map(|bucket| bucket.owner)
}

/// The account that asks from `peer` with these headers.
pub(super) fn prove(accounts: &Accounts, peer: IpAddr, headers: &HeaderMap) -> Result<Principal, Refusal> {
    if peer.to_canonical().is_loopback() {
        return authenticated(accounts, headers).ok_or_else(unauthorized);
    }
    Err(Problem::of_status(StatusCode::FORBIDDEN)
        .detail(
            "the server has no TLS yet, so that accounts are believed on its own machine alone: ask from there, or \
             through a proxy that does",
        )
        .into())
}

/// The account that the request proves. Whether the id or the secret is wrong stays untold.
fn authenticated(accounts: &Accounts, headers: &HeaderMap) -> Option<Principal> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_at_checked(SCHEME.len())?;
    let bytes = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case(SCHEME))?;
    let text = String::from_utf8(bytes).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    let (principal, known) = accounts.authenticate_lookup(client_id).ok()?;
    known.matches(secret).then_some(principal)
}

fn unauthorized() -> Refusal {
    let problem = Problem::of_status(StatusCode::UNAUTHORIZED)
        .detail("send the client id and the client secret of an account (RFC 7617)");
    Refusal::from(([(header::WWW_AUTHENTICATE, CHALLENGE)], problem).into_response())
}
