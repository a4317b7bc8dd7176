//! Clients that work a plan off.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::content::Content;
use super::plan::{Operation, Payload, Plan};
use super::session::{Request, Session, Target, UNSIGNED};
use crate::error::{Error, ErrorKind, Result};
use crate::http::BodyCheck;
use crate::measurement::{Elapsed, Stopwatch, Tally};
use crate::random::Random;

/// A client ends after so many errors, as the rows that follow would measure nothing.
const ERRORS_MAX: u64 = 10;

/// One client at work.
struct Client {
    plan: Arc<Plan>,
    session: Session,
    random: Random,
    room: Vec<u8>,
}

/// Works a plan off; all connections are open and all room is there before the time runs.
pub(crate) async fn drive(plan: &Arc<Plan>, target: &Target) -> Result<(Tally, Elapsed)> {
    let mut ready = Vec::new();
    for seed in (1..).take(plan.clients) {
        let (session, room) = (Session::open(target).await?, plan.content.room());
        ready.push(Client { plan: Arc::clone(plan), session, random: Random::new(seed), room });
    }
    let watch = Stopwatch::start(target.processes.clone());
    let mut clients = JoinSet::new();
    for client in ready {
        clients.spawn(client.work());
    }
    let mut tally = Tally::default();
    while let Some(ended) = clients.join_next().await {
        tally.add(ended.map_err(|error| Error::new(ErrorKind::Machine, format!("a client: {error}")))?);
    }
    Ok((tally, watch.read()))
}

impl Client {
    async fn work(mut self) -> Tally {
        let mut tally = Tally::default();
        let started = Instant::now();
        while let Some(number) = self.plan.next(started, &mut self.random) {
            let before = Instant::now();
            match self.perform(number).await {
                Ok(bytes) => tally.success(before.elapsed(), bytes),
                Err(error) => tally.failure(error.to_string()),
            }
            if tally.errors >= ERRORS_MAX {
                break;
            }
        }
        tally
    }

    /// Answers with the bytes of content that were moved.
    async fn perform(&mut self, number: u64) -> Result<u64> {
        let Self { plan, session, room, .. } = self;
        let content: &Content = &plan.content;
        let path = &plan.stock.path(number);
        let mut request = Request { method: "", path, query: "", payload: UNSIGNED, body: &[] };
        match plan.operation {
            Operation::Put => {
                let body = content.of(path, room);
                let digest;
                if plan.payload == Payload::Signed {
                    digest = content.digest(body);
                    request.payload = &digest;
                }
                session.request(&Request { method: "PUT", body, ..request }, BodyCheck::Ignore).await?;
                Ok(body.len() as u64)
            }
            Operation::Get => {
                let body = content.of(path, room);
                session.request(&Request { method: "GET", ..request }, BodyCheck::Equals(body)).await?;
                Ok(body.len() as u64)
            }
            Operation::Head => {
                session.request(&Request { method: "HEAD", ..request }, BodyCheck::Absent).await?;
                Ok(0)
            }
            Operation::Delete => {
                session.request(&Request { method: "DELETE", ..request }, BodyCheck::Ignore).await?;
                Ok(0)
            }
        }
    }
}
