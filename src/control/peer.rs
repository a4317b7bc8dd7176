//! Who is at the other end of the socket.

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Extension, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use http::StatusCode;
use http::request::Parts;
use tokio::net::UnixListener;

use crate::administration::Asker;
use crate::http::{Problem, RequestId};

const ROOT_UID: u32 = 0;

/// The user at the other end, as the kernel tells it (unix(7), SO_PEERCRED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// The user id; `None` where the kernel does not say.
    pub(super) uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|credentials| credentials.uid()) }
    }
}

impl Peer {
    /// Whether this user may administer an archive that `owner_uid` serves: the owner and root may.
    pub(super) fn may_enter(self, owner_uid: u32) -> bool {
        self.uid.is_some_and(|uid| uid == owner_uid || uid == ROOT_UID)
    }
}

/// Refuses everybody but the owner of the process and root.
pub(super) async fn admit_owner_and_root(
    State(owner_uid): State<u32>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if peer.may_enter(owner_uid) {
        return next.run(request).await;
    }
    tracing::warn!(uid = peer.uid, "Refused a user of this machine at the control socket.");
    Problem::of_status(StatusCode::FORBIDDEN)
        .detail("only the user who runs the server, and root, may use its control socket")
        .into_response()
}

/// Who asks, from the connection of the request and its id.
impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let peer = ConnectInfo::<Peer>::from_request_parts(parts, state).await;
        let ConnectInfo(peer) = peer.map_err(IntoResponse::into_response)?;
        let request_id = Extension::<RequestId>::from_request_parts(parts, state).await;
        let Extension(RequestId(request_id)) = request_id.map_err(IntoResponse::into_response)?;
        match peer.uid {
            Some(uid) => Ok(Self::local(uid, request_id)),
            None => Err(Problem::of_status(StatusCode::FORBIDDEN).into_response()),
        }
    }
}
