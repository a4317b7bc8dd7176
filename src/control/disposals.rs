//! Disposal runs: what the server answers about them, and what a command asks for.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::owner::{Owner, WAIT_MAX, offline_user};
use super::server::Control;
use crate::administration::Asker;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{answer, answer_to};
use crate::upkeep::{DisposalRun, Disposals, ListedDocument, PAGE_DOCUMENTS, ProposalRequest};

/// A request of this form, or why it is none.
type Body<T> = std::result::Result<Json<T>, JsonRejection>;

/// Names a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RunRequest {
    id: Uuid,
}

/// Names a page of a run's list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct PageRequest {
    id: Uuid,
    page: u64,
}

pub(super) async fn all(State(control): State<Control>) -> Response {
    answer(StatusCode::OK, move || Ok(control.jobs.disposals.all())).await
}

pub(super) async fn propose(
    State(control): State<Control>,
    user: Asker,
    body: Body<ProposalRequest>,
) -> Response {
    answer_to(StatusCode::ACCEPTED, body, move |request| control.jobs.disposals.propose(request, user.name()))
        .await
}

pub(super) async fn release(State(control): State<Control>, user: Asker, body: Body<RunRequest>) -> Response {
    answer_to(StatusCode::ACCEPTED, body, move |RunRequest { id }| {
        control.jobs.disposals.release(id, user.name())
    })
    .await
}

pub(super) async fn withdraw(State(control): State<Control>, body: Body<RunRequest>) -> Response {
    answer_to(StatusCode::OK, body, move |RunRequest { id }| control.jobs.disposals.withdraw(id)).await
}

/// Answers with a run when it is another than the one sent, or after a second.
pub(super) async fn wait(State(control): State<Control>, body: Body<DisposalRun>) -> Response {
    answer_to(StatusCode::OK, body, move |seen| {
        control.jobs.disposals.wait(&seen, WAIT_MAX).ok_or_else(|| unknown(seen.id))
    })
    .await
}

pub(super) async fn page(State(control): State<Control>, body: Body<PageRequest>) -> Response {
    answer_to(StatusCode::OK, body, move |PageRequest { id, page }| {
        let run = control.jobs.disposals.get(id).ok_or_else(|| unknown(id))?;
        Disposals::page(control.administration.archive(), &run, page)
    })
    .await
}

fn unknown(id: Uuid) -> Error {
    Error::new(ErrorKind::Failed, "find disposal run")
        .about(id)
        .because("there is none, or it is not kept any more")
        .remedy("artstore disposal list shows the runs that are kept")
}

impl Owner {
    /// Every disposal run that is kept, the oldest first.
    pub(crate) fn disposal_runs(&mut self) -> Result<Vec<DisposalRun>> {
        match self {
            Self::Server(client) => client.get("/disposals"),
            Self::Itself(administration) => administration.disposal_runs(),
        }
    }

    /// One of them.
    ///
    /// *Errors*: `Failed` where it is not kept.
    pub(crate) fn disposal_run(&mut self, id: Uuid) -> Result<DisposalRun> {
        self.disposal_runs()?.into_iter().find(|run| run.id == id).ok_or_else(|| unknown(id))
    }

    /// Hands over the list of a run, page by page.
    pub(crate) fn disposal_list(
        &mut self,
        run: &DisposalRun,
        take: &mut dyn FnMut(Vec<ListedDocument>) -> Result<()>,
    ) -> Result<()> {
        for page in 0..run.documents.div_ceil(PAGE_DOCUMENTS) {
            take(match self {
                Self::Server(client) => client.post("/disposals/page", &PageRequest { id: run.id, page })?,
                Self::Itself(administration) => Disposals::page(administration.archive(), run, page)?,
            })?;
        }
        Ok(())
    }

    /// Has what is due listed, and waits for that; tells `told` how far it is.
    pub(crate) fn propose_disposal(
        &mut self,
        request: ProposalRequest,
        told: &mut dyn FnMut(&DisposalRun),
    ) -> Result<DisposalRun> {
        self.dispose("/disposals", &request.clone(), told, |disposals| {
            disposals.propose(request, offline_user().name())
        })
    }

    /// Releases a run, and waits until it has ended; tells `told` how far it is.
    pub(crate) fn release_disposal(
        &mut self,
        id: Uuid,
        told: &mut dyn FnMut(&DisposalRun),
    ) -> Result<DisposalRun> {
        self.dispose("/disposals/release", &RunRequest { id }, told, |disposals| {
            disposals.release(id, offline_user().name())
        })
    }

    /// Withdraws a run that waits for its release.
    pub(crate) fn withdraw_disposal(&mut self, id: Uuid) -> Result<DisposalRun> {
        self.dispose("/disposals/withdraw", &RunRequest { id }, &mut |_| {}, |disposals| {
            disposals.withdraw(id)
        })
    }

    /// Asks for something of a run and waits until nothing more is done about it. Where no server runs, this process
    /// does the work, and first what an earlier one has left.
    fn dispose(
        &mut self,
        path: &'static str,
        request: &impl Serialize,
        told: &mut dyn FnMut(&DisposalRun),
        ask: impl FnOnce(&Disposals) -> Result<DisposalRun>,
    ) -> Result<DisposalRun> {
        match self {
            Self::Server(client) => {
                let mut run: DisposalRun = client.post(path, request)?;
                while !run.is_at_rest() {
                    told(&run);
                    run = client.post("/disposals/wait", &run)?;
                }
                Ok(run)
            }
            Self::Itself(administration) => {
                let disposals = administration.start_disposals()?;
                let asked = ask(&disposals);
                let ended = asked.map(|mut run| {
                    while !run.is_at_rest() {
                        told(&run);
                        let Some(now) = disposals.wait(&run, WAIT_MAX) else { break };
                        run = now;
                    }
                    run
                });
                disposals.stop();
                ended
            }
        }
    }
}
